package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/rules/secret"
)

var plaintextSecret = Rule{
	ID:       "plaintext-secret",
	Title:    "A secret is stored in clear text in the container's configuration",
	Severity: High, OnResource: true,
	Kind:    FixSecret,
	Untried: "the secret has to be created first",
	Why: `What is written in a container's environment, command line or labels is shown by podman inspect, lies in
Podman's database and in the unit or script that makes the container, is inherited by every process in it, and ends in
logs and crash reports. Anyone who can view the configuration has the password.`,
	Remedy: "Keep it with `podman secret create` and hand it over with `--secret`: as a file under /run/secrets, " +
		"which most images take " +
		"through a variable that ends in _FILE, or else as a variable with `type=env`. Then change it: it has been " +
		"readable until now.",
	CIS: "",
	See: []string{"https://docs.podman.io/en/latest/markdown/podman-secret-create.1.html",
		"https://docs.podman.io/en/latest/markdown/podman-run.1.html#secret-secret-opt-opt"},
	Check: func(c *podman.Container) []Finding {
		found := secretVariables(c)
		if !c.ConfigStrings.Known() {
			return found
		}
		for _, text := range c.ConfigStrings.Value {
			found = append(found, secretsInText(text)...)
		}
		return found
	},
}

func secretVariables(c *podman.Container) []Finding {
	if !c.Environment.Known() {
		return nil
	}
	var found []Finding
	for _, v := range c.Environment.Value {
		if v.Owner != podman.OwnerUser && v.Owner != podman.OwnerProxy {
			continue
		}
		match, ok := secret.DetectPair(v.Name, v.Value.Reveal())
		if !ok {
			continue
		}
		name := shownName(v.Name)
		what := fmt.Sprintf("variable %s holds %s", name, match.What)
		fix := Fix{
			Summary: "keep it as a Podman secret, and change it", Drop: true,
			Changes: []Change{secretChange(c, v.Name)},
		}
		if c.Definition.Syntax == podman.SyntaxKube {
			fix.Summary = "keep it in a Secret that is played from a file of its own, and change it"
		}
		if v.Owner == podman.OwnerProxy {
			what += ", which Podman copied from the host's environment"
			fix = Fix{Summary: "keep the host's proxy variables out",
				Changes: []Change{{Flag: "--http-proxy=false"}}}
		}
		found = append(found, secretFinding(match, what, "environment "+name, "variable:"+name, v.Origin, fix))
	}
	return found
}

func secretsInText(text podman.ConfigString) []Finding {
	fix := Fix{Summary: "hand it over as a Podman secret (--secret), and change it"}
	words := podman.RevealAll(text.Words)
	switch text.Place {
	case "argument", "health check":
		return secretsInWords(text, words, fix)
	case "label", "annotation", "build argument", "build variable", "volume option":
		match, ok := secret.DetectPair(text.Name, words[0])
		if !ok {
			match, ok = secret.DetectText(text.Name) // a label without a value is all name
		}
		if !ok || match.Confidence == secret.Guess { // labels are full of identifiers
			return nil
		}
		name := shownName(text.Name)
		fix.Summary = "leave it out of the " + text.Place +
			", hand it over as a Podman secret (--secret), and change it"
		return []Finding{secretFinding(match, fmt.Sprintf("%s %s holds %s", text.Place, name, match.What), text.Place+
			" "+name, text.Place+":"+name, text.Origin, fix)}
	case "option":
		match, ok := secret.DetectPair(strings.TrimLeft(text.Name, "-"), words[0])
		if text.Name == "--creds" {
			match, ok = secret.Match{What: "a registry's password", Confidence: secret.Likely},
				strings.Contains(words[0], ":")
			fix.Summary = "log in with `podman login`, leave --creds out, and change the password"
		}
		if !ok || match.Confidence == secret.Guess {
			return nil
		}
		name := shownName(text.Name)
		return []Finding{secretFinding(match, fmt.Sprintf("option %s holds %s", name, match.What), "option "+name,
			"option:"+name, text.Origin, fix)}
	case "config":
		return secretsInConfig(text, words[0], fix)
	case "secret":
		return secretsInKubeSecret(text, words[0])
	case "hostname":
		match, ok := secret.DetectText(words[0])
		if !ok {
			return nil
		}
		return []Finding{secretFinding(match, "the hostname holds "+match.What, "hostname", "hostname", text.Origin,
			fix)}
	}
	return nil
}

