package report

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hc-health/hc/internal/check"
)

// collect reads text by decode and fails on what no target may be, and where a
// stream that gives one byte at a time has other targets than one that gives all.
func collect(t *testing.T, decode decoder, text string) []check.Target {
	t.Helper()
	read := func(r *bufio.Reader) (got []check.Target, err error) {
		err = decode(r, Defaults{Method: "GET"}, func(target check.Target) bool {
			got = append(got, target)
			return true
		})
		return got, err
	}
	got, err := read(bufio.NewReaderSize(strings.NewReader(text), readAhead))
	for _, target := range got {
		switch {
		case (target.URL == "") != (target.Invalid != ""):
			t.Fatalf("neither good nor bad: %+v", target)
		case len(target.Input) > maxInput || len(target.Invalid) > maxWhy:
			t.Fatalf("too much is kept: %+v", target)
		case target.Method == "" || target.Source.Line < 1:
			t.Fatalf("not complete: %+v", target)
		}
	}
	slow, slowErr := read(bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(text)), readAhead))
	same := slices.EqualFunc(got, slow, func(a, b check.Target) bool { return show(a) == show(b) && a.Input == b.Input })
	if !same || (err == nil) != (slowErr == nil) {
		t.Fatalf("%d targets and %v at once, %d and %v byte by byte", len(got), err, len(slow), slowErr)
	}
	return got
}

// inOrder is the invariant of Source.Line in formats of which an element may
// have several lines.
func inOrder(t *testing.T, got []check.Target, text string) {
	t.Helper()
	last := strings.Count(text, "\n") + 1
	line := 1
	for _, target := range got {
		if target.Source.Line < line || target.Source.Line > last {
			t.Fatalf("line %d after line %d, of %d", target.Source.Line, line, last)
		}
		line = target.Source.Line
	}
}

// FuzzLines is of what splits NDJSON and every other format of lines, that of
// --resume too. Invariants: put together again, the lines are the text, but for the
// CR before an LF; they are numbered without a gap; a line longer than the buffer
// is said to be, and is its own beginning; a stream that gives one byte at a time
// has the same lines.
func FuzzLines(f *testing.F) {
	const buffer = 4 << 10 // so that what the fuzzer writes may be too long
	for _, s := range []string{"", "\n", "a\nb", "a\r\n\r\nb\r", "{}\n{\"cut", strings.Repeat("x", buffer-2) + "\r\n", strings.Repeat("x", buffer-1) + "\n", strings.Repeat("x", 3*buffer) + "\ny"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read := func(r io.Reader) (got []string, long []bool) {
			l := lines{r: bufio.NewReaderSize(r, buffer)}
			for l.scan() {
				if got = append(got, string(l.text)); l.number != len(got) {
					t.Fatalf("line %d is numbered %d", len(got), l.number)
				}
				long = append(long, l.long)
			}
			if l.err != nil {
				t.Fatal(l.err)
			}
			return got, long
		}
		got, long := read(strings.NewReader(text))
		if slow, slowLong := read(iotest.OneByteReader(strings.NewReader(text))); !slices.Equal(got, slow) || !slices.Equal(long, slowLong) {
			t.Fatalf("%q at once, %q byte by byte", got, slow)
		}
		want := strings.Split(text, "\n")
		if n := len(want) - 1; want[n] == "" {
			want = want[:n]
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines of %d", len(got), len(want))
		}
		for i, line := range want {
			line = strings.TrimSuffix(line, "\r")
			if long[i] != (len(line) > buffer-2) {
				t.Fatalf("line %d of %d bytes: long is %v", i+1, len(line), long[i])
			}
			if long[i] && len(got[i]) >= maxInput-1 && strings.HasPrefix(line, got[i]) {
				continue
			}
			if got[i] != line {
				t.Fatalf("line %d is %q, want %q", i+1, got[i], line)
			}
		}
	})
}

