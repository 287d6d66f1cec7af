package report

import (
	"strings"
	"testing"
)

func TestColorMode(t *testing.T) {
	for name, row := range map[string]struct {
		flag string
		tty  bool
		env  map[string]string
		want bool
	}{
		"a terminal":                     {"auto", true, nil, true},
		"no flag is auto":                {"", true, nil, true},
		"a pipe":                         {"auto", false, nil, false},
		"NO_COLOR":                       {"auto", true, map[string]string{"NO_COLOR": "1"}, false},
		"NO_COLOR=0 is set, too":         {"auto", true, map[string]string{"NO_COLOR": "0"}, false},
		"an empty NO_COLOR is not set":   {"auto", true, map[string]string{"NO_COLOR": ""}, true},
		"always beats NO_COLOR":          {"always", false, map[string]string{"NO_COLOR": "1"}, true},
		"never beats CLICOLOR_FORCE":     {"never", true, map[string]string{"CLICOLOR_FORCE": "1"}, false},
		"CLICOLOR_FORCE on a pipe":       {"auto", false, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		"CLICOLOR_FORCE=0 does not":      {"auto", false, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		"FORCE_COLOR on a pipe":          {"auto", false, map[string]string{"FORCE_COLOR": "1"}, true},
		"FORCE_COLOR=0 does not":         {"auto", false, map[string]string{"FORCE_COLOR": "0"}, false},
		"NO_COLOR beats CLICOLOR_FORCE":  {"auto", true, map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, false},
		"CLICOLOR_FORCE beats TERM=dumb": {"auto", true, map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, true},
		"TERM=dumb":                      {"auto", true, map[string]string{"TERM": "dumb"}, false},
		"CLICOLOR=0":                     {"auto", true, map[string]string{"CLICOLOR": "0"}, false},
		"CLICOLOR=1 on a pipe":           {"auto", false, map[string]string{"CLICOLOR": "1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ColorMode(row.flag, row.tty, func(k string) string { return row.env[k] }); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestWithoutColorThereIsNoEscape(t *testing.T) {
	for _, format := range []string{"text", "plain", "markdown", "github"} {
		if out := render(t, format, OutputOptions{Verbose: true, Only: nil}, sampleRun(t)); strings.Contains(out, "\x1b") {
			t.Errorf("%s: an escape in\n%q", format, out)
		}
	}
}
