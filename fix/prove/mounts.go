package prove

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/podlint/podlint/podman/command"
)

// mount is a mount of the original: a directory, a file or a volume.
type mount struct {
	source, target string
	options        []string
}

func (m *mount) has(option string) bool { return slices.Contains(m.options, option) }

func (m *mount) isPath() bool { return strings.HasPrefix(m.source, "/") }

// idmap returns the option that maps the mount's owners, empty for none.
func (m *mount) idmap() string {
	i := slices.IndexFunc(m.options, func(o string) bool { return o == "idmap" || strings.HasPrefix(o, "idmap=") })
	if i < 0 {
		return ""
	}
	return m.options[i]
}

// value writes a mount of another source as --volume takes it.
func (m *mount) value(source string, options ...string) string {
	options = slices.DeleteFunc(options, func(o string) bool { return o == "" })
	return strings.TrimSuffix(source+":"+m.target+":"+strings.Join(options, ","), ":")
}

// parseVolume reads the value of --volume; nil for a volume without a name, which each container has for itself.
func parseVolume(value string) *mount {
	const most = 3
	parts := strings.SplitN(value, ":", most)
	if len(parts) == 1 {
		return nil
	}
	m := &mount{source: parts[0], target: parts[1]}
	if len(parts) == most {
		m.options = strings.Split(parts[2], ",")
	}
	return m
}

// errNoCopy begins an error about a mount that a copy cannot have.
var errNoCopy = errors.New("a copy cannot have the mount")

// parseMount reads the value of --mount; nil for a mount of nothing that outlives the container.
func parseMount(value string) (*mount, error) {
	fields, err := csv.NewReader(strings.NewReader(value)).Read()
	if err != nil {
		return nil, fmt.Errorf("%w %s", errNoCopy, value)
	}
	m, kind := mount{}, "volume"
	for _, field := range fields {
		key, v, given := strings.Cut(field, "=")
		on := !given || v != "false" && v != "0"
		switch key {
		case "type":
			kind = v
		case "source", "src":
			m.source = v
		case "target", "destination", "dest", "dst":
			m.target = v
		case "ro", "readonly":
			m.set("ro", on)
		case "rw":
			m.set("ro", !on)
		case "U", "chown":
			m.set("U", on)
		case "z", "Z":
			m.set(key, on)
		case "relabel":
			m.set(map[string]string{"shared": "z", "private": "Z"}[v], on)
		case "idmap":
			m.set(field, on)
		case "subpath", "volume-subpath":
			return nil, fmt.Errorf("%w %s: %s", errNoCopy, value, key)
		}
	}
	switch {
	case kind == "glob":
		return nil, fmt.Errorf("%w %s: its paths are only known when it starts", errNoCopy, value)
	case kind != "bind" && kind != "volume", m.source == "" && kind == "volume":
		return nil, nil //nolint:nilnil // such a mount is the container's own
	case m.source == "", m.target == "", strings.Contains(m.source, ":"), strings.Contains(m.target, ":"):
		return nil, fmt.Errorf("%w %s", errNoCopy, value)
	}
	return &m, nil
}

func (m *mount) set(option string, on bool) {
	m.options = slices.DeleteFunc(m.options, func(o string) bool { return o == option })
	if on && option != "" {
		m.options = append(m.options, option)
	}
}

// throwAway returns the value of --volume with which a copy sees what the original sees, and with which nothing that it
// writes stays: an overlay, or a copy where an overlay is not possible. The original's owners and labels are not
// changed: U, z and Z apply to copies only.
func (p *prover) throwAway(ctx context.Context, m *mount, ownUsers bool) (string, error) {
	if strings.HasPrefix(m.source, ".") || strings.HasPrefix(m.source, "~") {
		return "", fmt.Errorf("%w %s: its path is relative to a directory that podlint does not know", errNoCopy,
			m.source)
	}
	readOnly := ""
	if m.has("ro") {
		readOnly = "ro"
	}
	relabels := (m.has("z") || m.has("Z")) && enforcesLabels()
	if m.isPath() {
		info, err := os.Stat(m.source)
		isFile := err == nil && info.Mode().IsRegular()
		copied := m.has("U") || relabels || readOnly == "" && (ownUsers || isFile)
		if isFile && copied {
			file, err := p.copyFile(m.source, info)
			label := ""
			if enforcesLabels() {
				label = "Z"
			}
			return m.value(file, readOnly, own(m), m.idmap(), label), err
		}
		if copied {
			return p.copyOf(ctx, m, readOnly)
		}
		if readOnly == "" {
			return m.value(m.source, "O"), nil
		}
		// Mounts below a read-only one would still be writable, so a copy does not get them.
		return m.value(m.source, "ro", "bind", "private", m.idmap()), nil
	}
	if m.has("U") || ownUsers && readOnly == "" || !p.engine.isUsedVolume(ctx, m.source) {
		return p.copyOf(ctx, m, readOnly)
	}
	if readOnly == "" {
		return m.value(m.source, "O"), nil
	}
	return m.value(m.source, "ro", m.idmap()), nil
}

