package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A sample is one run of one program.
type sample struct {
	wall, cpu time.Duration // cpu: user and system, waited-for children included
	peak      int64         // bytes: the largest resident set
	exit      int
	stderr    string // its end, for messages
}

// child runs argv to its end. Its environment is bare, so that neither a proxy
// nor a config file of the user's has a say.
func child(ctx context.Context, dir string, argv []string, in io.Reader, out io.Writer) (sample, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	cmd.Dir = dir
	cmd.Stdin, cmd.Stdout = in, out
	said := &tail{max: 4 << 10}
	cmd.Stderr = said
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	s := sample{wall: time.Since(start), peak: peak(), stderr: said.String()}
	if exited := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exited) {
		return s, fmt.Errorf("%s: %w", argv[0], err)
	}
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return s, errors.New("this system does not say what a process used")
	}
	s.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	s.exit = cmd.ProcessState.ExitCode()
	return s, nil
}

// watchPeak reads the process's VmHWM until the returned function is called,
// which gives the last value read. (The rusage of a child that a Go program
// started can include the parent's.)
func watchPeak(pid int) func() int64 {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, readPeak(pid))
			select {
			case <-stop:
				done <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(stop); return <-done }
}

// readPeak is 0 where there is no such process, or no /proc.
func readPeak(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, " kB")
	kib, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// countLines counts the lines of a file that contain mark.
func countLines(file, mark string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, lines := 0, bufio.NewScanner(f)
	for lines.Scan() {
		if bytes.Contains(lines.Bytes(), []byte(mark)) {
			n++
		}
	}
	return n, lines.Err()
}

// tail is a Writer that keeps the last max bytes.
type tail struct {
	max int
	buf []byte
}

// Write keeps the end of p; it cannot fail.
func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - t.max; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(p), nil
}

// String is what was kept, without the last line break.
func (t *tail) String() string { return strings.TrimSpace(string(t.buf)) }

// descriptors is the soft limit on open files, which Go raises to the hard one
// when a program starts; children inherit what was there before.
func descriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return limit.Max
}
