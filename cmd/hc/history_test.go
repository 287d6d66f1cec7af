//go:build unix

package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

// What is true of every history, whatever fault was staged in it: a history is
// all that was asked of a service and answered, and the hits at the target.

// An exchange is a batch and its answer.
type exchange struct {
	urls   []string
	answer batchAnswer
	at     time.Time // of the answer
}

// A journey is what a caller asked, and the answers.
type journey struct {
	mu  sync.Mutex
	all []exchange
}

func (j *journey) add(e exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, e)
}

func (j *journey) exchanges() []exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.all)
}

// laws are what a history must keep to.
type laws struct {
	tries int       // hits that one item of one batch may cost; 0 is 1
	ttl   cache.TTL // zero is the services' own
}

// holds checks the history of callers who asked for pages of s, and now leave.
// What was refused as a whole is the row's to judge.
func (s *site) holds(t testing.TB, law laws, callers ...*caller) {
	t.Helper()
	law.tries = max(law.tries, 1)
	asked, told := map[string]int{}, map[string]bool{}
	for _, c := range callers {
		c.leaves(t, law.ttl)
		for _, e := range c.exchanges() {
			for _, u := range e.urls {
				if path, ours := strings.CutPrefix(u, s.URL); ours {
					asked[path]++
				}
			}
			if e.answer.code != http.StatusOK || len(e.answer.Results) != len(e.urls) {
				continue
			}
			for i, r := range e.answer.Results {
				path := strings.TrimPrefix(e.urls[i], s.URL)
				if r.Target.Input != e.urls[i] {
					t.Errorf("result %d is of %q, not of %q", i, r.Target.Input, e.urls[i])
				}
				s.isTrue(t, path, r)
				told[path] = told[path] || r.Outcome == check.Pass
			}
		}
	}
	for path, times := range asked {
		hits := s.count(path)
		if hits > law.tries*times {
			t.Errorf("%s was asked for %d times, and hit %d times", path, times, hits)
		}
		if told[path] && hits == 0 {
			t.Errorf("%s was said to pass, and was never asked for", path)
		}
	}
}

// leaves ends the connections of c, and checks the answers that it was given.
func (c *caller) leaves(t testing.TB, ttl cache.TTL) {
	t.Helper()
	c.CloseIdleConnections()
	if ttl == (cache.TTL{}) {
		ttl = cache.TTL{Pass: 5 * time.Minute, Fail: 10 * time.Second}
	}
	for _, e := range c.exchanges() {
		if e.answer.code == http.StatusOK {
			e.holds(t, ttl)
		}
	}
}

// holds checks one answer: a result for each index, in order, whose sum is right,
// and none from a cache that had to have forgotten it.
func (e exchange) holds(t testing.TB, ttl cache.TTL) {
	t.Helper()
	e.answer.complete(t, len(e.urls))
	if len(e.answer.Results) != len(e.urls) {
		return
	}
	sum := e.answer.Summary
	by := map[check.Outcome]int64{}
	for i, r := range e.answer.Results {
		by[r.Outcome]++
		life := ttl.Pass
		if r.Reason != "" {
			life = ttl.Fail
		}
		if life += life/10 + time.Second; r.Cached && (r.CacheAge > life || e.at.Sub(r.CheckedAt) > life+e.answer.took) {
			t.Errorf("%s: served %s after its check, from a cache", e.urls[i], e.at.Sub(r.CheckedAt))
		}
	}
	want := map[check.Outcome]int64{check.Pass: sum.Pass, check.Warn: sum.Warn, check.Fail: sum.Fail, check.Skip: sum.Skip}
	maps.DeleteFunc(want, func(_ check.Outcome, n int64) bool { return n == 0 })
	if sum.Total != sum.Pass+sum.Warn+sum.Fail+sum.Skip || !maps.Equal(by, want) {
		t.Errorf("a summary of %v for results of %v", want, by)
	}
}

