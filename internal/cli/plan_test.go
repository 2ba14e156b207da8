package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman/live/livetest"
	"github.com/podlint/podlint/report"
)

// runAt runs a command of podlint.
func runAt(t testing.TB, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{Streams: Streams{strings.NewReader(""), &stdout, &stderr}, now: func() time.Time { return captured }}
	status = a.run(context.Background(), args)
	return status, stdout.String(), stderr.String()
}

// standingOf sums up what check says of the containers of a directory.
func standingOf(t *testing.T, dir string) report.Standing {
	t.Helper()
	_, out, _ := checkAt(t, "", "--format", "json", dir)
	s := report.Standing{Reach: map[string]int{}}
	var r struct {
		Containers []struct {
			Reach    *struct{ Level string }
			Exposure *float64
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Containers {
		if c.Reach != nil {
			s.Reach[c.Reach.Level]++
		}
		if c.Exposure != nil {
			s.Exposure += *c.Exposure
		}
	}
	return s
}

const userless = "Image=registry.example.org/team/x:1\nUser=%d:%d\n"

// planned is a directory of units of several kinds.
func planned(t *testing.T) string {
	t.Helper()
	files := map[string]string{}
	for i := range 4 {
		files[fmt.Sprintf("plain-%d.container", i)] = "[Container]\n" + fmt.Sprintf(userless, 0, 0)
		files[fmt.Sprintf("sock%d.container", i)] = "[Container]\n" + fmt.Sprintf(userless, 0, 0) +
			"Volume=/run/podman/podman.sock:/run/docker.sock\nPublishPort=80:80\n"
	}
	for i := range 2 {
		files[fmt.Sprintf("own%d.container", i)] = "[Container]\n" + fmt.Sprintf(userless, 7, 7) +
			"UserNS=auto\nNoNewPrivileges=true\nReadOnly=true\nDropCapability=all\n"
	}
	files["big.container"] = "[Container]\n" + fmt.Sprintf(userless, 0, 0) + "PodmanArgs=--privileged\nVolume=/:/host\n"
	files["who.container"] = "[Container]\nImage=registry.example.org/team/who:1\nUser=app\n"
	files["made.sh"] = "podman run -d --name made --user 0:0 --network host --pid host --cap-add SYS_ADMIN " +
		"--device /dev/sda --security-opt seccomp=unconfined registry.example.org/team/x:1\n"
	return writeTree(t, files)
}

// TestPlanIsTrue holds that each step of a plan comes to what it says: the command that it names is run, and what check
// says then is what the plan said before.
func TestPlanIsTrue(t *testing.T) {
	dir := planned(t)
	t.Chdir(dir)
	status, out, errs := runAt(t, "plan", "--steps", "12", "--format", "json", ".")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, %s", status, errs)
	}
	var plan report.Plan
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		t.Fatal(err)
	}
	same := func(what string, want report.Standing) {
		t.Helper()
		got := standingOf(t, ".")
		const rounding = 0.05
		if math.Abs(got.Exposure-want.Exposure) > rounding || fmt.Sprint(got.Reach) != fmt.Sprint(want.Reach) {
			t.Errorf("%s: the plan says %v, check says %v", what, want, got)
		}
	}
	same("before", plan.Before)
	if len(plan.Steps) < 6 || plan.Unknown != 0 {
		t.Fatalf("%d steps, %d unknown:\n%s", len(plan.Steps), plan.Unknown, out)
	}
	for _, s := range plan.Steps {
		if len(s.Command) < 3 || s.Command[0] != "podlint" || s.Command[1] != "fix" || len(s.ByHand) > 0 {
			t.Fatalf("%s: %q, by hand %q", s.Change, s.Command, s.ByHand)
		}
		status, _, errs := runAt(t, append([]string{"fix", "--write", "--all"}, s.Command[2:]...)...)
		if status != 0 {
			t.Errorf("%q: status %d, %s", s.Command, status, errs)
		}
		same(s.Change, s.After)
	}
	same("after", plan.After)
}

