package rules

import (
	"strings"
)

// imageName is a reference to an image, taken apart.
type imageName struct {
	registry, path, tag, digest string
}

// parseImageName reads [docker://][REGISTRY/]PATH[:TAG][@DIGEST], and false for what is none: an ID, another transport,
// the name of a unit.
func parseImageName(text string) (imageName, bool) {
	text = strings.TrimPrefix(text, "docker://")
	for _, transport := range []string{"oci:", "oci-archive:", "docker-archive:", "dir:", "docker-daemon:",
		"containers-storage:", "sha256:"} {
		if strings.HasPrefix(text, transport) {
			return imageName{}, false
		}
	}
	if text == "" || strings.ContainsAny(text, " $%{}<>\\") || strings.HasPrefix(text, "/") ||
		strings.HasPrefix(text, ".") ||
		strings.HasSuffix(text, ".image") || strings.HasSuffix(text, ".build") || isHex(text) {
		return imageName{}, false
	}
	var n imageName
	text, n.digest, _ = strings.Cut(text, "@")
	if i := strings.LastIndexByte(text, ':'); i > strings.LastIndexByte(text, '/') {
		text, n.tag = text[:i], text[i+1:]
	}
	n.path = text
	if first, rest, ok := strings.Cut(text, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		n.registry, n.path = first, rest
	}
	return n, true
}

// isHex reports whether a name is an image's ID, or the beginning of one.
func isHex(text string) bool {
	const short, long = 12, 64
	return len(text) >= short && len(text) <= long && strings.Trim(text, "0123456789abcdef") == ""
}
