package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// inScript describes the containers of a script: name, image, where --privileged is written ("-" where it is not given,
// "?" where it may be), whose they are, and whether what is not given is known.
func inScript(text string) string {
	host := podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{})
	read := Script{File: "a.sh", Text: text}.Read(host)
	found, problems := read.Containers, read.Problems
	var lines []string
	for _, c := range found {
		at, whose := "-", "assumed"
		switch p := c.Confinement.Privileged; {
		case p.Value:
			at = fmt.Sprint(p.Origin.Line, ":", p.Origin.Column)
		case !p.Known():
			at = "?"
		}
		if c.Host.Rootless.State == podman.StateSet {
			whose = map[bool]string{true: "user", false: "root"}[c.Host.Rootless.Value]
		}
		if !c.Files.ReadOnly.Known() {
			whose += " open"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Name, c.Image.Name, at, whose))
	}
	for _, p := range problems {
		if !p.Warning {
			lines = append(lines, "error "+p.Message)
		}
	}
	return strings.Join(lines, "; ")
}

// TestWordsOfScripts holds what becomes of words that the shell expands.
func TestWordsOfScripts(t *testing.T) {
	for _, test := range []struct{ script, want string }{
		{`podman run "$@" --privileged --name w i`, "w i 1:17 assumed open"},
		{`podman run $@ --privileged --name w i`, "w i 1:15 assumed open"},
		{`podman run "${A[@]}" --privileged --name w i`, "w i 1:22 assumed open"},
		{`podman run "${A[@]:1}" --privileged --name w i`, "w i 1:24 assumed open"},
		{`podman run ${A[*]} --privileged --name w i`, "w i 1:20 assumed open"},
		{`podman run ${E:+--foo} --privileged --name w i`, "w i 1:24 assumed open"},
		{`podman run "${E:+--foo}" --privileged --name w i`, "w i 1:26 assumed open"},
		{`podman run ${OPTS:---a=b:c} --privileged --name w i`, "w i 1:29 assumed open"},
		{`podman run ${A[@]+"${A[@]}"} --privileged --name w i`, "w i 1:30 assumed open"},
		{`podman run $(cat /etc/opts) --privileged --name w i`, "w i 1:29 assumed open"},
		{`podman run $IMAGE_OPTS --privileged --name w i`, "w i 1:24 assumed open"},
		{`podman run --name w $IMAGE --privileged`, "w $IMAGE - assumed"},
		{`podman run --name w ${IMG:-docker.io/a/b:1} --privileged`, "w ${IMG:-docker.io/a/b:1} - assumed"},
		{`podman run --name w "$I" --privileged`, "w $I - assumed"},
		{`podman run --name w $OPTS`, "w  ? assumed open"},

		{"A=(--name w --privileged)\npodman run \"${A[@]}\" i", "w i 1:13 assumed"},
		{"A=(--name w)\nA+=(--privileged)\npodman run \"${A[@]}\" i", "w i 2:5 assumed"},
		{"A=(--name w)\nif x; then A+=(--privileged); fi\npodman run \"${A[@]}\" i", "w i ? assumed open"},
		{"A=()\n[ x ] && A+=(--privileged)\npodman run \"${A[@]}\" --name w i", "w i ? assumed open"},
		{"A=()\npodman run \"${A[@]}\" --name w i", "w i - assumed"},
		{"A=()\npodman run ${A[@]+\"${A[@]}\"} --name w i", "w i - assumed"},
		{"A=(--privileged)\npodman run ${A[@]+\"${A[@]}\"} --name w i", "w i 1:4 assumed"},
		{"A=(\n  --name w # x\n  --privileged\n)\npodman run \"${A[@]}\" i", "w i 3:3 assumed"},
		{"O='--name w --privileged'\npodman run $O i", "w i 1:13 assumed"},
		{"O='--privileged --name'\npodman run $O 'a b' i", "a b i 1:4 assumed"},
		{"O='--name w'\nO=\"$O --privileged\"\npodman run $O i", "w i 2:7 assumed"},
		{"O='--name w'\nO+=' --privileged'\npodman run $O i", "w i 2:6 assumed"},
		{"O=\"$O --privileged\"\npodman run $O --name w i", "w i 1:7 assumed open"},
		{"N=w I=docker.io/a/b:1\npodman run --name $N \"$I\"", "w docker.io/a/b:1 - assumed"},
		{"P=--privileged\npodman run ${P:+$P} --name w i", "w i 1:3 assumed"},
		{"P=\npodman run $P ${P:+--privileged} --name w i", "w i - assumed"},
		{"P=${P:-}\npodman run ${P:+--privileged} --name w i", "w i ? assumed open"},
		{"if x; then O=--rm; else O=--privileged; fi\npodman run $O --name w i", "w i ? assumed open"},
		{"O=--rm\npodman run $O --name a i\nO=--privileged\npodman run $O --name b i", "a i - assumed; b i 3:3 assumed"},
		{"O=--rm\nfor x in 1 2; do podman run $O --name a i; O=--privileged; done", "a i ? assumed open"},
		{"for x in 1 2; do O=--rm; podman run $O --name a i; O=--privileged; done", "a i - assumed"},
		{"O=--rm\n. ./lib.sh\npodman run $O --name a i", "a i ? assumed open"},
		{". ./lib.sh\nO=--rm\npodman run $O --name a i", "a i - assumed"},
		{"O=--rm\nread O\npodman run $O --name a i", "a i ? assumed open"},
		{"O=--rm\nf() { O=--privileged; }\nf\npodman run $O --name a i", "a i ? assumed open"},
		{"f() { podman run $O --name a i; }\nO=--rm\nf", "a i ? assumed open"},
		{"f() { local O=--rm; podman run $O --name a i; }\ng() { local O=--privileged; podman run $O --name b i; }",
			"a i - assumed; b i 2:15 assumed"},
		{"(O=--privileged)\npodman run $O --name a i", "a i ? assumed open"},
		{"O=--rm | x\npodman run $O --name a i", "a i ? assumed open"},
		{"O=--rm && podman run $O --name a i", "a i - assumed"},
		{"x && O=--rm && podman run $O --name a i", "a i - assumed"},
		{"x && O=--rm; podman run $O --name a i", "a i ? assumed open"},
		{"export O=--privileged; readonly N=a\npodman run $O --name $N i", "a i 1:10 assumed"},
		{"set -- --privileged --name a\npodman run \"$@\" i", "a i 1:8 assumed"},
		{"set -- \"$@\" --privileged\npodman run \"$@\" --name a i", "a i 1:13 assumed open"},
		{"set -- --rm\nf() { podman run \"$@\" --name a i; }", "a i ? assumed open"},
		{"IFS=,\nO=--rm,--privileged\npodman run $O --name a i", "a i ? assumed open"},
		{"O=$O$O$O; O=$O$O$O\npodman run $O --privileged --name a i", "a i 2:15 assumed open"},
		{"A=x\npodman run -e \"A=\\$A\" --privileged \\\n  --name a i", "a i 2:23 assumed"},
	} {
		if got := inScript(test.script); got != test.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", test.script, got, test.want)
		}
	}
}

