package command

import (
	"errors"
	"slices"
	"strings"

	"github.com/podlint/podlint/podman"
)

// Word is a word of a command line that stands in a file.
type Word struct {
	// Text is the word without its quotes. What is only known when the command is run stands in it as it was written,
	// such as "${HOME}/data".
	Text string
	// Unknown is set where a part of the word is only known when the command is run.
	Unknown bool
	// Splits is set where the word may become any number of words when the command is run, as an unquoted variable may.
	Splits bool
	// Given is set where a part of the word is written elsewhere than in the command line: as the value of a variable.
	Given bool
	// Origin is where it stands.
	Origin podman.Origin

	// program is the engine that the word may be the program of, where that is not its text.
	program string
	// pieces say where in a script its parts are.
	pieces []piece
	script *shell
}

// ParseWords reads the words of a command line some of which are only known when it is run. A word that may stand for
// several is taken for the image where it looks like one, or nothing else could be it; else it may hold any flag.
func ParseWords(words []Word) (*Command, error) {
	var kept []int // indices into words
	for i := range words {
		kept = append(kept, i)
	}
	open, removed := false, 0
	for {
		texts := make([]string, len(kept))
		for i, k := range kept {
			texts[i] = words[k].Text
		}
		c, err := Parse(texts)
		if errors.Is(err, errNoImage) && open {
			// Every word that could be the image may be flags: what is known are the flags before it.
			c, err = Parse(append(texts, "unknown"))
			if err == nil {
				c.Image = ""
			}
		}
		if err != nil {
			return nil, err
		}
		at := c.ImageIndex
		if !c.Pod && at < len(kept) && words[kept[at]].Splits && !namesImage(words[kept[at]].Text) {
			open = true
			kept = append(kept[:at:at], kept[at+1:]...)
			const most = 50
			if removed++; removed < most {
				continue
			}
			kept = kept[:at] // nothing behind so many can be told
			c.Image, c.Args = "", nil
		}
		if c.Pod && at < len(kept) {
			open = true
		}
		for i, o := range c.Options {
			c.Options[i].Index, c.Options[i].ValueIndex = kept[o.Index], kept[o.ValueIndex]
		}
		c.ImageIndex = len(words)
		if at < len(kept) {
			c.ImageIndex = kept[at]
		}
		c.Open = c.Open || open
		return c, nil
	}
}

// namesImage reports whether a word that may stand for several is an image's name rather than flags: by its default, or
// by what its variable, or the command whose output it is, is called. All elements of a list are none.
func namesImage(text string) bool {
	if strings.Contains(text, "[@]") || strings.Contains(text, "[*]") || text == "$@" || text == "$*" {
		return false
	}
	name, other, given := strings.Cut(text, "-")
	if !given {
		name, other, given = strings.Cut(text, "+")
	}
	if given && strings.HasPrefix(text, "${") {
		if strings.HasPrefix(other, "-") {
			return false
		}
		if text = name; strings.ContainsAny(other, "/:@") {
			return true
		}
	}
	text = strings.ToLower(text)
	for _, flags := range []string{"opt", "arg", "flag", "param", "extra"} {
		if strings.Contains(text, flags) {
			return false
		}
	}
	return strings.Contains(text, "image") || strings.Contains(text, "img") || slices.ContainsFunc(
		strings.FieldsFunc(text, func(r rune) bool { return r < 'a' || r > 'z' }),
		func(word string) bool { return word == "tag" })
}
