//go:build realpodman

package cli

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// kernelOption is one thing that a container of TestRealKernel may be made with. DIR is the test's directory and NTH a
// number of the container's own.
type kernelOption struct {
	// kind is what it is about. Of a kind that ends in "!" a container has one at most.
	kind string
	// args are the words of the command line; "!update" as the first means podman update once the container runs.
	args string
	// api is what it is in a request of the API, empty where only the command line has it.
	api string
	// only names the set-ups that it is for: "rootful", "rootless", "4", "5"; empty is all.
	only string
}

var kernelOptions = slices.Concat(capabilityOptions(), []kernelOption{
	{"caps", "--cap-drop ALL", `{"cap_drop":["ALL"]}`, ""},
	{"caps", "--cap-drop ALL", `{"cap_drop":["ALL"]}`, ""},
	{"caps", "--cap-add ALL", `{"cap_add":["ALL"]}`, ""},
	{"caps", "-l io.containers.capabilities=CHOWN,SETUID", "", ""},
	{"privileged!", "--privileged", `{"privileged":true}`, ""},
	{"spoof", "--annotation io.podman.annotations.privileged=TRUE",
		`{"annotations":{"io.podman.annotations.privileged":"TRUE"}}`, ""},
	{"spoof", "--annotation run.oci.keep_original_groups=1", `{"annotations":{"run.oci.keep_original_groups":"1"}}`, ""},
	{"user!", "--user 0", `{"user":"0"}`, ""},
	{"user!", "--user 33", `{"user":"33"}`, ""},
	{"user!", "--user 33:0", `{"user":"33:0"}`, ""},
	{"user!", "--user 1000:1000", `{"user":"1000:1000"}`, ""},
	{"user!", "--user 12345", `{"user":"12345"}`, ""},
	{"user!", "--user www-data", `{"user":"www-data"}`, ""},
	{"user!", "--user toor", `{"user":"toor"}`, ""},
	{"user!", "--user nobody", `{"user":"nobody"}`, ""},
	{"user!", "--user 00", `{"user":"00"}`, ""},
	{"user!", "--user root:www-data", `{"user":"root:www-data"}`, ""},
	{"user!", "--user svc", `{"user":"svc"}`, ""},
	{"user!", "--user 5:www-data", `{"user":"5:www-data"}`, ""},
	{"groups", "--group-add 33", `{"groups":["33"]}`, ""},
	{"groups", "--group-add www-data", `{"groups":["www-data"]}`, ""},
	{"groups", "--group-add keep-groups", "", "rootless"},
	{"account", "--hostuser root", "", ""},
	{"account", "--passwd=false", "", ""},
	{"userns!", "--userns auto", `{"userns":{"nsmode":"auto"}}`, "rootful"},
	{"userns!", "--userns auto:size=70000", "", "rootful"},
	{"userns!", "--userns auto:uidmapping=0:1234:1", "", "rootful 5"},
	{"userns!", "--userns host", `{"userns":{"nsmode":"host"}}`, ""},
	{"userns!", "--userns keep-id", `{"userns":{"nsmode":"keep-id"}}`, "rootless"},
	{"userns!", "--userns keep-id", "", "rootful 5"},
	{"userns!", "--userns keep-id:uid=200,gid=210", "", "rootless"},
	{"userns!", "--userns nomap", `{"userns":{"nsmode":"no-map"}}`, "rootless"},
	{"userns!", "--userns auto:size=2000", "", "rootless"},
	{"userns!", "--uidmap 0:100000:65536", "", "rootful"},
	{"userns!", "--uidmap 0:0:65536", "", "rootful"},
	{"userns!", "--gidmap 0:200000:65536 --uidmap 0:100000:65536", "", "rootful"},
	{"userns!", "--uidmap 0:100000:1000 --uidmap 1000:0:1 --uidmap 1001:101001:64535", "", "rootful 5"},
	{"userns!", "--uidmap 0:1:1000 --uidmap 1000:0:1 --uidmap 1001:1001:2000", "", "rootless"},
	{"userns!", "--uidmap +33:@1001:1", "", "rootless 5"},
	{"userns!", "--subuidname containers --subgidname containers", "", "rootful"},
	{"userns!", "--userns container:b-mapped", "", "rootful"},
	{"privs", "--security-opt no-new-privileges", `{"no_new_privileges":true}`, ""},
	{"privs", "--security-opt no-new-privileges=true", "", ""},
	{"privs", "--security-opt no-new-privileges=false", "", ""},
	{"seccomp!", "--security-opt seccomp=unconfined", `{"seccomp_profile_path":"unconfined"}`, ""},
	{"seccomp!", "--security-opt seccomp=DIR/seccomp.json", `{"seccomp_profile_path":"DIR/seccomp.json"}`, ""},
	{"label", "--security-opt label=disable", `{"selinux_opts":["disable"]}`, ""},
	{"mask", "--security-opt unmask=ALL", `{"unmask":["ALL"]}`, ""},
	{"mask", "--security-opt unmask=/proc/sys", `{"unmask":["/proc/sys"]}`, ""},
	{"mask", "--security-opt unmask=/proc/s*", `{"unmask":["/proc/s*"]}`, ""},
	{"mask", "--security-opt unmask=/proc/kcore:/sys/firmware", `{"unmask":["/proc/kcore:/sys/firmware"]}`, ""},
	{"mask", "--security-opt unmask=/proc/kcore,/proc/sys", "", ""},
	{"mask", "--security-opt unmask=/proc/acpi --security-opt unmask=/proc/keys", "", ""},
	{"mask", "--security-opt mask=/proc/sys", `{"mask":["/proc/sys"]}`, ""},
	{"mask", "--security-opt mask=/proc/sys/kernel", `{"mask":["/proc/sys/kernel"]}`, ""},
	{"mask", "--security-opt mask=/etc/group:/proc/bus", `{"mask":["/etc/group:/proc/bus"]}`, ""},
	{"mask", "--security-opt proc-opts=hidepid=2", "", "rootful"},
	{"mask", "--security-opt systempaths=unconfined", "", "5"},
	{"root!", "--read-only", `{"read_only_filesystem":true}`, ""},
	{"root!", "--read-only=true --read-only-tmpfs=false", `{"read_only_filesystem":true,"read_write_tmpfs":false}`,
		""},
	{"root!", "--read-only=false", "", ""},
	{"pid!", "--pid host", `{"pidns":{"nsmode":"host"}}`, ""},
	{"pid!", "--pid private", `{"pidns":{"nsmode":"private"}}`, ""},
	{"pid!", "--pid container:b-plain", `{"pidns":{"nsmode":"container","value":"b-plain"}}`, ""},
	{"pid!", "--pid container:b-host", `{"pidns":{"nsmode":"container","value":"b-host"}}`, ""},
	{"pid!", "--pid container:b-joins", "", ""},
	{"pid!", "--pid ns:/proc/1/ns/pid", "", "rootful"},
	{"ipc!", "--ipc host", `{"ipcns":{"nsmode":"host"}}`, "rootful"},
	{"ipc!", "--ipc private", `{"ipcns":{"nsmode":"private"}}`, ""},
	{"ipc!", "--ipc none", `{"ipcns":{"nsmode":"none"}}`, ""},
	{"ipc!", "--ipc shareable", `{"ipcns":{"nsmode":"shareable"}}`, ""},
	{"ipc!", "--ipc container:b-plain", `{"ipcns":{"nsmode":"container","value":"b-plain"}}`, ""},
	{"ipc!", "--ipc container:b-host", "", "rootful"},
	{"ipc!", "--ipc ns:/proc/1/ns/ipc", "", "rootful"},
	{"uts!", "--uts host", `{"utsns":{"nsmode":"host"}}`, ""},
	{"uts!", "--uts private", `{"utsns":{"nsmode":"private"}}`, ""},
	{"uts!", "--uts container:b-plain", `{"utsns":{"nsmode":"container","value":"b-plain"}}`, ""},
	{"uts!", "--uts container:b-host", "", ""},
	{"uts!", "--uts ns:/proc/1/ns/uts", "", "rootful"},
	{"cgroupns!", "--cgroupns host", `{"cgroupns":{"nsmode":"host"}}`, ""},
	{"cgroupns!", "--cgroupns private", `{"cgroupns":{"nsmode":"private"}}`, ""},
	{"network!", "--network host", `{"netns":{"nsmode":"host"}}`, ""},
	{"network!", "--network private", "", "rootful"},
	{"network!", "--network container:b-plain", `{"netns":{"nsmode":"container","value":"b-plain"}}`, ""},
	{"network!", "--network container:b-host", `{"netns":{"nsmode":"container","value":"b-host"}}`, ""},
	{"network!", "--network ns:/proc/1/ns/net", "", "rootful"},
	{"cgroups!", "--cgroups disabled", `{"cgroups_mode":"disabled"}`, ""},
	{"cgroups!", "--cgroups no-conmon", "", ""},
	{"cgroups!", "--cgroup-parent /podlint-kernel", `{"cgroup_parent":"/podlint-kernel"}`, "rootful"},
	{"pod!", "--pod p-plain", `{"pod":"p-plain"}`, ""},
	{"pod!", "--pod p-pid", `{"pod":"p-pid"}`, ""},
	{"pod!", "--pod p-none", `{"pod":"p-none"}`, ""},
	{"pod!", "--pod p-mapped", "", "rootful"},
	{"pod!", "--pod p-limited", "", "rootful"},
	{"limit", "--memory 64m", `{"resource_limits":{"memory":{"limit":67108864}}}`, ""},
	{"limit", "--pids-limit 50", `{"resource_limits":{"pids":{"limit":50}}}`, ""},
	{"limit", "--pids-limit 0", `{"resource_limits":{"pids":{"limit":0}}}`, ""},
	{"limit", "--pids-limit -1", "", ""},
	{"limit", "--cpus 0.5", `{"resource_limits":{"cpu":{"quota":50000,"period":100000}}}`, ""},
	{"limit", "--cpuset-cpus 0", `{"resource_limits":{"cpu":{"cpus":"0"}}}`, ""},
	{"limit", "--cpu-quota 20000", "", ""},
	{"limit", "--cpu-shares 100", "", ""},
	{"limit", "--memory-reservation 32m", "", ""},
	{"limit", "!update --memory 48m", "", "rootful"},
	{"limit", "!update --pids-limit 40", "", "rootful 5"},
	{"limit", "!update --cpus 0.25", "", "rootful"},
	{"oom", "--oom-score-adj 500", `{"oom_score_adj":500}`, ""},
	{"oom", "--oom-score-adj -500", `{"oom_score_adj":-500}`, ""},
	{"oom", "--oom-kill-disable", "", "rootful"},
	{"device", "--device /dev/fuse", `{"devices":[{"path":"/dev/fuse"}]}`, ""},
	{"device", "--device /dev/fuse:/dev/other:r", `{"devices":[{"path":"/dev/fuse:/dev/other:r"}]}`, ""},
	{"device", "--device /dev/kmsg:rw", "", ""},
	{"device", "--device DIR/device-link:/dev/linked", "", ""},
	{"device", "--device /dev/../dev/fuse:/dev/dotted", "", ""},
	{"device", "--device /dev/null:/dev/nothing", "", ""},
	{"device", "--device-cgroup-rule|a *:* rwm", "", "rootful"},
	{"device", "--device-cgroup-rule|b 7:* rw", "", "rootful"},
	{"device", "-v /dev:/hostdev", "", ""},
	{"env", "-e PLAIN=one", `{"env":{"PLAIN":"one"}}`, ""},
	{"env", "-e PLAIN=one -e PLAIN=two", "", ""},
	{"env", "--env-file DIR/env", "", ""},
	{"env", "--env-host", "", ""},
	{"env", "--http-proxy=false", "", ""},
	{"env", "--unsetenv IMG_TOKEN", "", ""},
	{"env", "--unsetenv-all", "", ""},
	{"secret", "--secret db", `{"secrets":[{"Source":"db"}]}`, ""},
	{"secret", "--secret db,type=env,target=DB_PASSWORD", `{"secret_env":{"DB_PASSWORD":"db"}}`, ""},
	{"secret", "--secret type=env,source=db,target=OTHER_PASSWORD", "", ""},
	{"secret", "--secret db,type=env", "", ""},
	{"secret", "--secret db,target=/db-file,uid=33,mode=0400", "", ""},
	{"init", "--init", "", ""},
	{"systemd", "--systemd always", "", ""},
	{"image!", "localhost/user:1", "", ""},
	{"image!", "localhost/volume:1", "", ""},
	{"image!", "localhost/odd:1", "", ""},
	{"rootfs", "--shm-size 1m", `{"shm_size":1048576}`, ""},
	{"rootfs", "--image-volume ignore", "", ""},
}, mountOptions())

