package report

import "testing"

// TestDistinct holds that of paths only that is shown which tells them from one another.
func TestDistinct(t *testing.T) {
	all := []string{"q/old/web/c/web.container", "q/web/c/web.container", "q/web/c/web.pod", "web.sh", "q/a/b.yaml"}
	for _, test := range []struct {
		path   string
		others []string
		want   string
	}{
		{all[0], all[:2], "old/…"},
		{all[1], all[:2], "web/…"},
		{all[1], all[:3], "web/c/web.container"},
		{all[2], all[:3], "web/c/web.pod"},
		{all[3], all, "web.sh"},
		{all[4], all, "q/a/…"},
		{all[3], []string{all[3], all[3]}, "web.sh"},
		{"a/b", []string{"a/b", ""}, "a/…"},
	} {
		if got := distinct(test.path, test.others); got != test.want {
			t.Errorf("%s: %s, want %s", test.path, got, test.want)
		}
	}
}
