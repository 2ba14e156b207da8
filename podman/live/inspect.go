package live

import (
	"encoding/json"
	"strings"
	"time"
)

// inspected is what podlint reads of a container's inspect answer. It is podlint's own type and not Podman's
// define.InspectContainerData: a field that a service leaves out is unknown, never safe, and Podman's type has no room
// for that; and reading a fifth of an answer costs a third of the time. What the fields mean is written where they are
// used.
type inspected struct {
	ID          string `json:"Id"`
	Name        string
	Created     time.Time
	Image       string
	ImageName   string
	ImageDigest string
	Pod         string
	IsInfra     bool
	IsService   bool
	// Path and Args are what the container starts: the entrypoint with its arguments.
	Path            string
	Args            []string
	ExecIDs         []string
	AppArmorProfile *string
	ProcessLabel    *string
	State           struct {
		Status    string
		Pid       int
		StartedAt time.Time
	}
	BoundingCaps optional[[]string]
	// EffectiveCaps is empty for every user that Podman does not recognise as root, but for what was added by name.
	EffectiveCaps optional[[]string]
	Mounts        optional[[]inspectedMount]
	Config        *struct {
		User               *string
		Env                optional[[]string]
		Cmd                []string
		Entrypoint         wordsOrString
		Labels             map[string]string
		Annotations        map[string]string
		Hostname           string
		CreateCommand      []string
		Healthcheck        *struct{ Test []string }
		StartupHealthCheck *struct{ Test []string }
		Secrets            []struct{ Name string }
		SdNotifyMode       string
	}
	HostConfig *struct {
		ReadonlyRootfs *bool
		Privileged     *bool
		SecurityOpt    optional[[]string]
		UsernsMode     *string
		IpcMode        *string
		PidMode        *string
		UTSMode        *string
		CgroupMode     *string
		NetworkMode    *string
		Cgroups        string
		CgroupParent   string
		PortBindings   optional[map[string][]struct {
			HostIP   string `json:"HostIp"`
			HostPort string
		}]
		PublishAllPorts *bool
		Devices         optional[[]struct{ PathOnHost, PathInContainer, CgroupPermissions string }]
		Tmpfs           optional[map[string]string]
		GroupAdd        optional[[]string]
		Memory          *int64
		PidsLimit       *int64
		NanoCpus        *int64
		CpuQuota        int64
		CpusetCpus      string
		OomKillDisable  *bool
		OomScoreAdj     *int
		RestartPolicy   *struct {
			Name              string
			MaximumRetryCount int
		}
		LogConfig *struct{ Type string }
		// VolumesFrom names the containers whose mounts it has too, as "NAME[:OPTIONS]": binds are not among Mounts.
		VolumesFrom []string
		IDMappings  *struct {
			UIDMap []string `json:"UidMap"`
			GIDMap []string `json:"GidMap"`
		}
	}
	NetworkSettings *struct {
		Networks map[string]struct{}
	}
}

type inspectedMount struct {
	Type, Name, Source, Destination string
	Options                         []string
	RW                              bool
	Mode, Propagation               string
}

// optional is a field that may be absent, which is not the same as null: Podman writes null for an empty list.
type optional[T any] struct {
	value   T
	present bool
}

func (o *optional[T]) UnmarshalJSON(data []byte) error {
	o.present = true
	return json.Unmarshal(data, &o.value)
}

// wordsOrString is a list of words, which Podman before 5.0 writes as one string.
type wordsOrString []string

func (w *wordsOrString) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*w = strings.Fields(s)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}
