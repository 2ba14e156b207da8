package podman

// Provenance is whose an image's programs, libraries and scripts are, as the image's own package databases have it.
type Provenance struct {
	// Release is what os-release says.
	Release Release
	// Database is the kind of the distribution's package database: "dpkg", "apk", "rpm", empty for none.
	Database string
	// DatabaseLayer is the layer that wrote it last, and DatabaseRemoved the later one that took it away, 0 for none:
	// then the files are judged by the database of the layers below.
	DatabaseLayer, DatabaseRemoved int
	// Unreadable says why there is a database that podlint cannot read, empty for nothing.
	Unreadable string
	// Packages holds the distribution's packages that are installed.
	Packages []Package
	// Counts holds how many files are of each verdict.
	Counts map[Verdict]Tally
	// Languages holds the packages of language package managers, such as "npm:http-server@14.1.1".
	Languages []string
	// Altered, Unowned and Config hold the files of these verdicts, in the order of their paths.
	Altered, Unowned, Config []Provenanced
	// Missing holds the programs that packages brought and that are gone.
	Missing []Provenanced
	// Rewritten holds the packages whose checksums a later layer changed while their version stayed.
	Rewritten []Provenanced
	// Truncated is set where there was more than is kept.
	Truncated bool
}

// Release is a distribution's release.
type Release struct {
	// ID, Codename, Version, Name and SupportEnd are ID, VERSION_CODENAME, VERSION_ID, PRETTY_NAME and SUPPORT_END of
	// os-release, each empty where it is not set.
	ID, Codename, Version, Name, SupportEnd string
}

// Package is one package of a distribution.
type Package struct {
	Name, Version, Architecture string
	// Source is the source package that it was built from, empty where the database does not say.
	Source string
	// Maintainer is who made it, or rpm's vendor.
	Maintainer string
	// Hold is set where the package manager was told to keep the version.
	Hold bool
}

// Tally is a number of files and their sizes together.
type Tally struct {
	Files int
	Bytes int64
}

// Verdict says whose a file is.
type Verdict string

// The verdicts. What they say of a distribution's package is what the image's own database says: whoever can replace a
// program can replace its checksum too.
const (
	// Unaltered is a file of a distribution's package whose bytes are what the package brought.
	Unaltered Verdict = "unaltered"
	// NoChecksum is a file of a distribution's package of which the database has no checksum.
	NoChecksum Verdict = "no-checksum"
	// Altered is a file of a package, the distribution's or one of pip, whose bytes are others.
	Altered Verdict = "altered"
	// ConfigChanged is a configuration file of a package that was edited.
	ConfigChanged Verdict = "config-changed"
	// OfLanguage is a file that npm, pip, gem or Go's build information account for.
	OfLanguage Verdict = "language"
	// Derived is made of another file: compiled Python whose module is a package's.
	Derived Verdict = "derived"
	// Unowned is a file that nothing accounts for.
	Unowned Verdict = "unowned"
)

// Provenanced is a file with a verdict.
type Provenanced struct {
	// Path begins with a slash.
	Path string
	// Layer is the number of the layer that it is in, from 1 for the lowest.
	Layer int
	// Package and Version are those of the package whose it is, empty for nobody's. Language is set where the package is
	// one of a language's package manager.
	Package, Version string
	Language         bool
	// Sensitive says what loads it with privileges, empty for nothing: "every login loads from there".
	Sensitive string
	// Setuid is set for a setuid file.
	Setuid bool
}