// own returns the option that makes a copy's user the owner of a mount.
func own(m *mount) string {
	if m.has("U") {
		return "U"
	}
	return ""
}

func (p *prover) copyOf(ctx context.Context, m *mount, readOnly string) (string, error) {
	volume := fmt.Sprintf("%s-%d", p.current, len(p.volumes))
	p.volumes = append(p.volumes, volume)
	return m.value(volume, readOnly, own(m), m.idmap()), p.copyVolume(ctx, m.source, volume)
}

// isUsedVolume reports whether a volume exists and has been used. Podman makes a volume that does not exist, and fills
// one that was never used from the first image that mounts it, even below an overlay.
func (e *Engine) isUsedVolume(ctx context.Context, name string) bool {
	out, err := e.query(ctx, "volume", "inspect", name)
	var list []struct{ NeedsCopyUp, NeedsChown bool }
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list) != 1 {
		return false
	}
	return !list[0].NeedsCopyUp && !list[0].NeedsChown
}

// copyFile copies a file into the private directory, with its owner and mode, and returns the copy's path.
func (p *prover) copyFile(path string, info os.FileInfo) (string, error) {
	if info.Size() > p.opts.CopyLimit {
		return "", p.tooLarge(path)
	}
	if p.engine.Dry != nil {
		return path, nil
	}
	from, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer from.Close()
	p.files++
	to, err := os.OpenFile(filepath.Join(p.dir, fmt.Sprintf("file-%d", p.files)), os.O_CREATE|os.O_EXCL|os.O_WRONLY,
		0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, &limitedReader{from: from, left: p.opts.CopyLimit})
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && err == nil && os.Geteuid() == 0 {
		err = to.Chown(int(stat.Uid), int(stat.Gid))
	}
	if err == nil {
		err = to.Chmod(info.Mode())
	}
	return to.Name(), errors.Join(err, to.Close())
}

func (p *prover) tooLarge(source string) error {
	return fmt.Errorf("%s is larger than %d MiB, which is the most that is copied (--copy-limit)", source,
		p.opts.CopyLimit>>20)
}

// copyVolume makes a volume with a copy of another's content, or a directory's, up to the limit.
func (p *prover) copyVolume(ctx context.Context, source, volume string) error {
	create := []string{"volume", "create", "--label", Label + "=" + owner(), volume}
	if p.engine.Dry != nil {
		p.engine.Dry(p.engine.Redact(command.Join(append(slices.Clone(p.engine.Program), create...))) +
			"  # and a copy of " + source)
		return nil
	}
	dir := source
	if !strings.HasPrefix(source, "/") {
		out, err := p.engine.query(ctx, "volume", "inspect", "--format", "{{.Mountpoint}}", source)
		if err != nil && !strings.Contains(err.Error(), "no such volume") {
			return err
		}
		dir = strings.TrimSpace(out)
		if err != nil {
			dir = ""
		}
	}
	if _, err := p.engine.run(ctx, create...); err != nil || dir == "" {
		return err
	}
	// Files of a rootless Podman's users can be read only from within its user namespace.
	tar := []string{"tar", "-C", dir, "-c", "."}
	if os.Geteuid() != 0 {
		tar = append(append(slices.Clone(p.engine.Program), "unshare"), tar...)
	}
	load := append(slices.Clone(p.engine.Program), "volume", "import", volume, "-")
	p.engine.logCommand(load)
	reader, writer := p.engine.command(ctx, tar), p.engine.command(ctx, load)
	pipe, err := reader.StdoutPipe()
	if err != nil {
		return err
	}
	limited := &limitedReader{from: pipe, left: p.opts.CopyLimit}
	writer.Stdin = limited
	if err := reader.Start(); err != nil {
		return err
	}
	out, err := writer.CombinedOutput()
	_ = pipe.Close()
	readErr := reader.Wait()
	switch {
	case limited.left < 0:
		return p.tooLarge(source)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case readErr != nil:
		return fmt.Errorf("copying %s: %w", source, readErr)
	case err != nil:
		return fmt.Errorf("copying %s: %s", source, lastLine(p.engine.Redact(string(out))))
	}
	return nil
}
