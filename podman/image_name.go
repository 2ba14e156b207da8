package podman

import (
	"strings"
)

// ImageName is a reference to an image, taken apart. What it does not say is empty.
type ImageName struct {
	Registry, Path, Tag, Digest string
}

// ParseImageName reads [docker://][REGISTRY/]PATH[:TAG][@DIGEST], and false for what is none: an ID, another transport,
// the name of a unit.
func ParseImageName(text string) (ImageName, bool) {
	text = strings.TrimPrefix(text, "docker://")
	for _, transport := range []string{"oci:", "oci-archive:", "docker-archive:", "dir:", "docker-daemon:",
		"containers-storage:", "sha256:"} {
		if strings.HasPrefix(text, transport) {
			return ImageName{}, false
		}
	}
	if text == "" || strings.ContainsAny(text, " $%{}<>\\") || strings.HasPrefix(text, "/") ||
		strings.HasPrefix(text, ".") ||
		strings.HasSuffix(text, ".image") || strings.HasSuffix(text, ".build") || isHex(text) {
		return ImageName{}, false
	}
	name, tag, digest := splitReference(text)
	n := ImageName{Path: name, Tag: tag, Digest: digest}
	if first, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		n.Registry, n.Path = first, rest
	}
	return n, true
}

// splitReference splits NAME[:TAG][@DIGEST].
func splitReference(text string) (name, tag, digest string) {
	name, digest, _ = strings.Cut(text, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	return name, tag, digest
}

// isHex reports whether a name is an image's ID, or the beginning of one.
func isHex(text string) bool {
	const short, long = 12, 64
	return len(text) >= short && len(text) <= long && strings.Trim(text, "0123456789abcdef") == ""
}
