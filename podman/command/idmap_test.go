package command

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podlint/podlint/podman"
)

// TestIDMaps holds what maps Podman 5.4 made of the same options, as /proc/self/uid_map showed in the container.
func TestIDMaps(t *testing.T) {
	for _, test := range []struct {
		options, rootful, rootless string
	}{
		{"0:1000000:65535 +999:10008:1", "0:1000000:999 999:10008:1 1000:1001000:64535", "-"},
		{"0:100:50 +10:120:5 +3:300:1", "0:100:3 3:300:1 4:104:6 10:120:5 15:115:5 25:125:25",
			"0:100:3 3:300:1 4:104:6 10:120:5 15:115:5 25:125:25"},
		{"+0:@%U", "0:0:1", "0:0:1 1:1:65536"}, {"u0:5:10 g0:7:20", "0:5:10", "0:5:10"},
		{"+5:@%U", "-", "0:1:5 5:0:1 6:6:65531"}, {"+u0:@%U:1", "-", "0:0:1 1:1:65536"},
		{"+7:20:3 +8:40:1", "-",
			"0:0:1 1:1:6 7:20:1 8:40:1 9:22:1 10:7:13 23:21:1 24:23:17 41:41:65496"},
		{"0:@100005:2", "0:100005:2", "0:6:2"}, {"0:@5:1", "0:5:1", ""}, {"0:%i:1", "", ""}, {"x0:1:1", "", ""},
		{strings.Repeat("+0:1:1 ", mostMappings+1), "", ""},
	} {
		for _, rootless := range []bool{false, true} {
			want := test.rootful
			host := podman.AssumedHost(podman.Set(rootless, podman.Origin{}), time.Time{})
			if rootless {
				want = test.rootless
				host.UIDs = podman.IDMap{{Inside: 0, Outside: 1001, Size: 1}, {Inside: 1, Outside: 100000, Size: 65536}}
			}
			if want == "-" {
				continue
			}
			words := []Word{{Text: "podman"}, {Text: "run"}}
			for value := range strings.FieldsSeq(test.options) {
				words = append(words, Word{Text: "--uidmap=" + value, Unknown: strings.Contains(value, "%")})
			}
			c, err := ParseWords(append(words, Word{Text: "i"}))
			if err != nil {
				t.Fatal(err)
			}
			b := builder{c, Context{Words: words, Host: host}}
			got, ok := b.idMaps(c.All("uidmap"), 'u', host.UIDs)
			slices.SortFunc(got, func(a, b podman.IDRange) int { return cmp.Compare(a.Inside, b.Inside) })
			if got.String() != want || ok != (want != "") {
				t.Errorf("%.40s (rootless %v): %v %v, want %s", test.options, rootless, got, ok, want)
			}
		}
	}
}
