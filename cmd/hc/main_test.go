package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/hc-health/hc/internal/check"
)

func TestMain(m *testing.M) {
	// The race detector has each process wait a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
		panic(err)
	}
	testscript.Main(leakless{m}, map[string]func(){
		"hc-faulty": faulty,
		"hc":        func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// leakless fails a run of tests that leaves a goroutine behind.
type leakless struct{ *testing.M }

func (l leakless) Run() int {
	code := l.M.Run()
	// A proxy leaves some behind where a toxic is taken away from what flows.
	const link, stub = "github.com/Shopify/toxiproxy/v2.(*ToxicLink).", "github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub)."
	err := goleak.Find(goleak.IgnoreAnyFunction(stub+"Run"), goleak.IgnoreAnyFunction(link+"read"), goleak.IgnoreAnyFunction(link+"write"))
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// hc is the command as a process of its own: this test binary by another name.
func hc(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Args = append([]string{"hc"}, args...)
	cmd.Env = append(os.Environ(), "HOME=/nowhere")
	return cmd
}

// here runs the command within the test.
func here(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// A site is what the tests check. It remembers who came.
type site struct {
	*httptest.Server
	mu   sync.Mutex
	hits map[string][]hit // by path
}

// A hit is that somebody came to a page, and the status the page had for him.
type hit struct {
	at   time.Time
	code int
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{hits: map[string][]hit{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// count gives how often path was asked for.
func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hits[path])
}

func (s *site) visited(path string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[path] = append(s.hits[path], hit{time.Now(), code})
}

// ServeHTTP answers /status/N with N, /slow/… after 50 ms, /hang/… never,
// /flaky/… with 503 at first, /moved/… with a redirect to /ok, /throttled/… with
// 429, /secret/… with 403 unless the header X-Token is s3cret, /turning/… with
// another status each second, and everything else with 200.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	code, pause := http.StatusOK, time.Duration(0)
	switch kind {
	case "status":
		code, _ = strconv.Atoi(rest)
	case "slow":
		pause = 50 * time.Millisecond
	case "hang":
		pause = time.Hour
	case "flaky":
		if s.count(r.URL.Path) == 0 {
			code = http.StatusServiceUnavailable
		}
	case "moved":
		w.Header().Set("Location", "/ok")
		code = http.StatusFound
	case "throttled":
		w.Header().Set("Retry-After", "3600")
		code = http.StatusTooManyRequests
	case "secret":
		if r.Header.Get("X-Token") != "s3cret" {
			code = http.StatusForbidden
		}
	case "turning":
		code = turning(time.Now())
	}
	s.visited(r.URL.Path, code)
	select {
	case <-time.After(pause):
	case <-r.Context().Done():
	}
	w.WriteHeader(code)
}

// turning is a good status in one second, a bad one in the next, and none twice
// within twelve.
func turning(now time.Time) int {
	codes := []int{200, 403, 201, 404, 202, 410, 203, 500, 226, 501, 206, 451}
	return codes[now.Unix()%int64(len(codes))]
}

// eventually waits for what must come soon.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// startRedis gives the address of a Redis of this test's own, and what ends it
// early. Without redis-server the test fails: `make test` installs it.
func startRedis(t testing.TB, args ...string) (address string, kill func()) {
	t.Helper()
	at := "127.0.0.1:" + freePorts(t, 1)[0]
	return "redis://" + at + "/0", startRedisAt(t, at, args...)
}

// startRedisAt is startRedis where one is to come back.
func startRedisAt(t testing.TB, at string, args ...string) (kill func()) {
	t.Helper()
	host, port, _ := net.SplitHostPort(at)
	cmd := exec.Command("redis-server", append([]string{"--port", port, "--bind", host, "--save", "", "--dir", t.TempDir()}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("redis-server is needed: %v", err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	eventually(t, "redis-server", func() bool {
		c, err := net.Dial("tcp", at)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return kill
}

// TestScripts runs testdata/script/*.txt: $SITE is a [site], rc is exec with the
// exit code that must come, hits checks how often a path was asked for, redis
// starts one and sets $REDIS, lines counts those of a file, healthy and unhealthy
// wait for a service on one of $PORT1 to $PORT3.
func TestScripts(t *testing.T) {
	s := newSite(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SITE", s.URL)
			env.Setenv("HOSTPORT", s.Listener.Addr().String())
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GORACE", os.Getenv("GORACE"))
			for i, port := range freePorts(t, 3) {
				env.Setenv("PORT"+strconv.Itoa(i+1), port)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"rc":      rc,
			"lines":   lines,
			"expand":  expand,
			"journal": journal,
			"healthy": func(ts *testscript.TestScript, _ bool, args []string) {
				until(t, ts, args[0], func(err error) bool { return err == nil })
			},
			"unhealthy": func(ts *testscript.TestScript, _ bool, args []string) {
				until(t, ts, args[0], func(err error) bool { return err != nil })
			},
			"long": func(ts *testscript.TestScript, _ bool, args []string) {
				put(ts, args[0], "http://"+strings.Repeat("a", 10<<20)+"\n"+ts.ReadFile(args[1]))
			},
			"binary": func(ts *testscript.TestScript, _ bool, args []string) {
				put(ts, args[0], "\x7fELF\x00\x01")
			},
			"cutoff": func(ts *testscript.TestScript, _ bool, args []string) {
				put(ts, args[0], strings.TrimRight(ts.ReadFile(args[0]), "}\n"))
			},
			"hits": func(ts *testscript.TestScript, _ bool, args []string) {
				if got := strconv.Itoa(s.count(args[1])); got != args[0] {
					ts.Fatalf("%s was asked for %s times, want %s", args[1], got, args[0])
				}
			},
			"redis": func(ts *testscript.TestScript, _ bool, _ []string) {
				address, _ := startRedis(t)
				ts.Setenv("REDIS", address)
			},
		},
	})
}

// rc N PROGRAM ARGS runs PROGRAM, which must exit with N and say why.
func rc(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exited := (*exec.ExitError)(nil); err != nil {
		if !errors.As(err, &exited) {
			ts.Fatalf("%v", err)
		}
		code = exited.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\n%s", code, args[0], ts.ReadFile("stderr"))
	}
	all := strings.Split(strings.TrimSpace(ts.ReadFile("stderr")), "\n")
	last, why := all[len(all)-1], "exit "+args[0]+": "
	if code != 0 && !strings.HasPrefix(last, why) {
		ts.Fatalf("the last line of stderr is %q, want it to begin %q", last, why)
	}
	if code == 0 && strings.Contains(last, "exit ") {
		ts.Fatalf("a reason without a failure: %q", last)
	}
}

// expand writes the variables of the script into its files.
func expand(ts *testscript.TestScript, _ bool, files []string) {
	for _, file := range files {
		put(ts, file, os.Expand(ts.ReadFile(file), ts.Getenv))
	}
}

func put(ts *testscript.TestScript, file, text string) {
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o666))
}

// journal N FILE… checks that the results in the files, skips aside, are N and
// of N targets.
func journal(ts *testscript.TestScript, _ bool, args []string) {
	var text string
	for _, file := range args[1:] {
		text += ts.ReadFile(file) + "\n"
	}
	total, distinct := answers(text)
	if want, _ := strconv.Atoi(args[0]); total != want || distinct != want {
		ts.Fatalf("%d answers for %d targets, want %d", total, distinct, want)
	}
}

// answers counts the results in JSON lines, skips aside, and their targets.
func answers(text string) (total, distinct int) {
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		var r check.Result
		if r.UnmarshalJSON([]byte(line)) == nil && r.Outcome != "" && r.Outcome != check.Skip {
			total++
			seen[r.Target.URL] = true
		}
	}
	return total, len(seen)
}

func lines(ts *testscript.TestScript, _ bool, args []string) {
	if got := strconv.Itoa(strings.Count(ts.ReadFile(args[1]), "\n")); got != args[0] {
		ts.Fatalf("%s has %s lines, want %s:\n%s", args[1], got, args[0], ts.ReadFile(args[1]))
	}
}

// until asks a service for its health until that is as it should be.
func until(t *testing.T, ts *testscript.TestScript, address string, ok func(error) bool) {
	eventually(t, address, func() bool { return ok(ts.Exec("hc", "probe", "health", address)) })
}

// freePorts gives ports that nobody listens on right now, nor will before a service
// takes one, or takes it again: they are below those that a system gives to
// connections.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for range 1000 {
		port := strconv.Itoa(20_000 + rand.IntN(10_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		defer l.Close() // not before all are found, or one is found twice
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatalf("no %d free ports between 20000 and 30000", n)
	return nil
}
