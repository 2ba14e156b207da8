package podman

import (
	"errors"
	"fmt"
	"testing"
)

// TestProblem shows the place, the message and the advice of what could not be read.
func TestProblem(t *testing.T) {
	cause := errors.New("cut off")
	hinted := Problem{Target: "layer", Err: cause, Hint: "scan again"}
	for _, tt := range []struct {
		problem Problem
		want    string
	}{
		{Problem{Origin: Origin{File: "a.container", Line: 3, Column: 7}, Message: "no image",
			Hint: "set Image="}, "a.container:3: no image [set Image=]"},
		{Problem{Target: "web", Err: cause}, "web: cut off []"},
		{Problem{Target: "web", Err: &hinted}, "web: layer: cut off [scan again]"},
		{Problem{Target: "web", Message: "not read", Hint: "wait", Err: &hinted},
			"web: not read [wait]"},
	} {
		wrapped := fmt.Errorf("%w", &tt.problem)
		if got := fmt.Sprintf("%v [%s]", wrapped, tt.problem.Advice()); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
		if tt.problem.Err != nil && !errors.Is(wrapped, cause) {
			t.Errorf("%v does not come of its cause", wrapped)
		}
	}
}
