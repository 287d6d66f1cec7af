package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

func TestTXTLines(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       string // without the line number; "" is no target
	}{
		{"URL", "https://a.test/", "GET https://a.test/"},
		{"no scheme", "a.test/x", "GET https://a.test/x"},
		{"blanks around", " \t https://a.test/ \t ", "GET https://a.test/"},
		{"CRLF", "https://a.test/\r", "GET https://a.test/"},
		{"blank", "", ""},
		{"only blanks", " \t \r", ""},
		{"comment", "# https://a.test/", ""},
		{"indented comment", "   # https://a.test/", ""},
		{"comment behind", "https://a.test/ # https://b.test/", "GET https://a.test/"},
		{"comment behind a tab", "https://a.test/\t#x", "GET https://a.test/"},
		{"fragment", "https://a.test/#x", "GET https://a.test/"},
		{"everything", "POST https://api.test/ping   202 <300ms tag=api", "POST https://api.test/ping 202 <300ms tag=api"},
		{"redirect", "https://old.test/ 301", "GET https://old.test/ 301"},
		{"ranges", "https://a.test/ 2xx,404", "GET https://a.test/ 200-299,404"},
		{"the default codes", "https://a.test/ 200-299", "GET https://a.test/"},
		{"method in small letters", "head a.test", "HEAD https://a.test/"},
		{"auto", "AUTO a.test", "AUTO https://a.test/"},
		{"host named like a method", "get", "GET https://get/"},
		{"any order", "https://a.test/ tag=a <1s 200 tag=b", "GET https://a.test/ 200 <1s tag=a tag=b"},
		{"all keys", "https://a.test/ timeout=2s body=^ok$ header=content-type:^text/ header=X-A:. cert_days=14", "GET https://a.test/ body=^ok$ header=Content-Type:^text/ header=X-A:. cert_days=14 timeout=2s"},
		{"quoted value", `https://a.test/ body="all ""good"" # yes" tag="a b"`, `GET https://a.test/ body=all "good" # yes tag=a b`},
		{"quote inside a value", `https://a.test/ body=a"b`, `GET https://a.test/ body=a"b`},
		{"quote in the URL", `https://a.test/?tag="x"`, `GET https://a.test/?tag=%22x%22`},
		{"backslash in a value", `https://a.test/ body=\d+\s"`, `GET https://a.test/ body=\d+\s"`},
		{"URL in a value", "https://a.test/ body=https://b.test", "GET https://a.test/ body=https://b.test"},

		{"other scheme", "ftp://a.test/", "bad: scheme ftp is not http or https"},
		{"NUL", "https://a.test/\x00", "bad: …"},
		{"unknown method", "FETCH https://a.test/", `bad: unknown method "FETCH": write one of GET HEAD …`},
		{"method without URL", "GET # nothing", "GET https://get/"},
		{"two URLs", "https://a.test/ https://b.test/", "bad: two URLs in one line: write one per line, …"},
		{"blank in the URL", "https://a.test/a b", `bad: "b" is no part of a target: after the URL come codes …`},
		{"arrow", "https://a.test/ 301 -> https://b.test/", `bad: "->" is no part of a target…`},
		{"unknown key", "https://a.test/ retries=3", `bad: "retries" is no part of a target…`},
		{"key in capitals", "https://a.test/ TAG=3", `bad: "TAG" is no part of a target…`},
		{"key without value", "https://a.test/ tag=", "bad: tag= says nothing: leave it out"},
		{"empty quotes", `https://a.test/ tag=""`, "bad: tag= says nothing: leave it out"},
		{"open quote", `https://a.test/ tag="a b`, "bad: the quote after tag= is not closed"},
		{"text after a quote", `https://a.test/ tag="a"b`, "bad: after the closing quote of tag= a blank is wanted…"},
		{"bad code", "https://a.test/ 99", `bad: "99" is no status code or range: …`},
		{"two lists of codes", "https://a.test/ 200 301", "bad: two lists of codes in one line: …"},
		{"bare latency", "https://a.test/ <300", `bad: latency "300" is no duration above 0: write 300ms or 1.5s`},
		{"no latency", "https://a.test/ < 300ms", `bad: latency "" is no duration…`},
		{"two latencies", "https://a.test/ <1s <2s", "bad: two latencies in one line"},
		{"two timeouts", "https://a.test/ timeout=1s timeout=1s", "bad: two timeout= in one line"},
		{"bad expression", "https://a.test/ body=(", "bad: body: error parsing regexp: missing closing ): `(`: RE2 syntax is wanted…"},
		{"rule without expression", "https://a.test/ header=X-A", "bad: header: an empty pattern matches everything…"},
		{"rule without name", "https://a.test/ header=:x", `bad: header: "" is no header name`},
		{"negative days", "https://a.test/ cert_days=-1", "bad: cert_days -1 is not 1 to 36500"},
		{"no days", "https://a.test/ cert_days=soon", `bad: cert_days: "soon" is no number of days`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			if tt.want != "" {
				want = []string{"2: " + tt.want}
			}
			sameLines(t, decoded(t, decodeTXT, "#\n"+tt.line+"\n"), want)
		})
	}
}

