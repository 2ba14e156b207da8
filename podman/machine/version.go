package machine

import (
	"context"
	"os/exec"
	"strings"
	"time"

	"github.com/podlint/podlint/podman"
)

// versionTimeout bounds how long `podman --version` may take: it only prints.
const versionTimeout = 10 * time.Second

// PodmanVersion returns the version of the podman on the PATH, such as "5.4.2", empty where there is none or it does
// not say.
func PodmanVersion(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "podman", "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	version, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "podman version ")
	if _, known := podman.ParseVersion(version); !ok || !known {
		return ""
	}
	return version
}