// TestLaunchers holds which containers are found behind other programs, and as whose.
func TestLaunchers(t *testing.T) {
	const run = "podman run --privileged --name w i"
	for _, test := range []struct{ script, want string }{
		{"E=podman\n$E run --privileged --name w i", "w i 2:8 assumed"},
		{"E=${E:-podman}\n\"$E\" run --privileged --name w i", "w i 2:10 assumed"},
		{"${E:-podman} run --privileged --name w i", "w i 1:18 assumed"},
		{"if x; then E=podman; else E=docker; fi\n$E run --privileged --name w i", "w i 2:8 assumed"},
		{"E=$(command -v podman || command -v docker)\n$E run --privileged --name w i", "w i 2:8 assumed"},
		{"# podman\n$CONTAINER_ENGINE run --privileged --name w i", "w i 2:23 assumed"},
		{"# podman\n$EDITOR run --privileged --name w i", ""},
		{"C='podman run --privileged'\n$C --name w i", "w i 1:15 assumed"},
		{"C=(podman run --privileged --name w i)\n\"${C[@]}\"", "w i 1:15 assumed"},
		{"podman-remote run --privileged --name w i", "w i 1:19 assumed"},
		{"docker run --privileged --name w i", "w i 1:12 assumed"},
		{"docker run --no-such-flag --name w i", ""},
		{"$SUDO " + run, "w i 1:18 assumed"},
		{"nohup " + run + " &", "w i 1:18 assumed"},
		{"env -u X A=b " + run, "w i 1:25 assumed"},
		{"exec -a x " + run, "w i 1:22 assumed"},
		{"time " + run, "w i 1:17 assumed"},
		{"/usr/bin/time -f %e " + run, "w i 1:32 assumed"},
		{"timeout -k 1 5 " + run, "w i 1:27 assumed"},
		{"nice -n 5 ionice -c2 -n7 " + run, "w i 1:37 assumed"},
		{"flock -n f " + run, "w i 1:23 assumed"},
		{"flock f -c '" + run + "'", "w i 1:24 assumed"},
		{"flock -w 5 f sh -c '" + run + "'", "w i 1:32 assumed"},
		{"x | xargs -n1 podman run --privileged --name w", "w  1:26 assumed open"},
		{"x | xargs -I{} podman run --privileged --name w {}", "w {} 1:27 assumed"},
		{"find . -exec podman run --privileged --name w i {} \\;", "w i 1:25 assumed"},
		{"find . -exec sh -c '" + run + "' \\;", "w i 1:32 assumed"},
		{"bash -ec '" + run + "'", "w i 1:22 assumed"},
		{"bash -o pipefail -c \"" + run + "\"", "w i 1:33 assumed"},
		{"eval \"" + run + "\"", "w i 1:18 assumed"},
		{"eval " + run, "w i 1:17 assumed"},
		{"trap '" + run + "' EXIT", "w i 1:18 assumed"},
		{"bash <<X\n" + run + "\nX", "w i 2:12 assumed"},
		{"bash -s <<'X'\nx\n" + run + "\nX", "w i 3:12 assumed"},
		{"bash <<-X\n\tx\n\tpodman run \\\n\t--privileged --name w i\n\tX", "w i 4:2 assumed"},
		{"bash <<< '" + run + "'", "w i 1:22 assumed"},
		{"cat <<X | bash\n" + run + "\nX", "w i 2:12 assumed"},
		{"echo '" + run + "' | sh", "w i 1:18 assumed"},
		{"P=--privileged\nbash <<X\npodman run $P --name w i\nX", "w i 1:3 assumed"},
		{"P=--privileged\nbash <<'X'\npodman run $P --name w i\nX", "w i ? assumed open"},
		{"sg docker -c 'docker run --privileged --name w i'", "w i 1:26 assumed"},
		{"tmux new-session -d 'cd /; " + run + "'", "w i 1:39 assumed"},
		{"screen -dmS x " + run, "w i 1:26 assumed"},
		{"at now <<< '" + run + "'", "w i 1:24 assumed"},
		{"script -qc '" + run + "' /dev/null", "w i 1:24 assumed"},
		{"gcloud compute ssh h --command='" + run + "'", "w i 1:44 assumed"},
		{"vagrant ssh -c '" + run + "'", "w i 1:28 assumed"},
		{"start-stop-daemon -S --exec /usr/bin/podman -- run --privileged --name w i", "w i 1:52 assumed"},
		{"start-stop-daemon -S -c app -x /usr/bin/podman -- run --privileged --name w i", "w i 1:55 user"},
		{"wsl -d x " + run, "w i 1:21 assumed"},
		{"lxc exec c -- " + run, "w i 1:26 assumed"},
		{"tmux send-keys 'x' podman-tools", ""},
		{"cat > f <<X\n" + run + "\nX", ""},
		{"bash script.sh <<X\n" + run + "\nX", ""},
		{"echo " + run, ""},
		{"sudo echo " + run, ""},
		{"grep podman run x", ""},
		{"command -v podman run x", ""},

		{"sudo " + run, "w i 1:17 root"},
		{"sudo -u app " + run, "w i 1:24 user"},
		{"sudo -nHu app -- " + run, "w i 1:29 user"},
		{"sudo -u podman A=b " + run, "w i 1:31 user"},
		{"sudo --user=root " + run, "w i 1:29 root"},
		{"sudo -u \"$U\" " + run, "w i 1:25 assumed"},
		{"U=app\nsudo -u \"$U\" " + run, "w i 2:25 user"},
		{"sudo -iu app bash <<X\n" + run + "\nX", "w i 2:12 user"},
		{"sudo -i <<X\n" + run + "\nX", "w i 2:12 root"},
		{"doas -u app " + run, "w i 1:24 user"},
		{"su -c '" + run + "'", "w i 1:19 root"},
		{"su - app -c \"" + run + "\"", "w i 1:25 user"},
		{"su -l app --command=\"" + run + "\"", "w i 1:33 user"},
		{"su -s /bin/sh -c '" + run + "' app", "w i 1:30 user"},
		{"sudo su - app -c 'cd x && " + run + "'", "w i 1:38 user"},
		{"su - app <<X\n" + run + "\nX", "w i 2:12 user"},
		{"runuser -u app -- " + run, "w i 1:30 user"},
		{"runuser -l app -c '" + run + "'", "w i 1:31 user"},
		{"runuser - app -c '" + run + "'", "w i 1:30 user"},
		{"machinectl shell app@ /usr/bin/" + run, "w i 1:43 user"},
		{"machinectl -q shell --uid=app .host /bin/bash -c '" + run + "'", "w i 1:62 user"},
		{"machinectl shell .host /usr/bin/" + run, "w i 1:44 root"},
		{"systemd-run --unit x -p A=b --wait " + run, "w i 1:47 assumed"},
		{"systemd-run --uid=app " + run, "w i 1:34 user"},
		{"systemd-run --user -M app@ " + run, "w i 1:39 user"},
		{"setpriv --reuid=app --init-groups " + run, "w i 1:46 user"},
		{"gosu app " + run, "w i 1:21 user"},

		{"ssh h " + run, "w i 1:18 assumed"},
		{"ssh root@h " + run, "w i 1:23 root"},
		{"ssh -p 22 -i k -o A=b app@h '" + run + "'", "w i 1:41 user"},
		{"ssh -l app h \"cd x; " + run + "\"", "w i 1:32 user"},
		{"ssh -t app@h sudo " + run, "w i 1:30 root"},
		{"ssh app@h <<X\n" + run + "\nX", "w i 2:12 user"},
		{"cat <<X | ssh app@h bash -s\n" + run + "\nX", "w i 2:12 user"},
		{"ssh app@h bash -c \"'" + run + "'\"", "w i 1:32 user"},
		{"sudo -u x ssh h " + run, "w i 1:28 assumed"},
		{"sshpass -p x ssh root@h " + run, "w i 1:36 root"},
		{"ID=$(ssh root@h " + run + ")", "w i 1:28 root"},
	} {
		if got := inScript(test.script); got != test.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", test.script, got, test.want)
		}
	}
}

