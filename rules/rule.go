// Package rules holds what podlint knows about hardening: the catalogue, one file for each rule, and the engine that
// runs it over a container. A rule is a value; it does no I/O and keeps no state.
package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Severity says how much a finding matters for the container at hand.
type Severity uint8

// The severities, from the least to the most.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{Info: "info", Low: "low", Medium: "medium", High: "high", Critical: "critical"}

// String returns the severity's name, as reports print it.
func (s Severity) String() string {
	if int(s) < len(severityNames) && s > 0 {
		return severityNames[s]
	}
	return "none"
}

// MarshalText returns the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity returns the severity of a name.
func ParseSeverity(name string) (Severity, error) {
	for s, n := range severityNames {
		if n != "" && n == strings.ToLower(name) {
			return Severity(s), nil
		}
	}
	if near := Nearest(strings.ToLower(name), severityNames[Info:]); near != "" {
		return 0, fmt.Errorf("%q is not a severity: did you mean %s?", name, near)
	}
	return 0, fmt.Errorf("%q is not a severity: use critical, high, medium, low or info", name)
}

// Confidence says how sure a finding is.
type Confidence uint8

// The confidences.
const (
	// Guessed is for what only looks like it, such as a string that is a secret by its entropy.
	Guessed Confidence = iota + 1
	// Derived is for what follows from what is known.
	Derived
	// Certain is for what the service or the definition says.
	Certain
)

var confidenceNames = [...]string{Guessed: "low", Derived: "medium", Certain: "high"}

// String returns "high", "medium" or "low".
func (c Confidence) String() string {
	if int(c) < len(confidenceNames) && c > 0 {
		return confidenceNames[c]
	}
	return "none"
}

// MarshalText returns the confidence's name.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Rule is one entry of the catalogue. The command line, SARIF, the documentation and the tables are printed from it.
type Rule struct {
	// ID is the rule's name, in lower case with dashes; its file, its testdata and its documentation are called by it.
	ID string
	// Title says what is wrong with a container that the rule flags, in a few words.
	Title string
	// Severity is that for a rootful Podman without a user namespace; a finding states that for its container.
	Severity Severity
	// Why says what an attacker gains, in one paragraph.
	Why string
	// Remedy says what to do about it, in one paragraph.
	Remedy string
	// Step says what the fixes do to several containers, "%s" standing for how many, such as "map the UIDs of %s to
	// ranges of their own"; empty for a rule that has no part in how far somebody gets.
	Step string
	// CIS is the number of the item in the CIS Docker Benchmark 1.6.0, empty for none.
	CIS string
	// See holds the addresses of further reading.
	See []string
	// RootlessMatters is set where the severity depends on whether Podman is rootless: where that is only assumed, the
	// finding says so.
	RootlessMatters bool
	// Drift names the settings that the rule judges and in which a live container can differ from its definition.
	Drift []podman.Drift
	// Profile is the least strict profile that the rule is part of; the zero value is Baseline.
	Profile Profile
	// OnInfra is set where a pod's infra container is judged too: it holds what the pod's members share.
	OnInfra bool
	// OnPod is set where the pod of a definition is judged too, for what its members get of it: they may be defined
	// elsewhere.
	OnPod bool
	// OnResource is set where Secrets, .build units and the like are judged too, which make no container by themselves.
	OnResource bool
	// Kind says what the fix changes, where a proof or an edit has to know.
	Kind FixKind
	// Untried says why a copy cannot show whether the service still works with the fix, empty where it can.
	Untried string
	// Manual says why only the owner decides on the rule's edits, though they can be made: a mount, a socket or a device
	// goes, a port answers on another address, the process is another user. Empty for other rules.
	Manual string
	// Online is set where the rule judges what registries answer with --online.
	Online bool
	// Check returns what is wrong with a container. It fills in what the case is; the engine adds the rest. It is nil
	// for a rule that only has one of the others.
	Check func(*podman.Container) []Finding
	// CheckPeers returns what is wrong between containers of one host, infra containers among them. It names the
	// container that a finding is about.
	CheckPeers func([]*Peer) []Finding
	// CheckHost returns what is wrong with the machine and its Podman.
	CheckHost func(*podman.Host) []Finding
}

// FixKind says what a fix changes, and with that what it may need besides.
type FixKind uint8

// The kinds of fixes.
const (
	// FixSetting changes a setting and needs nothing else.
	FixSetting FixKind = iota
	// FixReadOnly makes the root filesystem read-only; what the service writes to needs a tmpfs or a volume.
	FixReadOnly
	// FixCapabilities drops capabilities; those that the service uses have to be added back.
	FixCapabilities
	// FixIDMap gives the container user and group IDs of its own; its mounts may have to be mapped or given to it.
	FixIDMap
	// FixUser runs the container as another user. Which user an image has is not shown by a definition.
	FixUser
	// FixSecret moves a secret out of the definition; the Podman secret has to be created first.
	FixSecret
	// FixImage keeps the image up to date from then on; the finding stays until the container is made from a newer
	// image.
	FixImage
)

