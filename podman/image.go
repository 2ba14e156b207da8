package podman

import "time"

// ImageContent is what an image's layers hold, as far as a rule asks for it.
type ImageContent struct {
	// Files holds what is worth a look, in the order of the layers. Of what a later layer has taken away or replaced
	// only secrets are left: they are in the image all the same.
	Files []ImageFile
	// Layers is how many layers there are, Entries how many files and directories they hold.
	Layers, Entries int
	// Created is the image's own date, Base that of its first layer, the zero time for none.
	Created, Base time.Time
	// Newest is the file with the latest date of all, and whether one is later than the image itself.
	Newest ImageFile
	// Steps holds what the history says of each layer, empty where it says nothing of that many layers. It is whatever
	// the build wrote, secrets among it.
	Steps []string
	// Provenance is whose the files are, nil where that was not looked at.
	Provenance *Provenance
	// Truncated is set where there was more than is kept.
	Truncated bool
}

// ImageFile is a file or a directory of an image.
type ImageFile struct {
	// Path begins with a slash.
	Path string
	// Layer is the number of the layer that it stands in, from 1 for the lowest.
	Layer int
	// Mode holds the permission bits and those for setuid, setgid and sticky, as chmod takes them.
	Mode     uint32
	UID, GID int
	Size     int64
	// Dated is its modification time.
	Dated time.Time
	// Directory is set for a directory.
	Directory bool
	// Capability is set where the file gives whoever runs it capabilities (security.capability).
	Capability bool
	// Secret says what secret it holds, empty for none; the secret itself is not kept.
	Secret string
	// Leftover says what it has from the machine or the moment that it was built on, empty for nothing: "a machine
	// ID", "a log".
	Leftover string
	// Gone is set where a later layer has taken it away.
	Gone bool
}