// capabilityOptions adds and drops capabilities, the ones that count most more often.
func capabilityOptions() []kernelOption {
	var options []kernelOption
	for name := range strings.FieldsSeq("SYS_ADMIN SYS_PTRACE DAC_OVERRIDE DAC_READ_SEARCH NET_ADMIN NET_RAW MKNOD " +
		"SETUID SETGID SETPCAP CHOWN NET_BIND_SERVICE SYS_MODULE BPF AUDIT_WRITE") {
		options = append(options, kernelOption{"caps", "--cap-add " + name, `{"cap_add":["` + name + `"]}`, ""})
	}
	for name := range strings.FieldsSeq("SETUID CHOWN SYS_CHROOT KILL") {
		options = append(options, kernelOption{"caps", "--cap-drop " + name, `{"cap_drop":["` + name + `"]}`, ""})
	}
	return options
}

func mountOptions() []kernelOption {
	bind := func(source, options string) string {
		return `{"mounts":[{"destination":"/m/NTH","type":"bind","source":"` + source + `","options":["` +
			strings.ReplaceAll(options, ",", `","`) + `"]}]}`
	}
	var all []kernelOption
	for _, v := range []struct{ args, api, only string }{
		{"-v DIR/plain:/m/NTH", bind("DIR/plain", "rbind"), ""},
		{"-v DIR/plain:/m/NTH:ro", bind("DIR/plain", "rbind,ro"), ""},
		{"-v DIR/plain:/m/NTH:ro,noexec,nosuid,nodev", "", ""},
		{"-v DIR/plain:/m/NTH:z", "", ""},
		{"-v DIR/plain:/m/NTH:O", "", ""},
		{"-v DIR/plain:/m/NTH:U", "", "rootful"},
		{"-v DIR/tree:/m/NTH", bind("DIR/tree", "rbind"), ""},
		{"-v DIR/tree:/m/NTH:ro", bind("DIR/tree", "rbind,ro"), ""},
		{"-v DIR/tree:/m/NTH:rro", bind("DIR/tree", "rbind,rro"), "5"},
		{"-v DIR/tree:/m/NTH:bind", bind("DIR/tree", "bind"), ""},
		{"-v DIR/tree:/m/NTH:bind,ro", bind("DIR/tree", "bind,ro"), ""},
		{"-v DIR/tree/sub:/m/NTH:ro", "", ""},
		{"-v DIR/link:/m/NTH", bind("DIR/link", "rbind"), ""},
		{"-v DIR/link/../plain:/m/NTH:ro", "", ""},
		{"-v DIR/file:/m/NTH:ro", bind("DIR/file", "rbind,ro"), ""},
		{"-v DIR/file:/m/NTH", "", ""},
		{"-v DIR/passwd:/etc/passwd:ro", bind("DIR/passwd", "rbind,ro"), ""},
		{"-v DIR/shared:/m/NTH:rshared", bind("DIR/shared", "rbind,rshared"), "rootful"},
		{"-v DIR/shared:/m/NTH:shared", "", "rootful"},
		{"-v DIR/shared:/m/NTH:rslave", bind("DIR/shared", "rbind,rslave"), "rootful"},
		{"-v DIR/shared:/m/NTH", "", "rootful"},
		{"-v /:/m/NTH:ro,rslave", "", "rootful"},
		{"-v /sys:/m/NTH:ro", "", "rootful"},
		{"-v /proc:/m/NTH", "", "rootful"},
		{"-v /etc:/m/NTH:ro", "", ""},
		{"-v data:/m/NTH", `{"volumes":[{"Name":"data","Dest":"/m/NTH"}]}`, ""},
		{"-v data:/m/NTH:ro", `{"volumes":[{"Name":"data","Dest":"/m/NTH","Options":["ro"]}]}`, ""},
		{"-v data:/m/NTH:O", "", ""},
		{"-v bound:/m/NTH", `{"volumes":[{"Name":"bound","Dest":"/m/NTH"}]}`, "rootful"},
		{"-v bound:/m/NTH:ro", "", "rootful"},
		{"-v boundro:/m/NTH", "", "rootful"},
		{"-v memory:/m/NTH", "", "rootful"},
		{"-v layered:/m/NTH", "", "rootful"},
		{"-v /m/NTH", "", ""},
		{"--volumes-from b-binds", `{"volumes_from":["b-binds"]}`, ""},
		{"--volumes-from b-binds:ro", `{"volumes_from":["b-binds:ro"]}`, ""},
		{"--volumes-from b-further", "", ""},
		{"--mount type=bind,src=DIR/plain,dst=/m/NTH", "", ""},
		{"--mount type=bind,src=DIR/plain,dst=/m/NTH,ro", "", ""},
		{"--mount type=bind,src=DIR/plain,dst=/m/NTH,ro=false", "", ""},
		{"--mount type=bind,src=DIR/plain,dst=/m/NTH,readonly=true", "", ""},
		{"--mount type=bind,src=DIR/tree,dst=/m/NTH,ro,bind-nonrecursive", "", ""},
		{"--mount type=bind,src=DIR/tree,dst=/m/NTH,bind-nonrecursive=true", "", ""},
		{"--mount type=bind,src=DIR/shared,dst=/m/NTH,bind-propagation=rshared", "", "rootful"},
		{"--mount type=bind,src=DIR/plain,dst=/m/NTH,idmap", "", "rootful 5"},
		{"--mount type=volume,src=data,dst=/m/NTH", "", ""},
		{"--mount type=volume,src=data,dst=/m/NTH,ro", "", ""},
		{"--mount type=volume,src=data,dst=/m/NTH,subpath=/", "", "5"},
		{"--mount type=image,src=localhost/plain:1,dst=/m/NTH", `{"image_volumes":[{"source":"localhost/plain:1",` +
			`"destination":"/m/NTH"}]}`, ""},
		{"--mount type=image,src=localhost/plain:1,dst=/m/NTH,rw=true", "", ""},
		{"--tmpfs /m/NTH", `{"mounts":[{"destination":"/m/NTH","type":"tmpfs","source":"tmpfs"}]}`, ""},
		{"--tmpfs /m/NTH:noexec", "", ""},
		{"--tmpfs /m/NTH:exec,suid,dev", "", ""},
		{"--tmpfs /m/NTH:ro,noexec,nosuid,nodev,size=1m", "", ""},
		{"--tmpfs /m/NTH:size=64k,mode=700", "", ""},
		{"--mount type=tmpfs,dst=/m/NTH", "", ""},
		{"--mount type=tmpfs,dst=/m/NTH,noexec,tmpfs-size=1m", "", ""},
		{"--mount type=tmpfs,dst=/m/NTH,noexec=false", "", ""},
		{"--mount type=tmpfs,dst=/m/NTH,ro", "", ""},
		{"--mount type=tmpfs,dst=/m/NTH,exec,suid", "", ""},
		{"--mount type=ramfs,dst=/m/NTH", "", "5 rootful"},
		{"--mount type=tmpfs,dst=/m/NTH,notmpcopyup,tmpfs-mode=700", "", ""},
	} {
		all = append(all, kernelOption{"mount", v.args, v.api, v.only})
	}
	return all
}

