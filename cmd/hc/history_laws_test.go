//go:build unix

package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

// TestHistoriesThatBreakALawAreRefused tests the tests: a history that is right, and
// what each law must say when one thing in it is changed.
func TestHistoriesThatBreakALawAreRefused(t *testing.T) {
	type story struct {
		history
		laws
		*exchange // the only one
	}
	asked := time.Now()
	right := func() story {
		e := exchange{gateway: "g", begun: asked, at: asked.Add(100 * time.Millisecond)}
		e.urls = []string{"http://t/ok/0", "http://t/secret/1", "http://t/ok/2", "http://bad/?3", "http://t/ok/0"}
		e.answer.code = http.StatusOK
		e.answer.Summary = check.Summary{Total: 5, Pass: 3, Fail: 2}
		visit := asked.Add(50 * time.Millisecond)
		for i, u := range e.urls {
			e.answer.Results = append(e.answer.Results, check.Result{
				Target: check.Target{Seq: int64(i), Input: u}, Outcome: check.Pass, StatusCode: 200, CheckedAt: visit,
			})
		}
		forbidden, hostile := &e.answer.Results[1], &e.answer.Results[3]
		forbidden.Outcome, forbidden.Reason, forbidden.StatusCode = check.Fail, check.HTTPStatus, 403
		hostile.Outcome, hostile.Reason, hostile.StatusCode = check.Fail, check.ProtocolError, 0
		return story{
			history{target: "http://t", hits: map[string][]hit{
				"/ok/0": {{visit, 200}}, "/secret/1": {{visit, 403}}, "/ok/2": {{visit, 200}},
			}},
			laws{
				tries: 3, ttl: cache.TTL{Pass: 2 * time.Second, Fail: time.Second},
				excuses: func(exchange, string) bool { return false },
				reason:  func(u string) (check.Reason, bool) { return check.ProtocolError, strings.HasPrefix(u, "http://bad/") },
			},
			&e,
		}
	}
	excused := func(s *story) { s.excuses = func(exchange, string) bool { return true } }
	lost := func(s *story) {
		r := &s.answer.Results[2]
		r.Outcome, r.Reason, r.StatusCode = check.Fail, check.WorkerLost, 0
		s.answer.Summary.Pass, s.answer.Summary.Fail = 2, 3
	}
	refused := func(s *story) {
		s.answer = batchAnswer{code: http.StatusServiceUnavailable, header: http.Header{"Retry-After": {"1"}}}
	}
	long := asked.Add(-10 * time.Second)
	for _, row := range []struct {
		name   string
		change func(*story)
		want   string // none is right
	}{
		{"as it was", func(*story) {}, ""},
		{"an index is lost", func(s *story) { s.answer.Results = s.answer.Results[:4] }, "4 results for 5 URLs"},
		{"an index has two results", func(s *story) { s.answer.Results = append(s.answer.Results, s.answer.Results[4]) }, "6 results for 5 URLs"},
		{"one is lost, and one there twice", func(s *story) { s.answer.Results[2] = s.answer.Results[0] }, "result 2 is number 0"},
		{"two are exchanged", func(s *story) { slices.Reverse(s.answer.Results[1:3]) }, "result 1 is number 2"},
		{"of another URL", func(s *story) { s.answer.Results[0].Target.Input = "http://t/ok/2" }, "and not of"},
		{"a wrong sum", func(s *story) { s.answer.Summary.Pass++ }, "a summary of"},
		{"a wrong total", func(s *story) { s.answer.Summary.Total++ }, "a summary of"},
		{"stale, as it says", func(s *story) { s.answer.Results[0].Cached, s.answer.Results[0].CheckedAt = true, long }, "comes from a cache"},
		{"stale, as its age says", func(s *story) { s.answer.Results[0].Cached, s.answer.Results[0].CacheAge = true, 10*time.Second }, "comes from a cache"},
		{"stale, and does not say so", func(s *story) { s.hits["/ok/0"][0].at = long }, "was given to nobody"},
		{"remembered, and still good", func(s *story) {
			s.answer.Results[0].Cached, s.answer.Results[0].CheckedAt = true, asked.Add(-2*time.Second)
			s.hits["/ok/0"][0].at = asked.Add(-2 * time.Second)
		}, ""},
		{"a failure remembered as long as a pass", func(s *story) { s.hits["/secret/1"][0].at = asked.Add(-3 * time.Second) }, "was given to nobody"},
		{"another verdict than the page's", func(s *story) { s.hits["/ok/0"][0].code = 500 }, "was given to nobody"},
		{"a page passes that nobody has seen", func(s *story) { delete(s.hits, "/ok/2") }, "was given to nobody"},
		{"a pass without a status", func(s *story) { s.answer.Results[0].StatusCode = 0 }, "is no verdict"},
		{"hit once for each time it was asked for", func(s *story) { s.hits["/ok/0"] = slices.Repeat(s.hits["/ok/0"], 2) }, ""},
		{"hit more often", func(s *story) { s.hits["/ok/2"] = slices.Repeat(s.hits["/ok/2"], 2) }, "was hit 2 times, and may be 1"},
		{"hit thrice, with an excuse", func(s *story) { excused(s); s.hits["/ok/2"] = slices.Repeat(s.hits["/ok/2"], 3) }, ""},
		{"hit more often than there are tries", func(s *story) { excused(s); s.hits["/ok/2"] = slices.Repeat(s.hits["/ok/2"], 4) }, "was hit 4 times, and may be 3"},
		{"hit, though not asked for", func(s *story) { s.hits["/ok/9"] = s.hits["/ok/0"] }, "nobody asked for it"},
		{"another reason than a hostile target's", func(s *story) { s.answer.Results[3].Reason = check.Timeout }, "was to be expected"},
		{"a worker lost", lost, "was to be expected"},
		{"a worker lost, with an excuse", func(s *story) { lost(s); excused(s) }, ""},
		{"refused", refused, "503 to 5 URLs"},
		{"refused, with an excuse", func(s *story) { refused(s); excused(s); s.hits = nil }, ""},
		{"refused, and not told for how long", func(s *story) { refused(s); excused(s); s.answer.header = nil }, "503 without Retry-After"},
		{"no answer", func(s *story) { s.answer = batchAnswer{} }, "no answer to 5 URLs"},
		{"no answer, with an excuse", func(s *story) { s.answer = batchAnswer{}; excused(s) }, ""},
		{"no answer to one who hung up", func(s *story) { s.answer = batchAnswer{}; s.hungUp = true }, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := right()
			row.change(&s)
			s.exchanges = []exchange{*s.exchange}
			why := strings.Join(s.broken(s.laws), "; ")
			if row.want == "" && why != "" || !strings.Contains(why, row.want) {
				t.Errorf("%q, want %q", why, row.want)
			}
		})
	}
}
