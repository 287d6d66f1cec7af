package main

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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

// most is how often the most asked of urls was asked for.
func (s *site) most(urls []string) int {
	most := 0
	for _, u := range urls {
		most = max(most, s.count(strings.TrimPrefix(u, s.URL)))
	}
	return most
}

// holding is a target whose page /held is answered when release is closed.
type holding struct {
	*site
	waiting atomic.Int64
	release chan struct{}
}

func newHolding(t testing.TB) *holding {
	t.Helper()
	h := &holding{site: &site{hits: map[string][]hit{}}, release: make(chan struct{})}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *holding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/held") {
		h.site.ServeHTTP(w, r)
		return
	}
	h.visited(r.URL.Path, http.StatusOK)
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	select {
	case <-h.release:
	case <-r.Context().Done():
	}
}
