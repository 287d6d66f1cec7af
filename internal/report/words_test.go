package report

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hc-health/hc/internal/check"
)

func TestWhatDoesNotPrintIsSpelledOut(t *testing.T) {
	for s, want := range map[string]string{
		"https://example.com/ü?q=1": "https://example.com/ü?q=1",
		"\x1b[2J":                   `\x1b[2J`,
		"a\r\nb\tc":                 `a\r\nb\tc`,
		"\u009b1m":                  `\u009b1m`,
		"a\u202eb":                  `a\u202eb`,
		"a\u2028b":                  `a\u2028b`,
		"a\xffb":                    `a\xffb`,
		"\u200b":                    `\u200b`,
		"\ufffd":                    "\ufffd",
		"":                          "",
	} {
		if got := clean(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for want, got := range map[string]string{
		"0s":         span(0),
		"0.4ms":      span(400 * time.Microsecond),
		"4ms":        span(4 * time.Millisecond),
		"212ms":      span(212*time.Millisecond + 400*time.Microsecond),
		"1.2s":       span(1234 * time.Millisecond),
		"5m7s":       span(5*time.Minute + 7*time.Second),
		"0":          count(0),
		"999":        count(999),
		"1,000":      count(1000),
		"12,345,678": count(12345678),
		"1 url":      plural(1, "url"),
		"2,000 urls": plural(2000, "url"),
		"0.0/s":      perSecond(0),
		"9.5/s":      perSecond(9.5),
		"1,930/s":    perSecond(1929.7),
		"abc…":       shorten("abcdef", 3),
		"üü…":        shorten("üüü", 2),
		"üüü":        shorten("üüü", 3),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// FuzzRows: nothing that a list or a server wrote reaches a terminal or a log as
// anything but printing characters, and a plain record is one line of seven
// fields.
func FuzzRows(f *testing.F) {
	f.Add("https://example.com/", "\x1b]0;x\a", "a\tb", 60)
	f.Add("\u202e", "\xff\r\n", "\x00", 300)
	f.Fuzz(func(t *testing.T, input, text, file string, width int) {
		r := check.Failed(check.Target{Input: input, Source: check.Source{File: file, Line: 1}}, check.InvalidURL, text)
		for _, format := range []string{"text", "plain", "github", "markdown"} {
			out := render(t, format, OutputOptions{Width: width, Verbose: true}, []check.Result{r})
			if !utf8.ValidString(out) {
				t.Errorf("%s: not UTF-8: %q", format, out)
			}
			if i := strings.IndexFunc(out, func(c rune) bool { return hidden(c) && c != '\n' && (c != '\t' || format != "plain") }); i >= 0 {
				t.Errorf("%s: %q in %q", format, out[i:i+1], out)
			}
			if format == "plain" && (strings.Count(out, "\n") != 1 || strings.Count(out, "\t") != 6) {
				t.Errorf("no record of seven fields: %q", out)
			}
		}
	})
}
