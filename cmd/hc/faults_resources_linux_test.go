package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hc-health/hc/internal/check"
)

// TestFault25FewDescriptors: a gateway that may open 256 files is asked for more
// than it can hold at once, by more callers than it can hold beside.
func TestFault25FewDescriptors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	front := launchAs(t, "/bin/bash", "bash", "-c", `ulimit -n 256 && exec -a hc "$0" "$@"`, self(t),
		"serve", "gateway", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--allow-cidr", "127.0.0.0/8", "--per-host", "1000", "-c", "1000", "--cache", "off")
	front.awaitReady(t)
	c := newCaller(t)
	pages := urls(s.URL+"/slow/", 1000)
	c.ask(t, front.address, pages).passed(t, len(pages))
	if most := s.most(pages); most > 2 {
		t.Errorf("a page was asked for %d times", most)
	}

	// Callers who keep their connections take what is left, until they go.
	const idlers = 300
	var asking sync.WaitGroup
	var answered atomic.Int64
	var all []*caller
	for range idlers {
		idler := newCaller(t)
		idler.Timeout = time.Second
		all = append(all, idler)
		asking.Go(func() {
			if idler.ask(t, front.address, []string{s.URL + "/ok/idler"}).code == 200 {
				answered.Add(1)
			}
		})
	}
	asking.Wait()
	t.Logf("%d of %d callers who keep their connections were answered", answered.Load(), idlers)
	if n := answered.Load(); n < 50 || n == idlers {
		t.Errorf("%d of %d were answered: it has room for some", n, idlers)
	}
	for _, idler := range all {
		idler.CloseIdleConnections()
	}
	eventually(t, "an answer to somebody new", func() bool {
		return newCaller(t).ask(t, front.address, []string{s.URL + "/ok/after"}).code == 200
	})
	s.holds(t, laws{tries: 2}, c)
	front.idle(t)
}

// TestFault25DescriptorsRunOut: what a running service has is taken away, and
// given back.
func TestFault25DescriptorsRunOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	front := serve(t, "gateway", "--cache", "off", "--retries", "0")
	c := newCaller(t)
	c.ask(t, front.address, []string{s.URL + "/ok/before"}).passed(t, 1)

	var was unix.Rlimit
	now := front.footprint(t)
	few := unix.Rlimit{Cur: uint64(now.files + now.calls + 2)}
	if err := unix.Prlimit(front.Process.Pid, unix.RLIMIT_NOFILE, nil, &was); err != nil {
		t.Fatal(err)
	}
	few.Max = was.Max
	if err := unix.Prlimit(front.Process.Pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
		t.Fatal(err)
	}
	pages := urls(s.URL+"/slow/short/", 200)
	answer := c.ask(t, front.address, pages)
	answer.complete(t, len(pages))
	exhausted := answer.Summary.ByReason[check.ResourceExhausted]
	t.Logf("%d of %d got through", answer.Summary.Pass, len(pages))
	if exhausted == 0 || answer.Summary.Pass == 0 || answer.Summary.Pass+exhausted != int64(len(pages)) {
		t.Errorf("%d passed, and not all others for want of descriptors: %v", answer.Summary.Pass, answer.Summary.ByReason)
	}
	if err := unix.Prlimit(front.Process.Pid, unix.RLIMIT_NOFILE, &was, nil); err != nil {
		t.Fatal(err)
	}
	again := urls(s.URL+"/slow/again/", 200)
	c.ask(t, front.address, again).passed(t, len(again))
	s.holds(t, laws{}, c)
	front.idle(t)
}

// TestFault25DiskFull: each report that does not fit is trouble, and what is there
// of it can be told from a whole one; an older whole one stays.
func TestFault25DiskFull(t *testing.T) {
	if os.Getenv("FULL_DISK") == "" {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), self(t), "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "FULL_DISK="+t.TempDir())
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
			t.Fatalf("on a disk of its own (this needs user and mount namespaces): %v\n%s", err, out)
		}
		return
	}
	disk := os.Getenv("FULL_DISK")
	s := newSite(t)
	list := writeList(t, 2000, s.URL+"/ok/")
	for _, format := range []string{"jsonl", "csv", "json", "junit", "markdown", "prometheus"} {
		t.Run(format, func(t *testing.T) {
			if err := syscall.Mount("none", disk, "tmpfs", 0, "size=4k"); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }()
			report := filepath.Join(disk, "report")
			whole := format != "jsonl" && format != "csv" // is put in place when it is complete
			const older = "an older report\n"
			if err := os.WriteFile(report, []byte(older), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := hc(t, "check", list, "--report", format+"="+report, "-q")
			var said bytes.Buffer
			cmd.Stderr = &said
			err := cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(said.String(), "cut off") {
				t.Errorf("exit %d (%v), want 3: %s", code, err, said.String())
			}
			text, err := os.ReadFile(report)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case whole && string(text) != older:
				t.Errorf("the older report is gone: %.60q", text)
			case format == "jsonl" && bytes.Contains(text, []byte(`"type":"summary"`)):
				t.Error("a report that is cut off ends as a whole one does")
			}
			if left, _ := filepath.Glob(filepath.Join(disk, "*")); len(left) != 1 {
				t.Errorf("left behind: %s", left)
			}
		})
	}
	for _, format := range []string{"text", "jsonl", "junit"} {
		t.Run(fmt.Sprintf("%s to a full device", format), func(t *testing.T) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer full.Close()
			cmd := hc(t, "check", s.URL+"/ok/full", "-f", format)
			cmd.Stdout = full
			if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
				t.Errorf("%v, want exit 3", err)
			}
		})
	}
}