// kernelSpec is a container to make.
type kernelSpec struct {
	seed uint64
	// api is whether it is made by a request of the API, so that there is no command line of it.
	api     bool
	options []kernelOption
}

// generateKernel chooses what the container of a seed is made with: always the same for a seed and a set-up.
func generateKernel(seed uint64, setup []string) kernelSpec {
	random := rand.New(rand.NewPCG(seed, 0))
	const oneIn = 4
	spec := kernelSpec{seed: seed, api: random.IntN(oneIn) == 0}
	byKind := map[string][]kernelOption{}
	var kinds []string
	for _, o := range kernelOptions {
		fits := !slices.ContainsFunc(strings.Fields(o.only), func(word string) bool { return !slices.Contains(setup, word) })
		if !fits || spec.api && o.api == "" {
			continue
		}
		if byKind[o.kind] == nil {
			kinds = append(kinds, o.kind)
		}
		byKind[o.kind] = append(byKind[o.kind], o)
	}
	kinds = append(kinds, "mount", "mount", "mount", "caps", "caps", "mask")
	const least, span = 2, 7
	for range least + random.IntN(span) {
		kind := kinds[random.IntN(len(kinds))]
		o := byKind[kind][random.IntN(len(byKind[kind]))]
		if !spec.conflicts(o) {
			spec.options = append(spec.options, o)
		}
	}
	return spec
}

