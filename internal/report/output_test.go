package report

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hc-health/hc/internal/check"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sampleRun is what the goldens show: an everyday run, with what hostile lists and
// servers send among it.
func sampleRun(t testing.TB) []check.Result {
	t.Helper()
	at := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	codes, err := check.ParseCodes("200-299,403")
	if err != nil {
		t.Fatal(err)
	}
	ok := check.Result{
		Target:  check.Target{URL: "https://example.com/", Input: "example.com tag=web", Tags: []string{"web"}},
		Outcome: check.Pass, StatusCode: 200, Attempts: 1, Protocol: "HTTP/2.0",
		RemoteIP: netip.MustParseAddr("192.0.2.7"), ContentLength: 1256,
		Timing: check.Timing{
			Queue: time.Millisecond, Resolve: 2 * time.Millisecond, Connect: 11 * time.Millisecond, TLS: 24 * time.Millisecond,
			Processing: 31250 * time.Microsecond, Transfer: 400 * time.Microsecond,
		},
		TLS: &check.TLS{Version: "1.3", Issuer: "CN=Example CA,O=Example", NotAfter: at.AddDate(0, 0, 43)},
	}
	failed := func(url string, reason check.Reason, status int, err string, took time.Duration) check.Result {
		r := check.Failed(check.Target{URL: url, Input: url}, reason, err)
		r.StatusCode, r.Attempts, r.Timing.Processing = status, 1, took
		return r
	}
	moved := ok
	moved.Target = check.Target{URL: "http://example.org/old", Input: "http://example.org/old"}
	moved.FinalURL = "https://example.org/new"
	moved.Redirects = []check.Hop{{URL: "http://example.org/old", StatusCode: 301}}
	cached := ok
	cached.Target = check.Target{URL: "https://example.com/cached", Input: "https://example.com/cached"}
	cached.Cached, cached.CacheAge = true, 90*time.Second
	down := failed("https://api.example.com/health", check.HTTPStatus, 503, "503 Service Unavailable, want 200-299,403", 212*time.Millisecond)
	down.Target.Expect.Codes, down.Attempts, down.Protocol = codes, 3, "HTTP/1.1"
	throttled := failed("https://gitlab.example.org/x", check.RateLimited, 429, "throttled: 429 Too Many Requests, Retry-After 1h0m0s", 88*time.Millisecond)
	known := failed("https://old.example.com/gone", check.HTTPStatus, 404, "known: 404 Not Found, want 200-299", 31*time.Millisecond)
	known.Outcome = check.Warn
	slow := failed("https://example.com/slow", check.LatencyExceeded, 200, "answered in 1.234s, want 300ms", 1234*time.Millisecond)
	slow.Target.Expect.Latency = 300 * time.Millisecond
	lost := failed("https://old.example.com/", check.DNS, 0, "lookup old.example.com: no such host", 4*time.Millisecond)
	secret := failed("https://user:hunter2@example.com/a?token=hunter2&b=1", check.ConnectRefused, 0,
		"dial tcp 192.0.2.9:443: connect: connection refused (https://user:hunter2@example.com/)", 700*time.Microsecond)
	bad := check.Failed(check.Target{Input: "=cmd|' /C calc'!A1\x1b[2J\r\n::error::forged"}, check.InvalidURL, "a URL needs a host")
	hostile := failed("https://example.com/"+strings.Repeat("very/long/path/", 9)+"?q=1", check.ProtocolError, 0,
		"malformed answer \"\x1b]0;title\a|`<script> @octocat\u202e\xff##[error]\"\r\nX", 20*time.Millisecond)
	stopped := check.Failed(check.Target{URL: "https://example.com/cut", Input: "https://example.com/cut"}, check.Canceled, "interrupted")
	all := []check.Result{ok, moved, cached, down, throttled, known, slow, lost, secret, bad, hostile, stopped}
	for i := range all {
		all[i].Target.Seq = int64(i)
		all[i].Target.Source = check.Source{File: "urls.txt", Line: 3*i + 2}
		if all[i].Attempts > 0 {
			all[i].CheckedAt = at.Add(time.Duration(i) * 100 * time.Millisecond)
		}
	}
	all[8].Target.Source = check.Source{File: "-", Line: 1}
	all[10].Target.Source = check.Source{File: "more/a:b,c%.txt", Line: 7}
	all[11].Target.Source = check.Source{}
	return all
}

// summarize is the summary of rs as the command makes it.
func summarize(rs []check.Result) check.Summary {
	var tally check.Tally
	for _, r := range rs {
		tally.Add(r)
	}
	s := tally.Summary()
	s.Duration, s.Version, s.Duplicates = 5200*time.Millisecond, "1.0.0", 2
	if s.Fail > 0 {
		s.ExitCode = 1
	}
	return s
}

// render writes rs in a format, flushing as a slow run would.
func render(t testing.TB, format string, opt OutputOptions, rs []check.Result) string {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(format, &out, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(summarize(rs)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFormatsLookLikeTheirGoldens(t *testing.T) {
	for name, row := range map[string]struct {
		format string
		opt    OutputOptions
		rs     []check.Result
	}{
		"text":            {format: "text", opt: OutputOptions{Width: 140}, rs: sampleRun(t)},
		"text-narrow":     {format: "text", opt: OutputOptions{Width: 60}, rs: sampleRun(t)},
		"text-color":      {format: "text", opt: OutputOptions{Color: true}, rs: sampleRun(t)},
		"text-verbose":    {format: "text", opt: OutputOptions{Verbose: true, Width: 140}, rs: sampleRun(t)},
		"text-quiet":      {format: "text", opt: OutputOptions{Quiet: true, Width: 140}, rs: sampleRun(t)},
		"text-passed":     {format: "text", rs: sampleRun(t)[:3]},
		"plain":           {format: "plain", rs: sampleRun(t)},
		"plain-skip":      {format: "plain", opt: OutputOptions{Only: []check.Outcome{check.Skip}}, rs: sampleRun(t)},
		"json":            {format: "json", rs: sampleRun(t)},
		"json-empty":      {format: "json"},
		"jsonl":           {format: "jsonl", rs: sampleRun(t)},
		"csv":             {format: "csv", rs: sampleRun(t)},
		"junit":           {format: "junit", rs: sampleRun(t)},
		"junit-empty":     {format: "junit"},
		"markdown":        {format: "markdown", rs: sampleRun(t)},
		"markdown-passed": {format: "markdown", rs: sampleRun(t)[:3]},
		"github":          {format: "github", rs: sampleRun(t)},
		"prometheus":      {format: "prometheus", opt: OutputOptions{Only: []check.Outcome{check.Skip}}, rs: sampleRun(t)},
		"prometheus-none": {format: "prometheus"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			synctest.Test(t, func(t *testing.T) { got = render(t, row.format, row.opt, row.rs) }) // a clock that stands still
			path := filepath.Join("testdata", "output", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-golden +got:\n%s", diff)
			}
		})
	}
}
