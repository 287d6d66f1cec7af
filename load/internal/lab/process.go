package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	startTime = 10 * time.Second // until a process has to be there
	stopTime  = 15 * time.Second // until one that was asked to end is killed
	logTail   = 4 << 10          // bytes of a log that are kept for messages
)

// A process is one that runs until stop.
type process struct {
	cmd   *exec.Cmd
	log   *tail
	ended chan struct{}
}

// start runs argv in dir and waits until addr takes connections. Its environment
// is bare, so that neither a proxy nor a settings file of the user's has a say.
func start(ctx context.Context, dir, addr string, argv ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), log: &tail{}, ended: make(chan struct{})}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return p, conn.Close()
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended: %s", filepath.Base(argv[0]), p.log)
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s does not listen on %s: %s", filepath.Base(argv[0]), addr, p.log), p.stop())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop asks the process to end, and waits for that.
func (p *process) stop() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended before it was stopped: %s", filepath.Base(p.cmd.Path), p.log)
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTime):
		return errors.Join(fmt.Errorf("%s did not end and was killed: %s", filepath.Base(p.cmd.Path), p.log), p.cmd.Process.Kill())
	}
}

// tail keeps the end of what a process wrote.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer; it cannot fail.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	t.buf = t.buf[max(0, len(t.buf)-logTail):]
	return len(b), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