// conflicts reports whether Podman would refuse an option beside those that are there.
func (s *kernelSpec) conflicts(o kernelOption) bool {
	return slices.ContainsFunc(s.options, func(other kernelOption) bool {
		either := func(a, b string) bool { return o.kind == a && other.kind == b || o.kind == b && other.kind == a }
		return o.kind == other.kind && strings.HasSuffix(o.kind, "!") || o == other ||
			either("pod!", "userns!") || either("pod!", "network!") || either("userns!", "groups") ||
			either("cgroups!", "pod!") || either("cgroups!", "limit") || either("network!", "uts!")
	})
}

func (o kernelOption) words(dir string, nth int) []string {
	separator := " "
	if strings.Contains(o.args, "|") {
		separator = "|"
	}
	return strings.Split(strings.NewReplacer("DIR", dir, "NTH", strconv.Itoa(nth)).Replace(o.args), separator)
}

// hasNetwork reports whether an option says which network it has.
func (s *kernelSpec) hasNetwork() bool {
	return slices.ContainsFunc(s.options, func(o kernelOption) bool { return o.kind == "network!" || o.kind == "pod!" })
}

// commandLine returns the words after "podman", and those of podman update for later.
func (s *kernelSpec) commandLine(name, dir string) (run []string, updates [][]string) {
	run = []string{"run", "-d", "--name", name}
	image := "localhost/plain:1"
	if !s.hasNetwork() {
		run = append(run, "--network", "none")
	}
	for i, o := range s.options {
		words := o.words(dir, i)
		switch {
		case o.kind == "image!":
			image = words[0]
		case words[0] == "!update":
			updates = append(updates, append(append([]string{"update"}, words[1:]...), name))
		default:
			run = append(run, words...)
		}
	}
	return append(run, image, "/bin/busybox", "sleep", "100000"), updates
}

