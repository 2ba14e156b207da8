package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/podlint/podlint/internal/files"
	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
	"github.com/podlint/podlint/rules"
)

// StoredProof is one entry of proofs.json: which fixes hold for a definition with an image. It is keyed by the hashes
// of both, so that a change of either invalidates it.
type StoredProof struct {
	Container string `json:"container"`
	// Definition is the SHA-256 of the command line that the copy was made by, Unit that of the unit's text, empty
	// without one.
	Definition string `json:"definition"`
	Unit       string `json:"unit,omitempty"`
	// Image is the ID of the image.
	Image string    `json:"image"`
	When  time.Time `json:"when"`
	// Fixes are those that hold, all of them together.
	Fixes []StoredFix `json:"fixes"`
	// Breaks are those that break it.
	Breaks []StoredFix `json:"breaks,omitempty"`
}

// StoredFix is a fix as it was tried, with its exceptions.
type StoredFix struct {
	Rule        string         `json:"rule"`
	Cause       string         `json:"cause,omitempty"`
	Changes     []rules.Change `json:"changes,omitempty"`
	MountOption string         `json:"mount-option,omitempty"`
	// User is set for a fix that runs the container as another user, which a definition does not show a need for.
	User bool `json:"user,omitempty"`
	// Why says what fails with it, of one that breaks.
	Why string `json:"why,omitempty"`
}

func (k *StoredFix) ends(f *rules.Finding) bool { return k.Rule == f.Rule.ID && k.Cause == f.Cause }

type proofsFile struct {
	Format  string        `json:"format"`
	Version int           `json:"version"`
	Proofs  []StoredProof `json:"proofs"`
}

const (
	proofsFormat = "podlint-proofs"
	mostProofs   = 1000
)

// ProofsPath is where proofs are kept: root's with the system's state, a user's with theirs.
func ProofsPath() string {
	if os.Geteuid() == 0 {
		return "/var/lib/podlint/proofs.json"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "podlint/proofs.json")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local/state/podlint/proofs.json")
}

// ReadProofs returns the proofs that are kept; none where the file cannot be read.
func ReadProofs(path string) Proofs {
	data, err := files.Read(path)
	var f proofsFile
	if err != nil || json.Unmarshal(data, &f) != nil || f.Format != proofsFormat || f.Version != 1 {
		return nil
	}
	return f.Proofs
}

// StoreProof keeps a proof at the path, in place of an older one of the same container.
func StoreProof(path string, p *StoredProof) error {
	if path == "" {
		return errors.New("the account has no home directory")
	}
	before, err := files.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f := proofsFile{Format: proofsFormat, Version: 1, Proofs: ReadProofs(path)}
	f.Proofs = slices.DeleteFunc(f.Proofs, func(k StoredProof) bool { return k.Container == p.Container })
	f.Proofs = append(f.Proofs, *p)
	f.Proofs = f.Proofs[max(0, len(f.Proofs)-mostProofs):]
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	if err := files.MakeDirs(filepath.Dir(path)); err != nil {
		return err
	}
	const private = 0o600
	return files.Replace(&files.Change{Dir: filepath.Dir(path), Name: filepath.Base(path), Before: before,
		After: append(data, '\n'), Mode: private})
}

// ProofHash returns what a proof knows a text by.
func ProofHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Proofs holds what was proven.
type Proofs []StoredProof

// Mark says of a container's findings which of their fixes were proven, and with what exceptions: for a live one with
// its image and command line, for a definition with its text.
func (p Proofs) Mark(c *podman.Container, findings []rules.Finding, unitText func() (string, bool)) {
	if len(p) == 0 || len(findings) == 0 {
		return
	}
	live, unit := "", ""
	if c.CreateCommand.Known() {
		live = ProofHash(command.FormatMultiline(podman.RevealAll(c.CreateCommand.Value)))
	} else if text, ok := unitText(); ok {
		unit = ProofHash(text)
	}
	for i := range p {
		k := &p[i]
		with := ""
		switch {
		case live != "" && k.Definition == live && k.Image == c.Image.ID:
			with = " with this image"
		case unit != "" && k.Unit == unit:
			const short = 12
			with = " with image " + k.Image[:min(short, len(k.Image))]
		default:
			continue
		}
		k.mark(findings, k.When.Format(time.DateOnly)+with, unit != "")
	}
}

// mark marks the findings whose fixes were tried. The fixes hold together: as another user a service may need fewer
// capabilities. A definition does not show the user that an image has, so that in one (unit) a fix of the user goes
// with another fix.
func (k *StoredProof) mark(findings []rules.Finding, when string, unit bool) {
	for _, fix := range k.Breaks {
		if f := fix.of(findings); f != nil {
			f.Breaks = "tried on " + when + ", it breaks the service: " + fix.Why
		}
	}
	var along []rules.Change
	for _, fix := range k.Fixes {
		switch {
		case fix.of(findings) != nil:
		case unit && fix.User:
			along = append(along, fix.Changes...)
		default:
			return // with another set of fixes nothing is known
		}
	}
	for _, fix := range k.Fixes {
		if f := fix.of(findings); f != nil {
			f.Fix.Changes, f.Fix.MountOption, f.Fix.Safe = slices.Concat(fix.Changes, along), fix.MountOption, true
			f.Proven = "on " + when
			along = nil
		}
	}
}

// of returns the finding that a fix ends, nil where there is none.
func (k *StoredFix) of(findings []rules.Finding) *rules.Finding {
	for i := range findings {
		if k.ends(&findings[i]) {
			return &findings[i]
		}
	}
	return nil
}

// MarkLive is Mark for a live container, which has its command line.
func (p Proofs) MarkLive(c *podman.Container, findings []rules.Finding) {
	p.Mark(c, findings, func() (string, bool) { return "", false })
}