func TestBadLineMasksWhatItQuotes(t *testing.T) {
	got := decoded(t, decodeTXT, "https://a.test/ 200 x?token=hunter2\nhttps://a.test/ tag=\"https://u:hunter2@b.test/\nGET  https://u:hunter2@a.test:x/ 200\n")
	if text := strings.Join(got, "\n"); strings.Contains(text, "hunter2") || strings.Count(text, "bad:") != 3 {
		t.Error(text)
	}
}

// formatTarget writes a target as a txt line that reads back as the same.
func formatTarget(t check.Target) string {
	words := []string{t.Method, t.URL}
	e := t.Expect
	if c := e.Codes.String(); c != "200-299" {
		words = append(words, c)
	}
	if e.Latency > 0 {
		words = append(words, "<"+e.Latency.String())
	}
	option := func(key, value string) {
		if strings.ContainsAny(value, " \t") || strings.HasPrefix(value, `"`) {
			value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		}
		words = append(words, key+"="+value)
	}
	if e.Body != nil {
		option("body", e.Body.String())
	}
	for _, h := range e.Header {
		option("header", h.Name+":"+h.Match.String())
	}
	if e.CertDays > 0 {
		option("cert_days", fmt.Sprint(e.CertDays))
	}
	for _, tag := range t.Tags {
		option("tag", tag)
	}
	if t.Timeout > 0 {
		option("timeout", t.Timeout.String())
	}
	return strings.Join(words, " ")
}

// Invariants: no panic; each line is one target, or none where it is blank or a
// comment; lines are numbered truly; a good target reads back from its own text;
// what a line says in the words of Expect.String is its expectation.
func FuzzTargetsTXT(f *testing.F) {
	for _, s := range []string{
		"https://a.test/", "POST https://a.test/ 2xx,301 <300ms tag=a body=\"x y\" header=A:b cert_days=3 timeout=1s # c",
		"\n\r\n#\n a \n", "\x00", "[::1]:80/ 200", "é.test", `https://a.test/ tag="""a"`, "a\u00a0b 200", "a.test\v200",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := collect(t, decodeTXT, text)
		i := 0
		for n, line := range strings.Split(text, "\n") {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			if i == len(got) {
				t.Fatalf("line %d, %q, is lost", n+1, line)
			}
			target := got[i]
			i++
			if target.Source.Line != n+1 {
				t.Fatalf("line %d says it is line %d", n+1, target.Source.Line)
			}
			if target.Input != clip(line, maxInput) {
				t.Fatalf("input %q of line %q", target.Input, line)
			}
			if target.Invalid != "" {
				continue
			}
			again := collect(t, decodeTXT, formatTarget(target))
			if len(again) != 1 || again[0].Invalid != "" || again[0].Key() != target.Key() ||
				again[0].Timeout != target.Timeout || fmt.Sprint(again[0].Tags) != fmt.Sprint(target.Tags) {
				t.Fatalf("%q reads back as %+v", formatTarget(target), again)
			}
		}
		if i != len(got) {
			t.Fatalf("%d targets of %d lines", len(got), i)
		}
	})
}

func TestTXTTimeoutIsADuration(t *testing.T) {
	got := collect(t, decodeTXT, "a.test timeout=1m30s\n")
	if got[0].Timeout != 90*time.Second {
		t.Errorf("%v", got[0].Timeout)
	}
}
