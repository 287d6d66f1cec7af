//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A service is a gateway or a worker in a process of its own.
type service struct {
	*exec.Cmd
	address string // where it listens
	admin   string
	log     *journalOf
	ended   chan struct{} // closed when it has ended
	began   footprint     // when it was ready
}

// serve starts `hc serve KIND` on free ports of loopback, which it may also ask.
// It is killed when the test ends, which fails where it has panicked or raced.
func serve(t testing.TB, kind string, args ...string) *service {
	t.Helper()
	return serveBy(t, self(t), kind, args...)
}

// serveBy is serve with the hc at path.
func serveBy(t testing.TB, path, kind string, args ...string) *service {
	t.Helper()
	usual := []string{"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--allow-cidr", "127.0.0.0/8", "--drain-delay", "0"}
	if !slices.Contains(args, "--workers") {
		usual = append(usual, "--per-host", "200") // all targets are on one
	}
	s := launchAs(t, path, slices.Concat([]string{"hc", "serve", kind}, usual, args)...)
	s.awaitReady(t)
	return s
}

// launch is serve for one that need not become ready.
func launch(t testing.TB, kind string, args ...string) *service {
	t.Helper()
	return launchProgram(t, append([]string{"hc", "serve", kind}, args...)...)
}

// launchProgram starts one of those that TestMain knows.
func launchProgram(t testing.TB, words ...string) *service {
	t.Helper()
	return launchAs(t, self(t), words...)
}

// launchAs starts a program by its path, as a service.
func launchAs(t testing.TB, path string, words ...string) *service {
	t.Helper()
	s := &service{Cmd: exec.Command(path), log: &journalOf{}, ended: make(chan struct{})}
	s.Args = words
	s.Env = append(os.Environ(), "HOME=/nowhere")
	s.Stderr = s.log
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.Process.Kill()
		<-s.ended
		if text := s.log.String(); s.sound(t) && t.Failed() {
			t.Logf("%s at %s: the end of its log:\n%s", words[:min(3, len(words))], s.address, text[max(0, len(text)-2000):])
		}
	})
	return s
}

// sound fails where s has panicked or raced.
func (s *service) sound(t testing.TB) bool {
	t.Helper()
	text := s.log.String()
	bad := strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic: ") || strings.Contains(text, "goroutine 1 [")
	if bad {
		t.Errorf("%s:\n%s", s.Args, text)
	}
	return !bad
}

// awaitReady waits until it says where it listens.
func (s *service) awaitReady(t testing.TB) {
	t.Helper()
	eventually(t, strings.Join(s.Args[1:], " "), func() bool {
		select {
		case <-s.ended:
			t.Fatalf("%s ended: %s", s.Args, s.log)
		default:
		}
		for line := range strings.Lines(s.log.String()) {
			var said struct{ Msg, For, Address string }
			if json.Unmarshal([]byte(line), &said) != nil || said.Msg != "listening" {
				continue
			}
			if strings.HasPrefix(said.For, "metrics") {
				s.admin = said.Address
			} else {
				s.address = said.Address
			}
		}
		return s.address != ""
	})
	s.began = s.footprint(t)
}

// signal sends sig, and code waits for the end and gives its exit code.
func (s *service) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func (s *service) code(t testing.TB) int {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end: %s", s.Args, s.log)
	}
	return s.ProcessState.ExitCode()
}

// metric is the sum of the series that begin with name, and labels if it has any
// in it.
func (s *service) metric(t testing.TB, name string) float64 {
	t.Helper()
	code, text := get(t, "http://"+s.admin+"/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", code, text)
	}
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series == name || strings.HasPrefix(series, name+"{") || strings.HasPrefix(series, name+",") {
			v, err := strconv.ParseFloat(value[strings.LastIndexByte(value, ' ')+1:], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum, found = sum+v, true
		}
	}
	if !found {
		t.Fatalf("no series %s", name)
	}
	return sum
}

// idle fails unless within 5 s nothing is in flight any more, nor held.
func (s *service) idle(t testing.TB) {
	t.Helper()
	begun := time.Now()
	eventually(t, "an empty pool", func() bool {
		return s.metric(t, "hc_pool_in_flight")+s.metric(t, "hc_pool_queued") == 0
	})
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s until nothing was in flight", took)
	}
	s.settled(t)
}

// journalOf collects what a process writes.
type journalOf struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journalOf) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journalOf) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// connected waits until the gateway has a worker.
func (s *service) connected(t testing.TB) {
	t.Helper()
	eventually(t, "a gateway that has a worker", func() bool {
		code, _ := get(t, "http://"+s.address+"/readyz")
		return code == http.StatusOK
	})
}
