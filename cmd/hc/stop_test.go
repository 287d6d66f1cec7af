package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// The other ends a run may have before its targets are used up.
func TestHowARunStopsEarly(t *testing.T) {
	s := newSite(t)
	slow := writeList(t, 500, s.URL+"/slow/")
	bad := writeList(t, 500, s.URL+"/status/404?")
	for name, row := range map[string]struct {
		args []string
		code int
		why  string
		good func(check.Summary) bool
	}{
		"deadline": {
			[]string{slow, "--deadline", "0.3"},
			4, "the deadline was reached after",
			func(s check.Summary) bool { return s.Fail == 0 && s.Skip > 0 && s.Total+s.Incomplete == 500 },
		},
		"deadline and a failure": {
			[]string{s.URL + "/status/404", slow, "--deadline", "0.3"},
			1, "1 failed",
			func(s check.Summary) bool { return s.Fail == 1 && s.Total+s.Incomplete == 501 },
		},
		"deadline never reached": {
			[]string{s.URL + "/ok/1", "--deadline", "1h"},
			0, "",
			func(s check.Summary) bool { return s.Pass == 1 },
		},
		"fail fast": {
			[]string{s.URL + "/status/404", slow, "--fail-fast"},
			1, "1 failed, stopped there: after 1 of 501 targets",
			func(s check.Summary) bool { return s.Fail == 1 && s.Total+s.Incomplete == 501 },
		},
		"max failures": {
			[]string{bad, "--max-failures", "3", "--retries", "0", "--per-host", "1"},
			1, " failed, stopped there",
			func(s check.Summary) bool { return s.Fail >= 3 && s.Fail < 100 && s.Total+s.Incomplete == 500 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := here(t, append([]string{"check", "-f", "jsonl"}, row.args...)...)
			if code != row.code || !strings.Contains(stderr, row.why) {
				t.Errorf("code %d, want %d; stderr %q", code, row.code, stderr)
			}
			sum, n := lastSummary(t, stdout)
			if sum.Total != n || sum.ExitCode != row.code || !row.good(sum) {
				t.Errorf("%d results and %+v", n, sum)
			}
		})
	}
}

func TestRequiredCacheGoneInMidRunIsExit3(t *testing.T) {
	for name, row := range map[string]struct {
		flag string
		code int
	}{
		"required":     {"--cache-required", 3},
		"not required": {"--quiet", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			redis, kill := startRedis(t)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				for s.count("/slow/20") == 0 && t.Context().Err() == nil {
					time.Sleep(time.Millisecond)
				}
				kill()
			}()
			list := writeList(t, 500, s.URL+"/slow/")
			code, stdout, stderr := here(t, "check", list, "-f", "jsonl", "--cache", redis, row.flag, "--per-host", "30")
			<-gone
			if code != row.code {
				t.Errorf("code %d, want %d; stderr %s", code, row.code, stderr)
			}
			if sum, _ := lastSummary(t, stdout); sum.Fail > 0 || sum.Total+sum.Incomplete != 500 || row.code == 0 && sum.Pass != 500 {
				t.Errorf("%+v", sum)
			}
		})
	}
}

func TestStdinIsLeftAloneWhereItIsNotAsked(t *testing.T) {
	s := newSite(t)
	stdin := strings.NewReader("not for hc\n")
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"check", s.URL + "/ok/1"}, stdin, &out, &errs); code != 0 {
		t.Errorf("code %d: %s", code, errs.String())
	}
	if stdin.Len() != len("not for hc\n") {
		t.Error("something was read from stdin, which belongs to the loop around hc")
	}
}

func TestNothingIsCheckedBeforeOutputsAreOpen(t *testing.T) {
	s := newSite(t)
	missing := filepath.Join(t.TempDir(), "missing", "out.txt")
	for _, args := range [][]string{{"-o", missing}, {"--report", "junit=" + missing}, {"--report", "jsonl=" + missing}} {
		code, _, stderr := here(t, append([]string{"check", s.URL + "/ok/early"}, args...)...)
		if code != 3 || s.count("/ok/early") != 0 {
			t.Errorf("%v: code %d, %d requests, stderr %s", args, code, s.count("/ok/early"), stderr)
		}
	}
}

// TestWhatCannotBeOpenedIsExit2: root may read any file, but nobody can open a
// socket.
func TestWhatCannotBeOpenedIsExit2(t *testing.T) {
	s := newSite(t)
	socket := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	code, stdout, stderr := here(t, "check", s.URL+"/ok/unopened", socket)
	if code != 2 || stdout != "" || !strings.HasPrefix(stderr, "exit 2: ") || !strings.Contains(stderr, socket) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if s.count("/ok/unopened") != 0 {
		t.Error("something was checked")
	}
}
