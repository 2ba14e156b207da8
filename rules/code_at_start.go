package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/fetch"
	"github.com/podlint/podlint/rules/secret"
)

var codeAtStart = Rule{
	ID:       "code-at-start",
	Title:    "Code is downloaded when the container starts",
	Severity: High,
	Why: `The image's signature, scan and digest say nothing about code that arrives after them. Whoever takes over a
package, its maintainer's account or the server runs code in this container at its next start, and a restart months
later runs something else than what was tested. When the registry is down, the service does not start.`,
	Remedy: "Download it once, in a build: with a lock file or hashes, into an image that is scanned, signed and pinned " +
		"like any other. Where the distribution has a signed package, take that. In a Containerfile: " +
		"`COPY package.json package-lock.json ./` and `RUN npm ci --omit=dev --ignore-scripts`, " +
		"`RUN pip install --require-hashes -r requirements.txt`, " +
		"`ADD --checksum=sha256:… URL /usr/local/bin/tool`; a `.build` unit (Quadlet since Podman 5.2) builds it.",
	See: []string{"https://docs.npmjs.com/cli/commands/npm-exec",
		"https://pip.pypa.io/en/stable/topics/secure-installs/",
		"https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html"},
	Check: func(c *podman.Container) []Finding {
		mode, join := c.Network.Mode, c.Namespaces.Joins[podman.NamespaceNetwork]
		if mode.Known() && (mode.Value == "none" || join.Mode == "none") {
			return nil // nothing can be fetched
		}
		var found []Finding
		context := fetchContext(c)
		if command := c.Process.Command; command.Known() && len(command.Value) > 0 {
			for _, f := range fetch.Words(podman.RevealAll(command.Value), context) {
				found = append(found, fetchFinding(c, f, "command", command.Origin))
			}
		}
		for _, text := range c.ConfigStrings.Value {
			if !c.ConfigStrings.Known() || text.Place != "health check" {
				continue
			}
			for _, f := range fetch.Words(healthWords(text), context) {
				found = append(found, fetchFinding(c, f, "health check", text.Origin))
			}
		}
		if !c.Environment.Known() {
			return found
		}
		origins := map[string]podman.Origin{}
		for _, v := range c.Environment.Value {
			origins[v.Name] = v.Origin
		}
		for _, f := range fetch.Variables(context) {
			found = append(found, fetchFinding(c, f, "environment "+f.Variable, origins[f.Variable]))
		}
		return found
	},
}

// healthWords returns a health check's command without the word that says how it is run.
func healthWords(text podman.ConfigString) []string {
	words := podman.RevealAll(text.Words)
	if len(words) < 2 {
		return slices.Concat([]string{"sh", "-c"}, words)
	}
	switch words[0] {
	case "CMD":
		return words[1:]
	case "CMD-SHELL":
		return append([]string{"sh", "-c"}, words[1:]...)
	}
	return words
}

// fetchContext is what decides how much a download matters.
func fetchContext(c *podman.Container) fetch.Context {
	context := fetch.Context{Image: c.Image.Name, Environment: map[string]string{}, Entrypoint: c.ID != "",
		Secret: func(name, value string) bool { _, ok := secret.DetectPair(name, value); return ok }}
	if context.Image == "" {
		context.Image = c.Image.Written.Value
	}
	context.Own = context.Image == "" || strings.HasPrefix(context.Image, "localhost/")
	arguments := 0
	for _, text := range c.ConfigStrings.Value {
		if text.Place == "argument" {
			arguments++
		}
	}
	context.Entrypoint = context.Entrypoint || arguments > 1 // one of them is --entrypoint
	if c.Environment.Known() {
		for _, v := range c.Environment.Value {
			context.Environment[v.Name] = v.Value.Reveal()
		}
	}
	if c.Files.Mounts.Known() {
		for _, m := range c.Files.Mounts.Value {
			context.Sources = context.Sources || m.Type == "bind" && fetch.IsCodeDir(m.Destination)
		}
	}
	base := strings.ToLower(path.Base(c.Definition.Origin.File))
	for _, word := range strings.FieldsFunc(base, func(r rune) bool { return strings.ContainsRune(".-_", r) }) {
		context.Development = context.Development || word == "dev" || word == "development" || word == "override"
	}
	return context
}