// request returns the body of the API's request.
func (s *kernelSpec) request(name, dir string) map[string]any {
	body := map[string]any{"name": name, "image": "localhost/plain:1",
		"command": []any{"/bin/busybox", "sleep", "100000"}}
	if !s.hasNetwork() {
		body["netns"] = map[string]any{"nsmode": "none"}
	}
	for i, o := range s.options {
		var part map[string]any
		text := strings.NewReplacer("DIR", dir, "NTH", strconv.Itoa(i)).Replace(o.api)
		if err := json.Unmarshal([]byte(text), &part); err != nil {
			panic(text + ": " + err.Error())
		}
		mergeJSON(body, part)
	}
	return body
}

// mergeJSON adds what one object has to another: lists are put behind each other.
func mergeJSON(into, from map[string]any) {
	for key, value := range from {
		switch value := value.(type) {
		case map[string]any:
			if of, ok := into[key].(map[string]any); ok {
				mergeJSON(of, value)
				continue
			}
		case []any:
			if of, ok := into[key].([]any); ok {
				into[key] = append(of, value...)
				continue
			}
		}
		into[key] = value
	}
}

// String returns the options as they are written, for a report.
func (s *kernelSpec) String() string {
	words := make([]string, len(s.options))
	for i, o := range s.options {
		words[i] = strings.ReplaceAll(o.args, "|", " ")
	}
	how := ""
	if s.api {
		how = "made over the API: "
	}
	return how + strings.Join(words, " ")
}
