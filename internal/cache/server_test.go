package cache

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A server is a real redis-server on a free port of 127.0.0.1, and on a socket,
// for one test. A machine without redis-server fails the test.
type server struct {
	t    testing.TB
	args []string
	addr string // 127.0.0.1:port
	dir  string
	cmd  *exec.Cmd
	c    *redis.Client // its operator's
	log  bytes.Buffer
}

// startRedis starts a server with further arguments, as "--requirepass", "pw".
func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	return startServer(t, append([]string{"--save", "", "--appendonly", "no"}, args...)...)
}

func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, args: args, addr: freeAddr(t), dir: shortDir(t)}
	s.c = redis.NewClient(&redis.Options{Addr: s.socket(), DisableIdentity: true, MaxRetries: -1})
	t.Cleanup(func() { s.c.Close() })
	s.start()
	t.Cleanup(s.kill)
	return s
}

// freeAddr is where nobody listens, nor will before a server does, or does again: its
// port is below those that a system gives to connections.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(20_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port between 20000 and 30000")
	return ""
}

// shortDir is a directory whose name leaves room for a socket's: 108 bytes.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *server) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	args := append(slices.Clone(s.args), "--bind", "127.0.0.1", "--port", port, "--unixsocket", s.socket(), "--dir", s.dir)
	s.cmd = exec.Command("redis-server", args...)
	s.cmd.Stdout = &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("%v: install redis-server, these tests need it", err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("unix", s.socket()); err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("redis-server %v does not come up: %s", args, s.log.String())
		}
	}
}

// kill ends it as a crash would; it may be started again.
func (s *server) kill() {
	s.signal(syscall.SIGCONT)
	s.signal(syscall.SIGKILL)
	_ = s.cmd.Wait()
	os.Remove(s.socket())
}

func (s *server) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) }
func (s *server) socket() string            { return filepath.Join(s.dir, "s") }
func (s *server) url() string               { return "redis://" + s.addr }

// do runs a command on it, as its operator would.
func (s *server) do(args ...any) any {
	s.t.Helper()
	reply, err := s.c.Do(context.Background(), args...).Result()
	if err != nil && err != redis.Nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return reply
}

// keys gives those of its keys that end as told.
func (s *server) keys(suffix string) []string {
	s.t.Helper()
	all, _ := s.do("keys", "*").([]any)
	var keys []string
	for _, key := range all {
		if key := fmt.Sprint(key); strings.HasSuffix(key, suffix) {
			keys = append(keys, key)
		}
	}
	return keys
}

// calls tells how many commands of a name it has processed.
func (s *server) calls(name string) int64 {
	s.t.Helper()
	info, _ := s.do("info", "commandstats").(string)
	for line := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(line, "cmdstat_"+name+":calls="); ok {
			var n int64
			_, _ = fmt.Sscanf(rest, "%d", &n)
			return n
		}
	}
	return 0
}