// Profile is a choice of rules for a purpose. Each holds those before it.
type Profile uint8

// The profiles.
const (
	// Baseline is what no careful sysadmin argues about.
	Baseline Profile = iota
	// Standard is what a hardened container has, and the default.
	Standard
	// Strict is what a distribution would ship.
	Strict
)

var profileNames = [...]string{Baseline: "baseline", Standard: "standard", Strict: "strict"}

// String returns the profile's name.
func (p Profile) String() string { return profileNames[p] }

// MarshalText returns the profile's name.
func (p Profile) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ParseProfile returns the profile of a name.
func ParseProfile(name string) (Profile, error) {
	for p, n := range profileNames {
		if n == name {
			return Profile(p), nil
		}
	}
	return 0, fmt.Errorf("%q is not a profile: use baseline, standard or strict", name)
}

// Finding is a rule's claim about a container.
type Finding struct {
	// Message says in one line what is wrong, from the container's own facts. It may hold an attacker's words.
	Message string
	// Severity is that of the case at hand.
	Severity Severity
	// Confidence is how sure the claim is.
	Confidence Confidence
	// Evidence holds the settings that the claim rests on.
	Evidence []Evidence
	// Fix is the change that ends it.
	Fix Fix
	// Cause tells two findings of a rule about one container apart, and stays the same while the cause does: a
	// variable's name, a mount's destination. It never holds a secret.
	Cause string
	// Extent says how far the cause goes, where one of the same name may get worse: where a mount is from and whether
	// it can be written, what kind of secret it is, which ports are open. With another extent a finding is another. It
	// never holds a secret.
	Extent string
	// Subject is the container that a finding of CheckPeers is about.
	Subject *Peer

	// Rule is the rule that claims it. The engine fills this and what follows.
	Rule *Rule
	// Container is the container's name, empty for a finding about the host.
	Container string
	// Pod is the name of the container's pod where the pod's definition says what is found, for every member, else
	// empty.
	Pod string
	// Definition is the definition of the container.
	Definition podman.Definition
	// Location is where the setting is written in a file, or would have to; empty where no file is known.
	Location podman.Origin
	// Quote is the line of Location as it may be shown, without what may be a secret; empty where there is nothing to
	// see.
	Quote string
	// Waived is the reason for which the finding has been accepted, empty where it has not.
	Waived string
	// WaivedIn is the file that says so.
	WaivedIn string
	// Proven says when its fix was proven on a copy, and with what, empty where it was not: "on 2026-11-20 with this
	// image".
	Proven string
	// Breaks says what failed when its fix was tried on a copy, empty where it was not tried, or holds.
	Breaks string
	// Baseline is set where the finding is one of the baseline's.
	Baseline bool
	// Start is the same place for formats whose columns count UTF-16 code units; its line is 0 where the text is not
	// known.
	Start Place
	// Edits are those that end the finding, by themselves; none where they were not asked for, or there are none.
	Edits []Edit
	// Fingerprint identifies the finding across runs and machines: 32 hexadecimal digits.
	Fingerprint string
}

// Evidence is one setting that a finding rests on.
type Evidence struct {
	Setting, Value string
	Origin         podman.Origin
}

// Fix is the change that ends a finding.
type Fix struct {
	// Summary says what to do, as a verb phrase without a full stop.
	Summary string
	// Changes holds what to add, in the order to add it.
	Changes []Change
	// Drop is set where the options that the evidence rests on are taken away, before what is to be added is.
	Drop bool
	// Of names the flag whose options these are, where the evidence is what comes of several: the bounding set.
	Of string
	// Part is what is taken away of these options, rather than each as a whole: a capability of a list, an option of a
	// mount.
	Part string
	// Becomes is what takes the part's place, empty for nothing: "z" for a "Z".
	Becomes string
	// Replacement holds what takes the place of the options that are taken away; unlike Changes, reports leave it out,
	// since it is no more than an example: which address a port is meant for, only its owner knows.
	Replacement []Change
	// MountOption is added to each mount that can be written, empty for none: with users of its own a container cannot
	// read what it could before, unless the mount is mapped too ("idmap") or given to it ("U"). Only a proof knows
	// whether that is needed.
	MountOption string
	// Safe is set where the change cannot take anything from the service that it could rely on. Others need trying.
	Safe bool
}

// fingerprint is a hash of what a finding is about, with a version in front in case that ever changes.
func fingerprint(rule, container, cause, extent string) string {
	parts := []string{"podlint/1", rule, container, cause}
	if extent != "" {
		parts = append(parts, extent)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// OldFingerprint is the fingerprint that baselines of version 1 have of a finding: it left the extent out.
func (f *Finding) OldFingerprint() string { return fingerprint(f.Rule.ID, f.Container, f.Cause, "") }
