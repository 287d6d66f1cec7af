//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs cmd with the streams it has none for on a pseudo terminal of
// 100 columns, and gives all that is shown there.
func onTerminal(t *testing.T, cmd *exec.Cmd) (code int, shown string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if cmd.Stdin == nil {
		cmd.Stdin = slave
	}
	if cmd.Stdout == nil {
		cmd.Stdout = slave
	}
	cmd.Stderr = slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	all, _ := io.ReadAll(master) // ends with EIO when the last writer has gone
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), string(all)
}

func TestOnATerminalThereIsTextAndABar(t *testing.T) {
	s := newSite(t)
	list := writeList(t, 60, s.URL+"/slow/")
	cmd := hc(t, "check", list, s.URL+"/status/404")
	cmd.Env = append(cmd.Env, "TERM=xterm")
	code, shown := onTerminal(t, cmd)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"✗", "/status/404", "want 200-299", "61 urls", "\x1b[31m", "\r\x1b[K", "/61"} {
		if !strings.Contains(shown, want) {
			t.Errorf("nothing shows %q in %q", want, shown)
		}
	}
	if !strings.HasSuffix(shown, "exit 1: 1 failed\r\n") {
		t.Errorf("the last line is not the reason: %q", shown)
	}
}

func TestOnADumbTerminalNothingIsDrawn(t *testing.T) {
	s := newSite(t)
	for _, env := range []string{"TERM=dumb", "NO_COLOR=1"} {
		cmd := hc(t, "check", writeList(t, 30, s.URL+"/slow/"), s.URL+"/status/404", "--progress", "auto")
		cmd.Env = append(cmd.Env, "TERM=xterm", env)
		_, shown := onTerminal(t, cmd)
		if strings.Contains(shown, "\x1b[3") || env == "TERM=dumb" && strings.Contains(shown, "\x1b") {
			t.Errorf("%s: %q", env, shown)
		}
	}
}

func TestRecordsInAPipeHaveTheirSummaryOnTheTerminal(t *testing.T) {
	s := newSite(t)
	var stdout bytes.Buffer
	cmd := hc(t, "check", s.URL+"/ok/1", "-f", "jsonl")
	cmd.Stdout = &stdout
	code, shown := onTerminal(t, cmd)
	if code != 0 || !strings.Contains(shown, "1 url") || strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("code %d, terminal %q, stdout %q", code, shown, stdout.String())
	}
}

func TestNothingToDoOnATerminalIsShortHelp(t *testing.T) {
	code, shown := onTerminal(t, hc(t, "check"))
	if code != exitUsage || !strings.Contains(shown, "hc check urls.txt") || !strings.Contains(shown, "exit 2: no targets: ") {
		t.Errorf("code %d: %q", code, shown)
	}
	if lines := strings.Count(shown, "\n"); lines > 20 {
		t.Errorf("%d lines are no short help", lines)
	}
}

func TestPurgeAsksOnATerminal(t *testing.T) {
	redis, _ := startRedis(t)
	var stdout bytes.Buffer
	cmd := hc(t, "cache", "purge", "--cache", redis, "--yes")
	cmd.Stdout = &stdout
	if code, _ := onTerminal(t, cmd); code != 0 || stdout.String() != "removed 0 results\n" {
		t.Errorf("with --yes: code %d, %q", code, stdout.String())
	}
}
