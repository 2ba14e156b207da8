package quadlet

import (
	"sort"
	"strings"

	"github.com/containers/podman/v5/pkg/systemd/parser"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/command"
)

// expansion says how Podman's generator makes flags of a key's assignments.
type expansion uint8

const (
	lastValue expansion = iota // one flag of the last assignment that is not empty
	anyLast                    // one flag of the last assignment, even an empty one
	lastTrue                   // one flag where the last assignment says yes
	lastBool                   // one flag where there is an assignment
	eachValue                  // one flag for each assignment
	eachWord                   // one flag for each word of each assignment
	eachArg                    // the same, with escapes read
	eachPair                   // one flag for each variable, in the order of their names
)

type keyUse struct {
	key       string
	expansion expansion
}

// keysOf says which keys make a flag, in the order in which the generator goes through them
// (podman v5.8.4, pkg/systemd/quadlet, ConvertContainer and ConvertPod). A test tries each of them on the generator.
var keysOf = map[string][]keyUse{
	"add-host":                {{"AddHost", eachValue}},
	"annotation":              {{"Annotation", eachPair}},
	"cap-add":                 {{"AddCapability", eachWord}},
	"cap-drop":                {{"DropCapability", eachWord}},
	"cgroups":                 {{"CgroupsMode", lastValue}},
	"device":                  {{"AddDevice", eachWord}},
	"dns":                     {{"DNS", eachValue}},
	"dns-option":              {{"DNSOption", eachValue}},
	"dns-search":              {{"DNSSearch", eachValue}},
	"entrypoint":              {{"Entrypoint", anyLast}},
	"env":                     {{"Environment", eachPair}},
	"env-file":                {{"EnvironmentFile", eachArg}},
	"env-host":                {{"EnvironmentHost", lastBool}},
	"exit-policy":             {{"ExitPolicy", anyLast}},
	"expose":                  {{"ExposeHostPort", eachValue}},
	"gidmap":                  {{"GIDMap", eachWord}, {"RemapGid", eachWord}},
	"group-add":               {{"GroupAdd", eachValue}},
	"health-cmd":              {{"HealthCmd", lastValue}},
	"health-interval":         {{"HealthInterval", lastValue}},
	"health-log-destination":  {{"HealthLogDestination", lastValue}},
	"health-max-log-count":    {{"HealthMaxLogCount", lastValue}},
	"health-max-log-size":     {{"HealthMaxLogSize", lastValue}},
	"health-on-failure":       {{"HealthOnFailure", lastValue}},
	"health-retries":          {{"HealthRetries", lastValue}},
	"health-start-period":     {{"HealthStartPeriod", lastValue}},
	"health-startup-cmd":      {{"HealthStartupCmd", lastValue}},
	"health-startup-interval": {{"HealthStartupInterval", lastValue}},
	"health-startup-retries":  {{"HealthStartupRetries", lastValue}},
	"health-startup-success":  {{"HealthStartupSuccess", lastValue}},
	"health-startup-timeout":  {{"HealthStartupTimeout", lastValue}},
	"health-timeout":          {{"HealthTimeout", lastValue}},
	"hostname":                {{"HostName", lastValue}},
	"http-proxy":              {{"HttpProxy", lastBool}},
	"init":                    {{"RunInit", lastBool}},
	"ip":                      {{"IP", lastValue}},
	"ip6":                     {{"IP6", lastValue}},
	"label":                   {{"AutoUpdate", lastValue}, {"Label", eachPair}},
	"log-driver":              {{"LogDriver", anyLast}},
	"log-opt":                 {{"LogOpt", eachWord}},
	"memory":                  {{"Memory", lastValue}},
	"mount":                   {{"Mount", eachArg}},
	"name":                    {{"ContainerName", lastValue}, {"PodName", lastValue}},
	"network":                 {{"Network", eachValue}},
	"network-alias":           {{"NetworkAlias", eachValue}},
	"pids-limit":              {{"PidsLimit", lastValue}},
	"pod":                     {{"Pod", lastValue}},
	"publish":                 {{"PublishPort", eachValue}},
	"pull":                    {{"Pull", lastValue}},
	"read-only":               {{"ReadOnly", lastBool}},
	"read-only-tmpfs":         {{"ReadOnlyTmpfs", lastBool}},
	"retry":                   {{"Retry", lastValue}},
	"retry-delay":             {{"RetryDelay", lastValue}},
	"secret":                  {{"Secret", eachArg}},
	"security-opt": {
		{"NoNewPrivileges", lastTrue}, {"SecurityLabelDisable", lastTrue}, {"SecurityLabelNested", lastTrue},
		{"SecurityLabelType", lastValue},
		{"SecurityLabelFileType", lastValue}, {"SecurityLabelLevel", lastValue}, {"AppArmor", lastValue},
		{"SeccompProfile", anyLast},
		{"Mask", eachArg}, {"Unmask", eachArg},
	},
	"sdnotify":     {{"Notify", anyLast}},
	"shm-size":     {{"ShmSize", lastValue}},
	"stop-signal":  {{"StopSignal", lastValue}},
	"stop-timeout": {{"StopTimeout", lastValue}},
	"subgidname":   {{"SubGIDMap", lastValue}},
	"subuidname":   {{"SubUIDMap", lastValue}},
	"sysctl":       {{"Sysctl", eachWord}},
	"tmpfs":        {{"Tmpfs", eachValue}, {"VolatileTmp", lastTrue}},
	"tz":           {{"Timezone", lastValue}},
	"uidmap":       {{"UIDMap", eachWord}, {"RemapUid", eachWord}},
	"ulimit":       {{"Ulimit", eachValue}},
	"user":         {{"User", lastValue}},
	"userns":       {{"UserNS", lastValue}, {"RemapUsers", lastValue}},
	"volume":       {{"Volume", eachValue}},
	"workdir":      {{"WorkingDir", lastValue}},
}

