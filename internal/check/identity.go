package check

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// Identity says which check this was, in text that holds no secret: method, URL
// and expectation. It is how --resume and --baseline find a target in the lines
// of an earlier run; a Result read back from its line has the Identity of the
// one that was written. In lines written by hand the URL need not be canonical,
// and method and expectation may be missing.
//
// Two targets that differ in a secret alone have the same line but for where
// they were written. So that none passes for the other, the source is part of
// the Identity where something is masked; such a line of a list that was edited
// is checked again.
func (r Result) Identity() string {
	t := r.Target
	shown := MaskURL(t.URL) // first, as in the line that is read back
	if canonical, err := Normalize(shown); err == nil {
		shown = MaskURL(canonical)
	}
	if shown == "" {
		shown = MaskText(t.Input) // a bad line has no URL
	}
	id := cmp.Or(t.Method, http.MethodGet) + " " + shown
	if expect := t.Expect.String(); expect != "" {
		id += " " + expect
	}
	if strings.Contains(shown, mask) {
		id += " " + t.Source.File + ":" + strconv.Itoa(t.Source.Line)
	}
	return id
}
