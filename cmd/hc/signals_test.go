//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// interrupted starts cmd, sends sig once ready says so, and gives the exit code
// and what was written. It ends soon, whatever it was waiting for.
func interrupted(t *testing.T, cmd *exec.Cmd, sig os.Signal, ready func() bool) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the run to be under way", ready)
	begun := time.Now()
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s to end", took)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestASignalLeavesWholeLinesAndASummary(t *testing.T) {
	for name, row := range map[string]struct {
		signal syscall.Signal
		code   int
		last   string
	}{
		"SIGINT":  {syscall.SIGINT, 130, "exit 130: interrupted after "},
		"SIGTERM": {syscall.SIGTERM, 143, "exit 143: stopped by SIGTERM after "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			list := writeList(t, 1000, s.URL+"/slow/")
			code, stdout, stderr := interrupted(t, hc(t, "check", list, "-f", "jsonl"), row.signal,
				func() bool { return s.count("/slow/50") > 0 })
			if code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			rows := strings.Split(strings.TrimSpace(stderr), "\n")
			if last := rows[len(rows)-1]; !strings.HasPrefix(last, row.last) {
				t.Errorf("stderr ends with %q, want %q", last, row.last)
			}
			sum, written := lastSummary(t, stdout)
			if sum.Total != written || sum.ExitCode != row.code {
				t.Errorf("the summary says %d results and code %d; %d results were written", sum.Total, sum.ExitCode, written)
			}
			if sum.Total+sum.Incomplete != 1000 {
				t.Errorf("%d written and %d never started are not the 1000 of the list", sum.Total, sum.Incomplete)
			}
			if sum.Skip == 0 || sum.Skip != sum.ByReason[check.Canceled] {
				t.Errorf("%d skipped: what was in flight is written as skip, canceled", sum.Skip)
			}
			if sum.Fail > 0 || sum.Pass == 0 {
				t.Errorf("%d passed and %d failed: a signal is no failure", sum.Pass, sum.Fail)
			}
		})
	}
}

func TestASignalDoesNotWaitForStdin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := hc(t, "check", "-f", "jsonl")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if _, err := io.WriteString(stdin, s.URL+"/ok/stdin\n"); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := interrupted(t, cmd, syscall.SIGINT, func() bool { return s.count("/ok/stdin") > 0 })
	if sum, n := lastSummary(t, stdout); code != 130 || n != 1 || sum.Incomplete != 0 {
		t.Errorf("code %d, %d results, %d not started; want 130, 1, 0", code, n, sum.Incomplete)
	}
}

func TestASignalDoesNotWaitForAPipeNobodyWritesTo(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	started := time.Now().Add(500 * time.Millisecond)
	code, stdout, stderr := interrupted(t, hc(t, "check", fifo, "-f", "jsonl"), syscall.SIGINT,
		func() bool { return time.Now().After(started) })
	if code != 130 || stdout != "" || !strings.Contains(stderr, "before anything was checked") {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestASignalDoesNotWaitForTargets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	code, stdout, _ := interrupted(t, hc(t, "check", s.URL+"/hang/1", "-f", "jsonl"), syscall.SIGINT,
		func() bool { return s.count("/hang/1") > 0 })
	sum, n := lastSummary(t, stdout)
	if code != 130 || n != 1 || sum.Skip != 1 {
		t.Errorf("code %d, %d results, %d skipped; want 130, 1, 1", code, n, sum.Skip)
	}
}

// TestASecondSignalStopsAtOnce: nobody reads stdout, so that the first signal
// cannot write what was checked.
func TestASecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := hc(t, "check", writeList(t, 2000, s.URL+"/ok/"), "-f", "jsonl", "--per-host", "50")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pipe to be full", func() bool { return s.count("/ok/500") > 0 })
	for range 2 {
		_ = cmd.Process.Signal(syscall.SIGINT)
		time.Sleep(300 * time.Millisecond) // two at the same time may arrive as one
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.HasSuffix(errs.String(), "exit 130: interrupted twice\n") {
		t.Errorf("code %d, stderr %q", code, errs.String())
	}
}

func TestResumeCompletesAnInterruptedRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	list := writeList(t, 600, s.URL+"/slow/")
	code, first, _ := interrupted(t, hc(t, "check", list, "-f", "jsonl", "--per-host", "50"), syscall.SIGINT,
		func() bool { return s.count("/slow/150") > 0 })
	if code != 130 {
		t.Fatalf("code %d", code)
	}
	journal := filepath.Join(t.TempDir(), "first.jsonl")
	if err := os.WriteFile(journal, []byte(first), 0o666); err != nil {
		t.Fatal(err)
	}
	rest, err := hc(t, "check", list, "-f", "jsonl", "--resume", journal, "--per-host", "100").Output()
	if err != nil {
		t.Fatal(err)
	}
	if total, distinct := answers(first + string(rest)); total != 600 || distinct != 600 {
		t.Errorf("%d answers for %d targets, want 600 for 600: none twice, none missing", total, distinct)
	}
}

func TestAClosedPipeIsQuiet(t *testing.T) {
	for name, row := range map[string]struct {
		path string
		code int
	}{"all passed": {"/ok/", 0}, "some failed": {"/status/404?", 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			cmd := hc(t, "check", writeList(t, 3000, s.URL+row.path), "-f", "jsonl", "--per-host", "50")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var errs bytes.Buffer
			cmd.Stderr = &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := stdout.Read(make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
			_ = stdout.Close()
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != row.code {
				t.Errorf("exit code %d, want that of what was checked so far, %d", code, row.code)
			}
			if got := errs.String(); row.code == 0 && got != "" || strings.Contains(got, "pipe") {
				t.Errorf("stderr %q", got)
			}
		})
	}
}