// fetchFinding is the finding about a download.
func fetchFinding(c *podman.Container, f fetch.Fetch, setting string, origin podman.Origin) Finding {
	severity, confidence := Severity(f.Level), Certain
	if f.Shape == fetch.Manifest || f.Shape == fetch.Plugin || f.Guarded {
		confidence = Derived
	}
	if f.Local {
		confidence = Guessed
	}
	if c.RunsOnce() && c.Definition.Syntax == podman.SyntaxCommand && f.Shape != fetch.Script && f.Off == "" {
		severity, confidence = min(severity, Info), Derived
	}
	what := make([]string, len(f.What))
	for i, name := range f.What {
		what[i] = shownName(name)
	}
	message, advice := fetchMessage(f, strings.Join(what, ", "), setting == "health check")
	cause := setting + ":" + f.Program
	if len(what) > 0 {
		cause += ":" + what[0]
	}
	return Finding{
		Message: message, Severity: severity, Confidence: confidence, Cause: cause,
		Evidence: []Evidence{{setting, strings.TrimSpace(f.Program + " " + strings.Join(what, " ")), origin}},
		Fix:      Fix{Summary: advice},
	}
}

// fetchMessage says what is downloaded, and what to do instead.
func fetchMessage(f fetch.Fetch, what string, health bool) (message, advice string) {
	when := "at every start"
	if health {
		when = "at every health check"
	}
	if f.Off != "" {
		return fmt.Sprintf("%s downloads %s %s with a check switched off (%s)", f.Program, what, when, f.Off),
			"leave " + f.Off + " out, give it the key or certificate, and build it into an image"
	}
	held := ", whatever version is newest then"
	if f.Pinned {
		held = "; its dependencies are not pinned"
	}
	switch f.Shape {
	case fetch.Runner, fetch.Install:
		if f.Level <= fetch.Low && f.Pinned {
			return fmt.Sprintf("%s downloads %s %s, held to one content", f.Program, what, when), "build it into the image"
		}
		advice = "build it into an image, from a lock file or with hashes"
		if f.Local {
			return fmt.Sprintf("%s downloads %s %s, unless the image has it", f.Program, what, when), advice
		}
		return fmt.Sprintf("%s downloads %s %s%s", f.Program, what, when, held), advice
	case fetch.Manifest:
		return fmt.Sprintf("%s resolves %s %s: what that pins is not seen", f.Program, what, when),
			"build it into an image from a lock file"
	case fetch.Locked:
		return fmt.Sprintf("%s downloads what a lock file or hashes hold %s", f.Program, when), "build them into the image"
	case fetch.Script:
		return fmt.Sprintf("code from %s is downloaded and run %s, unchecked", what, when),
			"build it into an image: ADD --checksum=sha256:… URL; never pipe it into a shell"
	case fetch.File:
		if f.Level == fetch.Low {
			return fmt.Sprintf("%s downloads a program from %s %s, held to a hash", f.Program, what, when),
				"build it into the image"
		}
		return fmt.Sprintf("%s downloads a program from %s %s, and nothing checks it", f.Program, what, when),
			"build it into an image: ADD --checksum=sha256:… URL"
	case fetch.Signed:
		return fmt.Sprintf("%s installs %s %s: signed, in whatever version is current", f.Program, what, when),
			"install it in a Containerfile"
	case fetch.Repository:
		return fmt.Sprintf("%s takes code from %s %s", f.Program, what, when), "build it into an image, by a commit"
	case fetch.Plugin:
		return fmt.Sprintf("%s adds %s %s", f.Program, what, when), "build it into an image"
	case fetch.Remote:
		return fmt.Sprintf("%s runs the code that comes with a model", f.Program),
			"leave --trust-remote-code out, or hold it to a commit: --revision, --code-revision"
	case fetch.Update:
		return fmt.Sprintf("%s updates itself %s", f.Program, when), "build it into an image"
	}
	return fmt.Sprintf("%s downloads %s %s", f.Program, what, when), "build it into an image"
}