// Invariants: no panic; lines in order; each line that is neither blank nor a
// comment is one target.
func FuzzTargetsJSONL(f *testing.F) {
	for _, s := range []string{
		`{"url":"https://a.test/","method":"POST","accept":[200,"3xx"],"headers":{"A":"b"},"body":"x","tags":["t"]}`,
		`{"url":"a","nonsense":1}` + "\n" + `"b"` + "\n# c\n\n[]\n{}\n1\nnull\n" + `{"url":"a"} x`, `{"url":`, "\x00", `{"url":"a","accept":1e99}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := collect(t, decodeJSONL, text)
		inOrder(t, got, text)
		n := 0
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				n++
			}
		}
		if n != len(got) {
			t.Fatalf("%d targets of %d lines", len(got), n)
		}
	})
}

// Invariants: no panic; rows in order; each line below the header that is not
// blank is a target or goes on from one.
func FuzzTargetsCSV(f *testing.F) {
	for _, s := range []string{
		"url\nhttps://a.test/\n", "a;URL;tags\n1;a.test;x;y\n", "url,b\n\"a.test\n\",c\n\"open\nb.test\n", "url\n\"a\"b\nc\n", "\"url\"\t\"x\"\r\na\tb\r\n", "x,y\n", "url\n,\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := collect(t, decodeCSV, text)
		inOrder(t, got, text)
		if strings.Contains(text, `"`) || len(got) == 0 {
			return
		}
		n := 0
		for line := range strings.SplitSeq(text, "\n") {
			if strings.TrimSpace(line) != "" {
				n++
			}
		}
		if n-1 != len(got) {
			t.Fatalf("%d targets of %d lines below the header", len(got), n-1)
		}
	})
}

// Invariants: no panic; elements in order. A lone CR ends a line of YAML, too.
func FuzzTargetsYAML(f *testing.F) {
	for _, s := range []string{
		"- url: https://a.test/\n  accept: [200, 3xx]\n- b.test\n", "targets:\n- a\n", "[{\"url\": \"a\"}]", "- &a {url: x}\n- *a\n", "- url: .nan\n- ? x\n- - y\n", "---\n- a\n---\n- b\n...\n", "- |\n  a\n- !!binary aGk=\n", "\t", "- {url: a, accept: 0x10}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inOrder(t, collect(t, decodeYAML, text), strings.ReplaceAll(text, "\r", "\n"))
	})
}

// Invariants: no panic; locs in order.
func FuzzTargetsSitemap(f *testing.F) {
	for _, s := range []string{
		"<urlset><url><loc>https://a.test/</loc></url></urlset>", "<urlset xmlns:i='x'><url><loc>\n<![CDATA[a]]>&amp;<!-- c --></loc><i:i><i:loc>b</i:loc></i:i></url></urlset>", "<sitemapindex/>", "<urlset><url><loc>", "<?xml version='1.0' encoding='latin1'?><urlset/>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inOrder(t, collect(t, decodeSitemap, text), text)
	})
}

// Invariants: no panic; numbers without gaps; what is sniffed is either an error
// before the first target, or read.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{"a\nb\na\n", "url,x\na,b\n", "- a\n", "{\"url\":\"a\"}\n", "<urlset/>", "\xef\xbb\xbf#\n[::1]\n", "\xff\xfe", "a\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := Open([]string{"-", "https://arg.test/"}, bytes.NewReader(text), InputOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for target := range in.All() {
			if target.Seq != n {
				t.Fatalf("seq %d is numbered %d", n, target.Seq)
			}
			n++
		}
		if total, final := in.Total(); total != n || !final {
			t.Fatalf("%d targets, Total says %d, %v", n, total, final)
		}
		if bytes.IndexByte(text[:min(len(text), sniffed)], 0) >= 0 && (in.Err() == nil || n > 0) {
			t.Fatalf("%d targets of binary input, %v", n, in.Err())
		}
	})
}