// secretsInKubeSecret finds a secret among the values of a Secret: podman kube play stores it well, but its YAML is
// where anybody can read it.
func secretsInKubeSecret(text podman.ConfigString, value string) []Finding {
	match, ok := secret.DetectPair(text.Name, value)
	if !ok {
		match, ok = secret.DetectText(value)
	}
	if !ok {
		match.What = secret.DetectFile(secretFiles[text.Name], []byte(value))
		match.Confidence, ok = secret.Sure, match.What != ""
	}
	if !ok {
		return nil
	}
	name := shownName(text.Name)
	return []Finding{secretFinding(match, fmt.Sprintf("the Secret's %s holds %s in clear text or base64", name,
		match.What), "secret "+name, "secret:"+name, text.Origin, Fix{Summary: "keep the Secret in a file of its own " +
		"outside of the repository, play that first, and change the value"})}
}

// secretFiles are the files that keys of a Secret are, by their names in Kubernetes.
var secretFiles = map[string]string{".dockerconfigjson": "/root/.docker/config.json", ".dockercfg": "/root/.dockercfg",
	"tls.key": "/etc/ssl/private/tls.key", "ssh-privatekey": "/root/.ssh/id_rsa"}

// secretsInWords finds secrets in an argument list or a health check.
func secretsInWords(text podman.ConfigString, words []string, fix Fix) []Finding {
	var found []Finding
	matches := secret.DetectArgs(words)
	for i := range words {
		match, ok := matches[i]
		if !ok {
			continue
		}
		what := fmt.Sprintf("%s %d holds %s", text.Place, i+1, match.What)
		if match.Name != "" {
			what += fmt.Sprintf(" (%s)", shownName(match.Name))
		}
		origin := text.Origin
		switch {
		case i < len(text.WordOrigins):
			origin = text.WordOrigins[i]
		case origin.File != "":
		case text.Place == "health check":
			origin.Field = fmt.Sprintf("%s.Test[%d]", origin.Field, i)
		default:
			origin.Field = fmt.Sprintf("%s[%d]", origin.Field, i)
		}
		found = append(found, secretFinding(match, what, text.Place, text.Place+":"+shownName(match.Name)+":"+
			match.What, origin, fix))
	}
	return found
}

// secretsInConfig finds a secret in a line of a config.
func secretsInConfig(text podman.ConfigString, line string, fix Fix) []Finding {
	name, value, given := strings.Cut(line, "=")
	if !given {
		name, value, _ = strings.Cut(line, ":")
	}
	match, ok := secret.DetectPair(strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`))
	if !ok {
		match, ok = secret.DetectText(line)
	}
	if !ok || match.Confidence == secret.Guess {
		return nil
	}
	place := "config " + shownName(text.Name)
	return []Finding{secretFinding(match, place+" holds "+match.What, place,
		"config:"+shownName(text.Name)+":"+shownName(strings.TrimSpace(name)), text.Origin, fix)}
}

// secretOwner is a container's name that the name of a secret may begin with: what a Kubernetes Secret may be called,
// too (RFC 1123).
var secretOwner = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$`)

// secretChange hands the variable over as a secret that is called by the container and it, in lower case: secrets are
// one namespace for all containers of an account.
func secretChange(c *podman.Container, variable string) Change {
	if shownName(variable) != variable || slices.Contains([]string{"", "_"}, variable) ||
		strings.ContainsAny(variable, ", =\"") {
		return Change{Flag: "--secret=NAME,type=env,target=VARIABLE"}
	}
	name := strings.ReplaceAll(strings.ToLower(variable), "_", "-")
	owner := strings.TrimPrefix(strings.ToLower(c.Name), "systemd-")
	if secretOwner.MatchString(owner) && shownName(owner) == owner && !strings.HasPrefix(name, owner+"-") {
		name = owner + "-" + name
	}
	value := fmt.Sprintf("%s,type=env,target=%s", name, variable)
	return Change{Flag: "--secret=" + value}
}
