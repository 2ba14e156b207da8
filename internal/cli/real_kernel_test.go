//go:build realpodman

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/live"
)

// kernelBed is what the containers of TestRealKernel have around them.
type kernelBed struct {
	t        *testing.T
	setup    []string
	dir      string
	socket   string
	client   *http.Client
	host     *kernelFacts
	rootless bool
	tally    *kernelTally
	made     int
}

// TestRealKernel makes containers by chance, looks up what the kernel says of each, and compares claim by claim what
// podlint says. What differs is shown with as few options as keep the difference.
//
// KERNEL_SEED is the seed of the first container (1 by default), KERNEL_N how many are made (60): `make test-kernel
// SEED=17 N=1` makes the one that a report shows as seed 17.
func TestRealKernel(t *testing.T) {
	number := func(name string, otherwise uint64) uint64 {
		n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
		if err != nil {
			return otherwise
		}
		return n
	}
	const usual, atOnce = 60, 40
	first, count := number("KERNEL_SEED", 1), number("KERNEL_N", usual)
	k := newKernelBed(t)
	reported := map[string]int{}
	for done := uint64(0); done < count; done += atOnce {
		var specs []kernelSpec
		for i := done; i < min(count, done+atOnce); i++ {
			specs = append(specs, generateKernel(first+i, k.setup))
		}
		found, failed := k.try(specs)
		for i, why := range failed {
			if reported["refused"]++; os.Getenv("KERNEL_REFUSED") != "" {
				t.Logf("seed %d is refused: %s\n  %s", specs[i].seed, specs[i].String(), why)
			}
		}
		k.report(specs, found, reported)
		k.clear()
	}
	total, unknown := 0, 0
	claims := maps.Clone(k.tally.agreed)
	maps.Copy(claims, k.tally.unknown)
	for _, claim := range slices.Sorted(maps.Keys(claims)) {
		total, unknown = total+k.tally.agreed[claim], unknown+k.tally.unknown[claim]
		t.Logf("%6d agree, %5d unknown: %s", k.tally.agreed[claim], k.tally.unknown[claim], claim)
	}
	t.Logf("%d containers, %d more refused by Podman: %d claims agree, %d are unknown", k.made, reported["refused"], total,
		unknown)
	if most := int(count) / 2; k.made < most {
		t.Errorf("only %d of %d containers ran", k.made, count)
	}
}

// alone goes behind the claims of a scan that reads nothing but the service's answers.
const alone = " (by the service alone)"

// report shows what differs: the first of each claim with as few options as keep it, the others by number.
func (k *kernelBed) report(specs []kernelSpec, found map[int][]kernelDifference, reported map[string]int) {
	for _, i := range slices.Sorted(maps.Keys(found)) {
		seen := map[string]bool{}
		for _, d := range found[i] {
			if seen[strings.TrimSuffix(d.claim, alone)] {
				continue
			}
			const shown = 1
			if seen[d.claim] {
				continue
			}
			seen[d.claim] = true
			if reported[d.claim]++; reported[d.claim] > shown {
				k.t.Errorf("seed %d: %s (not reduced)", specs[i].seed, d.claim)
				continue
			}
			least, d := k.reduce(specs[i], d)
			k.t.Errorf("seed %d: %s\n%s", specs[i].seed, least.String(), d)
		}
	}
}

// reduce takes options away from a container as long as the kernel contradicts the same claim.
func (k *kernelBed) reduce(spec kernelSpec, d kernelDifference) (kernelSpec, kernelDifference) {
	k.clear() // they have been compared
	tally, made := k.tally, k.made
	k.tally = &kernelTally{map[string]int{}, map[string]int{}} // what is made again is not counted
	defer func() { k.tally, k.made = tally, made }()
	for i := 0; i < len(spec.options); {
		fewer := spec
		fewer.options = slices.Delete(slices.Clone(spec.options), i, i+1)
		found, _ := k.try([]kernelSpec{fewer})
		at := slices.IndexFunc(found[0], func(o kernelDifference) bool { return o.claim == d.claim })
		if at < 0 {
			i++
			continue
		}
		spec, d = fewer, found[0][at]
	}
	return spec, d
}

