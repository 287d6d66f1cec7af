//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

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