// TestCapabilitiesBesideUnknownWords holds that a capability that is added is there whatever else may be given.
func TestCapabilitiesBesideUnknownWords(t *testing.T) {
	host := podman.AssumedHost(podman.DefaultTo(false, podman.Origin{}), time.Time{})
	for flags, want := range map[string]string{
		"": "unknown", "--cap-add=SYS_ADMIN": "[CAP_SYS_ADMIN]", "--cap-drop=CHOWN": "unknown", "--cap-add=$C": "unknown",
	} {
		found := Script{File: "a.sh", Text: "podman run \"$@\" " + flags + " i"}.Read(host).Containers
		got := "unknown"
		if b := found[0].Capabilities.Bounding; b.Known() {
			got = fmt.Sprint(b.Value)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", flags, got, want)
		}
	}
}

// TestCallsToEdit holds that what is written elsewhere, for Docker, or for another shell is no command line to edit.
func TestCallsToEdit(t *testing.T) {
	for script, want := range map[string]int{
		"sudo -u x podman run i": 1, "ssh h podman run i": 0, "bash -c 'podman run i'": 0, "docker run i": 0,
		"flock f podman run i": 1, "A=(--rm)\npodman run \"${A[@]}\" i": 1,
	} {
		calls := Script{File: "a.sh", Text: script}.Calls()
		if len(calls) != want {
			t.Errorf("%s: %d calls, want %d", script, len(calls), want)
		}
		for _, c := range calls {
			if len(c.Words) != len(c.Spans) || script[c.Spans[0][0]:c.Spans[0][1]] != "podman" {
				t.Errorf("%s: spans %v of %d words", script, c.Spans, len(c.Words))
			}
		}
	}
}
