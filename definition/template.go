package definition

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
	"github.com/podlint/podlint/podman/jinja"
	"github.com/podlint/podlint/podman/quadlet"
)

// templateEndings are what a template's name has behind that of the file which is made of it.
var templateEndings = []string{".j2", ".jinja", ".jinja2", ".in", ".tmpl", ".tpl", ".template"}

// unitOfTemplate returns the name of the unit that a template is for, false for another file.
func unitOfTemplate(name string) (string, bool) {
	for _, ending := range templateEndings {
		if unit, ok := strings.CutSuffix(name, ending); ok {
			return unit, slices.Contains(quadlet.Extensions(), filepath.Ext(unit))
		}
	}
	return "", false
}

func isTemplateOfUnit(path string) bool {
	_, ok := unitOfTemplate(path)
	return ok
}

// readTemplate reads a template of a unit.
func (s *Set) readTemplate(f podman.File, host *podman.Host) podman.Found {
	unit, _ := unitOfTemplate(f.Path)
	return s.defineTemplate(text{name: unit, file: f.Path, text: f.Text, host: host})
}

// text is a text of a definition that has no file of its own, or none of its name.
type text struct {
	// name is the path that it would have, file the one of the file that it is in.
	name, file string
	text       string
	// at returns where a place of the text is in the file, nil for the same place.
	at   func(line, column int) (int, int)
	host *podman.Host
}

// origin returns where a place of the text is.
func (t text) origin(o podman.Origin) podman.Origin {
	if o.File != t.name {
		return o
	}
	o.File = t.file
	if t.at != nil && o.Line > 0 {
		o.Line, o.Column = t.at(o.Line, max(o.Column, 1))
	}
	return o
}

// onOff matches a line of a unit that an expression switches on or off.
var onOff = regexp.MustCompile(`^(\s*(?:ReadOnly|ReadOnlyTmpfs|NoNewPrivileges|SecurityLabelDisable|` +
	`SecurityLabelNested|RunInit|EnvironmentHost|VolatileTmp|HttpProxy)\s*=\s*)\{\{[^{}]*\}\}\s*$`)

// needed matches a line that a unit is none without.
var needed = regexp.MustCompile(`^\s*(?:Image|Rootfs|Yaml)\s*=`)

// defineTemplate reads a template of a unit. It is read with what is there in any case and with what may be there; a
// setting that is another then is not known.
func (s *Set) defineTemplate(t text) podman.Found {
	lines, written := jinja.Lines(t.text)
	var certain, all []string
	section := false
	for _, line := range lines {
		with, without := line.Text, line.Text
		header := strings.HasPrefix(strings.TrimSpace(line.Text), "[")
		section = section || header
		switch {
		case line.Uncertain && !needed.MatchString(line.Text) && !header:
			without = ""
		case onOff.MatchString(line.Text):
			with, without = onOff.ReplaceAllString(line.Text, "${1}true"), ""
		}
		certain, all = append(certain, without), append(all, with)
	}
	if !section {
		return podman.Found{Nothing: "a template without a section"}
	}
	without := s.readUnit(podman.File{Path: t.name, Text: strings.Join(certain, "\n")}, t.host)
	if !slices.Equal(certain, all) {
		with := s.readUnit(podman.File{Path: t.name, Text: strings.Join(all, "\n")}, t.host)
		if len(with.Containers) == len(without.Containers) {
			for i, c := range without.Containers {
				unlessSame(reflect.ValueOf(c).Elem(), reflect.ValueOf(with.Containers[i]).Elem())
			}
		}
	}
	s.relocate(&without, t, written)
	for i := range without.Problems {
		p := &without.Problems[i]
		p.Warning = true
		if p.Hint == "" {
			p.Hint = "it is a template; check what is made of it"
		}
	}
	return without
}

// relocate puts a text's own file and places in place of those of the name that it was read by, and what was written in
// place of what was put there for it.
func (s *Set) relocate(d *podman.Found, t text, written map[string]string) {
	var pairs []string
	for put, was := range written {
		pairs = append(pairs, put, was)
	}
	restore := strings.NewReplacer(pairs...)
	for _, c := range d.Containers {
		each(reflect.ValueOf(c).Elem(), func(v reflect.Value) {
			switch {
			case v.Type() == reflect.TypeFor[podman.Origin]():
				v.Set(reflect.ValueOf(t.origin(v.Interface().(podman.Origin))))
			case v.Kind() == reflect.String && strings.Contains(v.String(), "{{"):
				v.SetString(restore.Replace(v.String()))
			}
		})
	}
	for i := range d.Problems {
		p := &d.Problems[i]
		p.Origin, p.Message = t.origin(p.Origin), restore.Replace(p.Message)
	}
	for i, file := range d.Files {
		if file == t.name {
			d.Files[i] = t.file
		}
	}
}

// each calls a function for each value that can be set in a container. What it shares with others, its host, is left
// out.
func each(v reflect.Value, call func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[podman.Origin]() {
			call(v)
			return
		}
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				each(f, call)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String && v.Len() > 0 { // which may be shared
			own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(own, v)
			v.Set(own)
		}
		for i := range v.Len() {
			each(v.Index(i), call)
		}
	case reflect.String:
		call(v)
	default:
	}
}

// unlessSame makes the settings unknown that are another in a container that was read with more. Lists of what a
// container is given, its mounts, ports and variables, keep what is in both.
func unlessSame(v, other reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	value, state := v.FieldByName("Value"), v.FieldByName("State")
	if value.IsValid() && state.IsValid() && state.Type() == reflect.TypeFor[podman.State]() {
		if value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct &&
			value.Type() != reflect.TypeFor[podman.IDMap]() {
			return
		}
		if state.Interface() != other.FieldByName("State").Interface() ||
			!reflect.DeepEqual(value.Interface(), other.FieldByName("Value").Interface()) {
			state.SetZero()
		}
		return
	}
	for i := range v.NumField() {
		if f := v.Field(i); f.CanSet() {
			unlessSame(f, other.Field(i))
		}
	}
}
