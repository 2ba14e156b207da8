package podman

import "slices"

// File is a definition before it is read: its path, which tells its name and what lies beside it, and its content.
type File struct{ Path, Text string }

// Found is what a reader finds in a file. Each reader of a kind of definition has the signature
// func(File, *Host) Found.
type Found struct {
	Containers []*Container
	// Files holds the paths of what was read, the file itself among them: waivers in them count.
	Files    []string
	Problems []Problem
	// Nothing says why the file is not a definition, empty for one that is.
	Nothing string
}

// Add appends what was found elsewhere. A file that was read for both is listed once.
func (f *Found) Add(more Found) {
	f.Containers = append(f.Containers, more.Containers...)
	f.Problems = append(f.Problems, more.Problems...)
	for _, file := range more.Files {
		if !slices.Contains(f.Files, file) {
			f.Files = append(f.Files, file)
		}
	}
}