// isTrue fails where a verdict is not what the page deserves. That nobody was
// there to ask is no verdict.
func (s *site) isTrue(t testing.TB, path string, r check.Result) {
	t.Helper()
	code := http.StatusOK
	switch kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); kind {
	case "ok", "slow":
	case "secret":
		code = http.StatusForbidden
	case "status":
		code, _ = strconv.Atoi(rest)
	default:
		return
	}
	if unasked := r.StatusCode == 0 && r.Outcome != check.Pass; r.StatusCode != code && !unasked {
		t.Errorf("%s: %s %s %d, and the page says %d", path, r.Outcome, r.Reason, r.StatusCode, code)
	}
}

// A footprint is what a process holds of its machine.
type footprint struct {
	files      int     // descriptors that are not calls of its own
	calls      int     // connections it made: to targets, workers, Redis
	goroutines float64 // as its /metrics count them
	heap       int     // MiB in use, when garbage is collected
	memory     float64 // MiB, resident
}

// What a service may hold more than when it began, of each: connections to
// targets are kept for 30 s, 200 on one host at most; the rest are pools of Redis
// and gRPC, and the test's own scrapes. Memory is given back bit by bit, and none
// that the race detector had ([moreMemory]). A leak of one thing per URL is more
// in any row.
const (
	moreFiles      = 16
	moreCalls      = 232
	moreGoroutines = 40
	moreHeap       = 24
)

// footprint reads /proc; on systems without one all is 0.
func (s *service) footprint(t testing.TB) (f footprint) {
	t.Helper()
	if runtime.GOOS != "linux" || s.admin == "" {
		return f
	}
	_, profile := get(t, "http://"+s.admin+"/debug/pprof/heap?gc=1&debug=1")
	if _, text, found := strings.Cut(profile, "# HeapAlloc = "); found {
		text, _, _ = strings.Cut(text, "\n")
		f.heap, _ = strconv.Atoi(text)
		f.heap >>= 20
	}
	f.goroutines, f.memory = s.metric(t, "go_goroutines"), s.metric(t, "process_resident_memory_bytes")/(1<<20)
	root := fmt.Sprintf("/proc/%d/", s.Process.Pid)
	made := map[string]bool{} // by inode
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, _ := os.ReadFile(root + table)
		for line := range strings.Lines(string(text)) {
			if col := strings.Fields(line); len(col) > 9 && !s.listensOn(col[1]) {
				made["socket:["+col[9]+"]"] = true
			}
		}
	}
	links, err := filepath.Glob(root + "fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if what, err := os.Readlink(link); err == nil && made[what] {
			f.calls++
		} else if err == nil {
			f.files++
		}
	}
	return f
}

// listensOn reports whether an address of /proc/net/tcp has a port of s.
func (s *service) listensOn(address string) bool {
	_, hex, _ := strings.Cut(address, ":")
	port, err := strconv.ParseUint(hex, 16, 16)
	return err == nil && (strings.HasSuffix(s.address, fmt.Sprintf(":%d", port)) || strings.HasSuffix(s.admin, fmt.Sprintf(":%d", port)))
}

// near reports whether f is about what began was.
func (f footprint) near(began footprint) bool {
	return f.files <= began.files+moreFiles && f.calls <= began.calls+moreCalls &&
		f.goroutines <= began.goroutines+moreGoroutines && f.heap <= began.heap+moreHeap && f.memory <= began.memory+moreMemory
}

// settled fails unless within 5 s s holds about what it held when it began.
func (s *service) settled(t testing.TB) {
	t.Helper()
	var now footprint
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if now = s.footprint(t); now.near(s.began) {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	_, stacks := get(t, "http://"+s.admin+"/debug/pprof/goroutine?debug=1")
	t.Errorf("%s holds %+v, and began with %+v; its goroutines:\n%s", s.Args[:min(3, len(s.Args))], now, s.began, stacks[:min(len(stacks), 4000)])
}