func newKernelBed(t *testing.T) *kernelBed {
	k := &kernelBed{t: t, dir: t.TempDir(), tally: &kernelTally{map[string]int{}, map[string]int{}}}
	k.rootless = podmanCommand(t, "info", "-f", "{{.Host.Security.Rootless}}") == "true"
	mode := map[bool]string{false: "rootful", true: "rootless"}[k.rootless]
	k.setup = []string{mode, strings.TrimPrefix(podmanCommand(t, "--version"), "podman version ")[:1]}
	emptyStorage(t)
	buildImages(t)
	k.images()
	k.files()
	k.socket = filepath.Join(t.TempDir(), "s")
	service := exec.Command("podman", "system", "service", "-t", "0", "unix://"+k.socket)
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Process.Kill(); service.Wait() })
	waitForListener(t, "unix", k.socket)
	dial := func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", k.socket) }
	k.client = &http.Client{Timeout: 4 * time.Minute, Transport: &http.Transport{DialContext: dial}}
	host, ok := factsOf("", "", os.Getpid())
	if !ok {
		t.Fatal("the test cannot read what the kernel says of itself")
	}
	k.host = host
	k.bases()
	return k
}

// images makes the images that are not the matrix's.
func (k *kernelBed) images() {
	dir, write := busyboxRoot(k.t, "etc")
	write("etc/passwd", "nobody:x:0:0::/:/bin/sh\nroot:x:1234:1234::/:/bin/sh\nwww-data:x:33:0::/:/bin/sh\n"+
		"svc:x:5:6::/:/bin/sh\ntoor:x:0:7::/:/bin/sh\n", 0o644)
	write("etc/group", "root:x:0:svc\nwww-data:x:34:\n", 0o644)
	write("Containerfile", "FROM scratch\nCOPY bin /bin\nCOPY etc /etc\nENV IMG_MODE=fast\n", 0o644)
	podmanCommand(k.t, "build", "-q", "-t", "localhost/odd:1", dir)
	write("Containerfile", "FROM localhost/plain:1\nVOLUME /image-volume\n", 0o644)
	podmanCommand(k.t, "build", "-q", "-t", "localhost/volume:1", dir)
}

// files makes what the containers mount: a directory with another filesystem below it where the test may mount.
func (k *kernelBed) files() {
	must := func(err error) {
		k.t.Helper()
		if err != nil {
			k.t.Fatal(err)
		}
	}
	for _, sub := range []string{"plain", "tree/sub", "shared", "upper", "work"} {
		must(os.MkdirAll(filepath.Join(k.dir, sub), 0o777))
	}
	must(os.Symlink("plain", filepath.Join(k.dir, "link")))
	must(os.Symlink("/dev/fuse", filepath.Join(k.dir, "device-link")))
	must(os.WriteFile(filepath.Join(k.dir, "file"), []byte("text\n"), 0o666))
	must(os.WriteFile(filepath.Join(k.dir, "env"), []byte("FROM_FILE=yes\n# none\nEMPTY=\n"), 0o644))
	must(os.WriteFile(filepath.Join(k.dir, "passwd"), []byte("root:x:0:0::/:/bin/sh\nnobody:x:33:33::/:/bin/sh\n"+
		"www-data:x:44:44::/:/bin/sh\n"), 0o644))
	must(os.WriteFile(filepath.Join(k.dir, "seccomp.json"), []byte(`{"defaultAction":"SCMP_ACT_ALLOW"}`), 0o644))
	if k.rootless {
		return
	}
	for _, sub := range []string{"tree/sub", "shared"} {
		at := filepath.Join(k.dir, sub)
		must(syscall.Mount("tmpfs", at, "tmpfs", 0, ""))
		k.t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
	}
	must(syscall.Mount("", filepath.Join(k.dir, "shared"), "", syscall.MS_SHARED, ""))
}