// TestPlanText holds what the plan looks like, and where it says that nothing, or not everything, is known.
func TestPlanText(t *testing.T) {
	t.Chdir(planned(t))
	_, out, _ := runAt(t, "plan", "--steps", "2", ".")
	for _, want := range []string{"Plan", "  1  ", "host-root, exposure ", "podlint fix --rule uid-map ",
		"With all of it: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	t.Chdir(writeTree(t, map[string]string{"a.container": "[Container]\nImage=registry.example.org/x/a:1\n" +
		"NoNewPrivileges=true\nReadOnly=true\n"}))
	if _, out, _ := runAt(t, "plan", "."); !strings.Contains(out, "no change that podlint knows") ||
		!strings.Contains(out, "1 container with an unknown reach is in no sum") {
		t.Errorf("of a container whose user nobody knows:\n%s", out)
	}
	for _, args := range [][]string{{"--steps", "0", "."}, {"--format", "xml", "."}, {"--rootless", "--rootful", "."},
		{"absent.container"}} {
		if status, _, _ := runAt(t, append([]string{"plan"}, args...)...); status != 2 {
			t.Errorf("plan %q: status %d", args, status)
		}
	}
}

// TestPlanOfWaived holds that what is waived is in no plan.
func TestPlanOfWaived(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{"a.container": "[Container]\n" + fmt.Sprintf(userless, 0, 0) +
		"# podlint: ignore=privileged it loads modules\nPodmanArgs=--privileged\n"}))
	if _, out, _ := runAt(t, "plan", "."); strings.Contains(out, "--privileged") {
		t.Errorf("a waived finding is planned:\n%s", out)
	}
	if _, out, _ := runAt(t, "check", "."); strings.Contains(out, "explain privileged") {
		t.Errorf("what is next is about a waived finding:\n%s", out)
	}
}

// TestOverview holds when check and scan print the overview, and that it names what it says.
func TestOverview(t *testing.T) {
	t.Chdir(planned(t))
	const mark = "\nReach\n"
	few := []string{"big.container", "sock1.container", "own1.container"}
	for _, test := range []struct {
		args []string
		want bool
	}{
		{[]string{"."}, true},
		{[]string{"--full", "."}, false},
		{[]string{"--verbose", "."}, false},
		{few, false},
		{append([]string{"--overview"}, few...), true},
	} {
		_, out, _ := checkAt(t, "", test.args...)
		if got := strings.Contains(out, mark); got != test.want {
			t.Errorf("%q: an overview: %v\n%s", test.args, got, out)
		}
		if test.want != strings.Contains(out, "\nPlan") {
			t.Errorf("%q: it has a plan: %v", test.args, !test.want)
		}
	}
	if status, _, _ := checkAt(t, "", "--full", "--overview", "."); status != 2 {
		t.Error("--full and --overview go together")
	}
	_, out, _ := checkAt(t, "", ".")
	for _, want := range []string{"systemd-sock0, systemd-sock1, systemd-sock2, systemd-sock3: ",
		"systemd-big 9.6; made 9.1; systemd-sock0, ",
		"  high     uid-map", "not in: systemd-own0, ", "podlint check --full big.container"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if critical, high := strings.Index(out, "critical"), strings.Index(out, "high  "); critical > high {
		t.Errorf("the worst is not first:\n%s", out)
	}
}

// TestWorstFirst holds that check begins with the worst unit.
func TestWorstFirst(t *testing.T) {
	t.Chdir(writeTree(t, map[string]string{
		"a.container": "[Container]\n" + fmt.Sprintf(userless, 7, 7),
		"b.container": "[Container]\n" + fmt.Sprintf(userless, 0, 0) + "PodmanArgs=--privileged\n",
		"c.container": "[Container]\n" + fmt.Sprintf(userless, 0, 0),
	}))
	_, out, _ := checkAt(t, "", ".")
	a, b, c := strings.Index(out, "systemd-a "), strings.Index(out, "systemd-b "), strings.Index(out, "systemd-c ")
	if b > c || c > a {
		t.Errorf("the order is not b, c, a:\n%s", out)
	}
}

// TestOverviewOfService holds the overview of a service: which service was asked is in the commands that lead on, and
// a name shows the details.
func TestOverviewOfService(t *testing.T) {
	for _, name := range livetest.Names() {
		url := livetest.Serve(t, livetest.Load(t, name))
		_, out, _ := scanAt(t, url)
		for _, want := range []string{"\nReach\n", "\nPlan", "podlint fix --rule ", "--url"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, out)
			}
		}
		if _, out, _ := scanAt(t, url, "secret-variable"); strings.Contains(out, "\nReach\n") {
			t.Errorf("%s: a name has an overview:\n%s", name, out)
		}
	}
}
