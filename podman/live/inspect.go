package live

import (
	"encoding/json"
	"strings"
	"time"
)

// inspected is what podlint reads of a container's inspect answer. It is podlint's own type and not Podman's
// define.InspectContainerData: a field that a service leaves out is unknown, never safe, and Podman's type has no room for
// that; and reading a fifth of an answer costs a third of the time. What the fields mean is written where they are used.
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
	State       struct {
		Status    string
		StartedAt time.Time
	}
	BoundingCaps optional[[]string]
	Mounts       optional[[]inspectedMount]
	Config       *struct {
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
	}
	HostConfig *struct {
		ReadonlyRootfs *bool
		Privileged     *bool
		SecurityOpt    optional[[]string]
		UsernsMode     *string
		IpcMode        *string
		IDMappings     *struct {
			UIDMap []string `json:"UidMap"`
			GIDMap []string `json:"GidMap"`
		}
	}
}

type inspectedMount struct {
	Type, Name, Source, Destination string
	Options                         []string
	RW                              bool
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