// origins returns where each word of the command line that the generator made was written. What it adds by itself
// stands nowhere; the section is its place.
func (u *unit) origins(section string, words []string, c *command.Command) []podman.Origin {
	place := u.sections[section]
	at := make([]podman.Origin, len(words))
	for i := range at {
		at[i] = place
	}
	// PodmanArgs stand at the end, before the image and its arguments; GlobalArgs at the beginning.
	end := len(words)
	if !c.Pod {
		end = u.imageOrigins(section, at)
	}
	extra := u.words(section, "PodmanArgs", eachArg)
	end -= len(extra)
	if end < 0 {
		return at
	}
	copy(at[end:], extra)
	global := u.words(section, "GlobalArgs", eachArg)
	first := 1 + len(u.effective(section, "ContainersConfModule"))
	if first+len(global) <= end {
		copy(at[first:], global)
	}
	u.optionOrigins(section, c, first+len(global), end, at)
	return at
}

// imageOrigins fills in where the image and its arguments were written, and returns the index of the first of them.
func (u *unit) imageOrigins(section string, at []podman.Origin) (end int) {
	exec := u.words(section, "Exec", anyLast)
	end = len(at) - len(exec)
	if end > 0 {
		copy(at[end:], exec)
	}
	for _, key := range []string{"Image", "Rootfs"} {
		a := u.last(section, key)
		if a == nil || a.value == "" || end <= 0 {
			continue
		}
		end--
		at[end] = a.origin
		if key == "Rootfs" && end > 0 {
			end--
			at[end] = a.origin
		}
	}
	return end
}

// optionOrigins fills in where the options were written that the generator makes of keys: those whose words stand
// between two indices.
func (u *unit) optionOrigins(section string, c *command.Command, first, end int, at []podman.Origin) {
	made := map[string][]command.Option{}
	for _, o := range c.Options {
		if o.Index >= first && o.Index < end {
			made[o.Name] = append(made[o.Name], o)
		}
	}
	for name, options := range made {
		var from []podman.Origin
		for _, k := range keysOf[name] {
			from = append(from, u.words(section, k.key, k.expansion)...)
		}
		// A flag that takes a list separated by commas occurs once for each value.
		words := [][]command.Option{}
		for _, o := range options {
			if n := len(words); n > 0 && words[n-1][0].ValueIndex == o.ValueIndex {
				words[n-1] = append(words[n-1], o)
			} else {
				words = append(words, []command.Option{o})
			}
		}
		for i, same := range words {
			var origin podman.Origin
			switch {
			case len(from) == len(words):
				origin = from[i]
			case len(from) > 0 && len(words) == 1:
				origin = from[len(from)-1]
			default:
				continue
			}
			at[same[0].Index], at[same[0].ValueIndex] = origin, origin
		}
	}
}

// words returns where the words stand that a key gives.
func (u *unit) words(section, key string, how expansion) []podman.Origin {
	var found []podman.Origin
	switch how {
	case eachValue:
		for _, a := range u.effective(section, key) {
			found = append(found, a.origin)
		}
	case eachWord, eachArg:
		for _, a := range u.effective(section, key) {
			found = append(found, a.words(how)...)
		}
	case eachPair:
		at := map[string]podman.Origin{}
		var names []string
		for _, a := range u.effective(section, key) {
			origins := a.words(eachArg)
			for i, word := range splitAs(a.value, eachArg) {
				name, _, _ := strings.Cut(word, "=")
				if _, ok := at[name]; !ok {
					names = append(names, name)
				}
				at[name] = origins[i]
			}
		}
		sort.Strings(names)
		for _, name := range names {
			found = append(found, at[name])
		}
	default:
		a := u.last(section, key)
		if a == nil {
			return nil
		}
		value := strings.Trim(strings.TrimRight(a.value, " \t"), `"`)
		switch {
		case how == lastValue && value == "", how == lastTrue && !isTrue(value):
			return nil
		case key == "Exec":
			return a.words(eachArg)
		}
		found = append(found, a.origin)
	}
	return found
}

func isTrue(value string) bool {
	switch strings.ToLower(value) {
	case "1", "yes", "true", "on":
		return true
	}
	return false
}

// splitAs splits a value as Podman's parser does.
func splitAs(value string, how expansion) []string {
	file := parser.NewUnitFile()
	file.Add("x", "x", value)
	if how == eachWord {
		return file.LookupAllStrv("x", "x")
	}
	return file.LookupAllArgs("x", "x")
}

// words returns where each word of the value starts; they all stand where the key does if that cannot be told.
func (a *assignment) words(how expansion) []podman.Origin {
	n := len(splitAs(a.value, how))
	found := make([]podman.Origin, n)
	starts := wordStarts(a.value)
	for i := range found {
		found[i] = a.origin
		if len(starts) == n && n > 1 {
			found[i] = a.at(starts[i])
		}
	}
	return found
}

// wordStarts returns the offsets at which the words of a value start, quotes and backslashes minded.
func wordStarts(value string) []int {
	var starts []int
	inWord, quote := false, byte(0)
	for i := 0; i < len(value); i++ {
		c := value[i]
		space := c == ' ' || c == '\t' || c == '\n' || c == '\r'
		if !inWord {
			if space {
				continue
			}
			starts = append(starts, i)
			inWord = true
		}
		switch {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case space:
			inWord = false
		}
	}
	return starts
}