// bases makes the volumes, pods and containers that others refer to.
func (k *kernelBed) bases() {
	podman := func(args ...string) { podmanCommand(k.t, args...) }
	base := func(name string, args ...string) {
		podman(append(append([]string{"run", "-d", "--name", name}, args...), "localhost/plain:1", "/bin/busybox", "sleep",
			"100000")...)
	}
	podman("volume", "create", "data")
	host := []string{"--network", "host", "--pid", "host", "--uts", "host"}
	if !k.rootless {
		host = append(host, "--ipc", "host")
		podman("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device="+k.dir+"/plain", "bound")
		podman("volume", "create", "-o", "type=none", "-o", "o=bind,ro", "-o", "device="+k.dir+"/plain", "boundro")
		podman("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "memory")
		podman("volume", "create", "-o", "type=overlay", "-o", "device=overlay", "-o", "o=lowerdir="+k.dir+
			"/plain,upperdir="+k.dir+"/upper,workdir="+k.dir+"/work", "layered")
		base("b-mapped", "--network", "none", "--uidmap", "0:300000:65536")
		podman("pod", "create", "--name", "p-mapped", "--network", "none", "--uidmap", "0:400000:65536")
		podman("pod", "create", "--name", "p-limited", "--network", "none", "--memory", "256m")
	}
	base("b-plain", "--network", "none", "--ipc", "shareable")
	base("b-host", host...)
	base("b-joins", "--network", "none", "--pid", "container:b-plain")
	base("b-binds", "--network", "none", "-v", k.dir+"/plain:/from/bind", "-v", k.dir+"/link:/from/link:ro", "-v",
		"data:/from/volume", "--tmpfs", "/from/tmpfs")
	base("b-further", "--network", "none", "--volumes-from", "b-binds:ro", "-v", k.dir+"/tree:/further")
	podman("pod", "create", "--name", "p-plain", "--network", "none")
	podman("pod", "create", "--name", "p-pid", "--network", "none", "--share", "pid,ipc,net,uts")
	podman("pod", "create", "--name", "p-none", "--share", "none")
	for _, pod := range []string{"p-plain", "p-pid"} {
		base(pod+"-member", "--pod", pod)
	}
}

// try makes containers, compares them, and returns what differs of each, by its place, and why some did not come to be.
func (k *kernelBed) try(specs []kernelSpec) (found map[int][]kernelDifference, failed map[int]string) {
	found, failed = map[int][]kernelDifference{}, map[int]string{}
	names := make([]string, len(specs))
	var mu sync.Mutex
	next := make(chan int)
	var workers sync.WaitGroup
	const atOnce = 4
	for range atOnce {
		workers.Go(func() {
			for i := range next {
				if err := k.run(&specs[i], names[i]); err != nil {
					mu.Lock()
					failed[i] = err.Error()
					mu.Unlock()
				}
			}
		})
	}
	for i := range specs {
		names[i] = fmt.Sprintf("k%d-%d", specs[i].seed, time.Now().UnixNano())
		next <- i
	}
	close(next)
	workers.Wait()
	facts := k.facts()
	for _, machine := range []bool{true, false} {
		models := k.models(machine)
		for i, name := range names {
			if failed[i] != "" || facts[name] == nil || models[name] == nil {
				continue
			}
			k.made++
			x := kernelComparison{c: models[name], k: facts[name], host: k.host, others: facts, models: models,
				rootless: k.rootless, tally: k.tally}
			if !machine {
				k.made--
				x.suffix = alone
			}
			found[i] = append(found[i], x.compare()...)
		}
	}
	for i := range specs {
		if len(found[i]) == 0 {
			delete(found, i)
		}
	}
	return found, failed
}

// run makes one container and starts it.
func (k *kernelBed) run(spec *kernelSpec, name string) error {
	if spec.api {
		if err := k.post("/libpod/containers/create", spec.request(name, k.dir)); err != nil {
			return err
		}
		return k.post("/libpod/containers/"+name+"/start", nil)
	}
	run, updates := spec.commandLine(name, k.dir)
	for _, args := range append([][]string{run}, updates...) {
		if out, err := boundedPodman(args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

func (k *kernelBed) post(path string, body map[string]any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := k.client.Post("http://d/v4.0.0"+path, "application/json", bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return nil
}

// facts reads what the kernel says of every container that runs.
func (k *kernelBed) facts() map[string]*kernelFacts {
	all := map[string]*kernelFacts{}
	for line := range strings.Lines(podmanCommand(k.t, "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.Pid}}")) {
		fields := strings.Fields(line)
		if pid, err := strconv.Atoi(fields[len(fields)-1]); err == nil && len(fields) == 3 {
			if facts, ok := factsOf(fields[0], fields[1], pid); ok {
				all[fields[0]] = facts
			}
		}
	}
	return all
}

// models reads what podlint says of every container.
func (k *kernelBed) models(machine bool) map[string]*podman.Container {
	service, err := live.Connect(k.t.Context(), live.Options{URL: "unix://" + k.socket, Timeout: time.Minute,
		Concurrency: 4, Machine: machine, Now: time.Now, Log: func(string, ...any) {}})
	if err != nil {
		k.t.Fatal(err)
	}
	defer service.Close()
	all := map[string]*podman.Container{}
	_, problems, err := service.Containers(k.t.Context(), live.Selection{}, func(int, int) {},
		func(c *podman.Container) { all[c.Name] = c })
	if err != nil {
		k.t.Fatal(err)
	}
	for _, p := range problems {
		if !p.Warning {
			k.t.Errorf("a problem of the scan: %s: %v", p.Target, p.Err)
		}
	}
	return all
}

// clear removes the containers that were compared.
func (k *kernelBed) clear() {
	for range 3 { // Podman 4.3 finds a shm busy whose last process is only just gone
		left := strings.Fields(podmanCommand(k.t, "ps", "-a", "--filter", "name=^k[0-9]", "--format", "{{.Names}}"))
		if len(left) == 0 {
			return
		}
		_ = boundedPodman(append([]string{"rm", "--force", "--volumes", "--time", "0"}, left...)...).Run()
	}
}
