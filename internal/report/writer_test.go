package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

func TestAnUnknownFormatIsRefusedWithTheKnownOnes(t *testing.T) {
	_, err := NewWriter("yaml", io.Discard, OutputOptions{})
	if err == nil {
		t.Fatal("yaml was taken")
	}
	for _, want := range append(Formats(), `"yaml"`) {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestRowsAreShownAtFlush(t *testing.T) {
	for _, format := range []string{"text", "plain", "json", "jsonl", "csv", "github"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			w, err := NewWriter(format, &out, OutputOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range sampleRun(t)[3:5] {
				if err := errors.Join(w.Write(r), w.Flush()); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(out.String(), r.Target.URL) {
					t.Errorf("after Flush, %s is missing in\n%s", r.Target.URL, &out)
				}
			}
		})
	}
}

func TestOnlyTheOutcomesAskedForAreShown(t *testing.T) {
	everything := "pass warn fail skip"
	for name, row := range map[string]struct {
		format string
		opt    OutputOptions
		want   string
	}{
		"text":         {"text", OutputOptions{}, "warn fail"},
		"text -v":      {"text", OutputOptions{Verbose: true}, everything},
		"text -q":      {"text", OutputOptions{Quiet: true}, "fail"},
		"only wins":    {"text", OutputOptions{Quiet: true, Only: []check.Outcome{check.Pass}}, "pass"},
		"plain":        {"plain", OutputOptions{}, everything},
		"csv":          {"csv", OutputOptions{}, everything},
		"json":         {"json", OutputOptions{}, everything},
		"jsonl":        {"jsonl", OutputOptions{}, everything},
		"junit":        {"junit", OutputOptions{}, everything},
		"markdown":     {"markdown", OutputOptions{}, "warn fail"},
		"github":       {"github", OutputOptions{}, "warn fail"},
		"jsonl only":   {"jsonl", OutputOptions{Only: []check.Outcome{check.Skip, check.Fail}}, "fail skip"},
		"nothing":      {"plain", OutputOptions{Only: []check.Outcome{}}, ""},
		"github skips": {"github", OutputOptions{Only: []check.Outcome{check.Skip}}, "skip"},
	} {
		t.Run(name, func(t *testing.T) {
			var rs []check.Result
			for _, o := range check.Outcomes() {
				rs = append(rs, check.Result{Outcome: o, Target: check.Target{URL: "https://" + string(o) + ".test/"}})
			}
			out := render(t, row.format, row.opt, rs)
			var got []string
			for _, o := range check.Outcomes() {
				if strings.Contains(out, "https://"+string(o)+".test/") {
					got = append(got, string(o))
				}
			}
			if got := strings.Join(got, " "); got != row.want {
				t.Errorf("shows %q, want %q:\n%s", got, row.want, out)
			}
		})
	}
}

func TestTotalsCountWhatIsNotShown(t *testing.T) {
	out := render(t, "jsonl", OutputOptions{Only: []check.Outcome{check.Skip}}, sampleRun(t))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s check.Summary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 2 || s.Total != int64(len(sampleRun(t))) {
		t.Errorf("%d lines and a total of %d, want 2 and %d", len(lines), s.Total, len(sampleRun(t)))
	}
}

// A reader that has gone is seen by every format, and told from other trouble.
func TestAClosedPipeIsToldByItsError(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			out, err := NewWriter(format, w, OutputOptions{})
			if err != nil {
				t.Fatal(err)
			}
			err = errors.Join(out.Write(sampleRun(t)[3]), out.Flush(), out.Close(check.Summary{}))
			if !errors.Is(err, syscall.EPIPE) {
				t.Errorf("got %v, want EPIPE", err)
			}
		})
	}
}

func TestAJSONDocumentIsWholeHoweverEarlyTheRunEnds(t *testing.T) {
	for n := range 4 {
		var doc struct {
			Results []check.Result
			Summary *check.Summary
		}
		out := render(t, "json", OutputOptions{}, sampleRun(t)[:n])
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatalf("%d results: %v in\n%s", n, err, out)
		}
		if len(doc.Results) != n || doc.Results == nil || doc.Summary == nil || doc.Summary.Total != int64(n) {
			t.Errorf("%d results read back as %d, summary %v", n, len(doc.Results), doc.Summary)
		}
	}
}

func TestTeeGivesTheOthersWhatOneRefuses(t *testing.T) {
	broken := errors.New("broken")
	var out bytes.Buffer
	good, err := NewWriter("plain", &out, OutputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w := Tee(refusing{broken}, good)
	for name, err := range map[string]error{"Write": w.Write(sampleRun(t)[0]), "Flush": w.Flush(), "Close": w.Close(check.Summary{})} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want the error of the broken one", name, err)
		}
	}
	if !strings.HasPrefix(out.String(), "PASS\t200\t") {
		t.Errorf("the other has %q", out.String())
	}
}

type refusing struct{ err error }

func (r refusing) Write(check.Result) error  { return r.err }
func (r refusing) Flush() error              { return r.err }
func (r refusing) Close(check.Summary) error { return r.err }

// A secret in a list, in an error or in a redirect is in no format's output.
func TestNoFormatShowsASecret(t *testing.T) {
	rs := sampleRun(t)
	rs[1].FinalURL = "https://example.org/?api_key=hunter2"
	rs[1].Redirects = []check.Hop{{URL: "https://u:hunter2@example.org/", StatusCode: 302}}
	rs[3].FinalURL, rs[3].Redirects = rs[1].FinalURL, rs[1].Redirects
	for _, format := range Formats() {
		out := render(t, format, OutputOptions{Verbose: true, Only: check.Outcomes()}, rs)
		if i := strings.Index(out, "hunter2"); i >= 0 {
			t.Errorf("%s: a secret at …%s", format, out[max(0, i-80):i+7])
		}
	}
}

// Memory is that of the buffers, whatever the length of the run: no format
// collects results. 20 000 rows of 400 bytes would be 8 MB.
func TestFormatsTakeBoundedMemory(t *testing.T) {
	rs := sampleRun(t)
	for i := range rs {
		rs[i].Outcome = slices.Concat(check.Outcomes(), []check.Outcome{check.Fail, check.Fail})[i%6]
	}
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			w, err := NewWriter(format, io.Discard, OutputOptions{Only: check.Outcomes()})
			if err != nil {
				t.Fatal(err)
			}
			before := heap()
			for i := range 20_000 {
				r := rs[i%len(rs)]
				r.Target.Seq = int64(i)
				if err := w.Write(r); err != nil {
					t.Fatal(err)
				}
			}
			if grown := heap() - before; grown > 2<<20 {
				t.Errorf("the heap grew by %d KiB", grown>>10)
			}
			if err := w.Close(check.Summary{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkFormats is the cost of a passed result: what an ordinary run pays
// for each URL.
func BenchmarkFormats(b *testing.B) {
	r := sampleRun(b)[0]
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			w, err := NewWriter(format, io.Discard, OutputOptions{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(r); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(check.Summary{}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
