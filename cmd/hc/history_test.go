//go:build unix

package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
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
	gateway   string
	urls      []string
	answer    batchAnswer
	begun, at time.Time // when it was asked, and answered
	hungUp    bool      // by the caller, who then has no answer
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
	// stopped is how long a process may have been stopped between a hit and when its
	// result was remembered.
	stopped time.Duration
	// excuses reports whether what happened meanwhile excuses what e lacks: one of
	// the words below, a status, or the reason of a result. Where it is nil, that is
	// the row's to judge.
	excuses func(e exchange, what string) bool
	// reason is what must come of a URL, where it can be told without its hits.
	reason func(url string) (r check.Reason, known bool)
}

const (
	noAnswer   = "no answer"
	askedAgain = "asked again"
)

func (l laws) excuse(e exchange, what string) bool { return l.excuses == nil || l.excuses(e, what) }

// life is how long r may be remembered: its TTL and the tenth by which that is
// stretched, and a second for who is busy.
func (l laws) life(r check.Result) time.Duration {
	ttl := l.ttl
	if ttl == (cache.TTL{}) {
		ttl = cache.TTL{Pass: 5 * time.Minute, Fail: 10 * time.Second}
	}
	if r.Reason != "" {
		return ttl.Fail + ttl.Fail/10 + time.Second
	}
	return ttl.Pass + ttl.Pass/10 + time.Second
}

// A history is what was asked of a service, and who came to the pages of its target.
type history struct {
	exchanges []exchange
	target    string           // its URL; none where hits are not known
	hits      map[string][]hit // by path
}

// page is the path of url at the target.
func (h history) page(url string) (path string, ours bool) {
	path, ours = strings.CutPrefix(url, h.target)
	path, _, _ = strings.Cut(path, "?")
	return path, ours && h.target != ""
}

// broken says where a history does not keep to law.
func (h history) broken(law laws) (why []string) {
	may := map[string]int{} // be hit, by path
	for _, e := range h.exchanges {
		tries := 1
		if law.excuse(e, askedAgain) {
			tries = max(law.tries, 1)
		}
		for _, u := range e.urls {
			if path, ours := h.page(u); ours {
				may[path] += tries
			}
		}
		why = append(why, h.brokenBy(e, law)...)
	}
	for path, hits := range h.hits {
		most, asked := may[path]
		switch {
		case asked && len(hits) > most:
			why = append(why, fmt.Sprintf("%s was hit %d times, and may be %d times", path, len(hits), most))
		case !asked && law.excuses != nil:
			why = append(why, path+" was hit, and nobody asked for it")
		}
	}
	return why
}

// brokenBy says where an exchange does not: there is a result for each index, in
// order, of the URL that was asked there; their sum is right; each is true.
func (h history) brokenBy(e exchange, law laws) (why []string) {
	say := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	a := e.answer
	switch {
	case e.hungUp:
		return nil
	case a.code != http.StatusOK:
		what := noAnswer
		if a.code != 0 {
			what = strconv.Itoa(a.code)
		}
		if !law.excuse(e, what) {
			say("%s to %d URLs from %s after %s: %v", what, len(e.urls), e.gateway, e.at.Sub(e.begun), a.header)
		}
		if (a.code == http.StatusServiceUnavailable || a.code == http.StatusTooManyRequests) && a.header.Get("Retry-After") == "" {
			say("%d without Retry-After", a.code)
		}
		return why
	case len(a.Results) != len(e.urls):
		say("%d results for %d URLs", len(a.Results), len(e.urls))
		return why
	}
	by := map[check.Outcome]int64{}
	for i, r := range a.Results {
		by[r.Outcome]++
		if r.Target.Seq != int64(i) || r.Target.Input != e.urls[i] {
			say("result %d is number %d, of %q and not of %q", i, r.Target.Seq, r.Target.Input, e.urls[i])
			continue
		}
		if wrong := h.untrue(e, r, law); wrong != "" {
			say("%s: %s %s %d %s", e.urls[i], r.Outcome, r.Reason, r.StatusCode, wrong)
		}
	}
	sum := a.Summary
	told := map[check.Outcome]int64{check.Pass: sum.Pass, check.Warn: sum.Warn, check.Fail: sum.Fail, check.Skip: sum.Skip}
	maps.DeleteFunc(told, func(_ check.Outcome, n int64) bool { return n == 0 })
	if sum.Total != int64(len(e.urls)) || sum.Total != sum.Pass+sum.Warn+sum.Fail+sum.Skip || !maps.Equal(by, told) {
		say("a summary of %d, %v, for results of %v", sum.Total, told, by)
	}
	return why
}

// untrue says what is wrong with r. A verdict is one that its page gave to somebody
// who came, no longer ago than a cache may remember; anything else has a reason
// that was to be expected, or an excuse.
func (h history) untrue(e exchange, r check.Result, law laws) string {
	path, ours := h.page(r.Target.Input)
	life := law.life(r)
	// It is remembered from when it is there, after its check, of which CheckedAt is
	// the beginning: who was stopped meanwhile has it later.
	life += law.stopped
	age := e.at.Sub(r.CheckedAt) - r.Timing.Total()
	if r.Cached && (r.CacheAge-r.Timing.Total() > life || age > life+e.at.Sub(e.begun)) {
		return fmt.Sprintf("comes from a cache, %s after its check", age)
	}
	if ours && r.StatusCode != 0 {
		first := e.begun.Add(-life)
		if !slices.ContainsFunc(h.hits[path], func(v hit) bool {
			return v.code == r.StatusCode && v.at.After(first) && v.at.Before(e.at)
		}) {
			return fmt.Sprintf("was given to nobody since %s before the answer; hits: %s", e.at.Sub(first), h.before(path, e.at))
		}
		return ""
	}
	if ours && r.Outcome == check.Pass {
		return "is no verdict"
	}
	if law.reason != nil {
		want, known := law.reason(r.Target.Input)
		if (ours || known) && (r.Reason != want || !known) && !law.excuse(e, string(r.Reason)) {
			return fmt.Sprintf("(%s), and %q was to be expected", r.Error, cmp.Or(want, "a verdict"))
		}
	}
	return ""
}

// before lists the hits of a page, by their time before at.
func (h history) before(path string, at time.Time) string {
	var all []string
	for _, v := range h.hits[path] {
		all = append(all, fmt.Sprintf("%d %s ago", v.code, at.Sub(v.at).Round(time.Millisecond)))
	}
	return strings.Join(all[max(0, len(all)-20):], ", ")
}

// holds checks the history of callers who asked for pages of s, and now leave.
func (s *site) holds(t testing.TB, law laws, callers ...*caller) {
	t.Helper()
	s.mu.Lock()
	h := history{target: s.URL, hits: maps.Clone(s.hits)}
	s.mu.Unlock()
	h.holds(t, law, callers)
}

// leaves is holds for who asked for other things too: his answers are checked.
func (c *caller) leaves(t testing.TB) {
	t.Helper()
	history{}.holds(t, laws{}, []*caller{c})
}

func (h history) holds(t testing.TB, law laws, callers []*caller) {
	t.Helper()
	for _, c := range callers {
		c.CloseIdleConnections()
		h.exchanges = append(h.exchanges, c.exchanges()...)
	}
	why := h.broken(law)
	for _, one := range why[:min(len(why), 20)] {
		t.Error(one)
	}
	if len(why) > 20 {
		t.Errorf("and %d more", len(why)-20)
	}
}
