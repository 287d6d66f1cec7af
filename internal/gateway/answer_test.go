package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// runner is a Runner made of a function over the whole batch.
type runner func(ctx context.Context, ts []check.Target, yield func(check.Result) bool)

func (f runner) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) { f(ctx, slices.Collect(ts), yield) }
}

// TestJSONKeepsTheOrderOfTheInput lets the last target finish first.
func TestJSONKeepsTheOrderOfTheInput(t *testing.T) {
	backwards := runner(func(_ context.Context, ts []check.Target, yield func(check.Result) bool) {
		for _, target := range slices.Backward(ts) {
			if !yield(checktest.Pass(target)) {
				return
			}
		}
	})
	s := serve(t, Config{Runner: backwards, Version: "v1.2.3"})
	results, sum := answerOf(t, s.post(urls(100)))
	if len(results) != 100 {
		t.Fatalf("%d results", len(results))
	}
	for i, r := range results {
		if want := fmt.Sprintf("https://host%d.example.com/some/path?q=%d", i, i); r.Target.Seq != int64(i) || r.Target.Input != want {
			t.Errorf("result %d has seq %d and input %q", i, r.Target.Seq, r.Target.Input)
		}
	}
	if sum.Total != 100 || sum.Pass != 100 || sum.Unique != 100 || sum.Duplicates != 0 || sum.ExitCode != 0 || sum.Version != "v1.2.3" || sum.Duration <= 0 {
		t.Errorf("summary %+v", sum)
	}
}

// TestDuplicatesAreCheckedOnceAndAnsweredEach: equal is what has equal URLs in
// canonical form, methods and expectations.
func TestDuplicatesAreCheckedOnceAndAnsweredEach(t *testing.T) {
	for _, row := range []struct {
		name, body     string
		checks, unique int64
	}{
		{"as written", `{"urls":["https://a.test/","https://b.test/","https://a.test/","https://a.test/"]}`, 2, 2},
		{"as meant", `{"urls":["https://a.test/","HTTPS://A.test:443","a.test#top"]}`, 1, 1},
		{"another method", `{"targets":[{"url":"https://a.test/"},{"url":"https://a.test/","method":"HEAD"},{"url":"https://a.test/","method":"get"}]}`, 2, 2},
		{"another expectation", `{"targets":[{"url":"https://a.test/"},{"url":"https://a.test/","accept":"2xx"},{"url":"https://a.test/","accept":404},{"url":"https://a.test/","max_latency_ms":5}]}`, 3, 3},
		{"more patience", `{"targets":[{"url":"https://a.test/"},{"url":"https://a.test/","timeout_ms":10}]}`, 2, 2},
		{"other tags", `{"targets":[{"url":"https://a.test/","tags":["x"]},{"url":"https://a.test/","tags":["y"]}]}`, 1, 1},
		{"bad ones", `{"urls":["x y","x y","z y"]}`, 0, 2},
	} {
		for _, accept := range []string{"application/json", "application/x-ndjson"} {
			t.Run(row.name+" as "+accept, func(t *testing.T) {
				fake := &checktest.Fake{}
				s := serve(t, Config{Runner: pool.New(fake, pool.Config{})})
				g := s.post(row.body, "Accept: "+accept)
				var results []check.Result
				var sum check.Summary
				if accept == "application/json" {
					results, sum = answerOf(t, g)
				} else {
					results, sum = streamOf(t, g.body)
				}
				if fake.Calls() != row.checks {
					t.Errorf("%d checks, want %d", fake.Calls(), row.checks)
				}
				if sum.Total != int64(len(results)) || sum.Unique != row.unique || sum.Duplicates != sum.Total-row.unique {
					t.Errorf("%d results, summary %+v", len(results), sum)
				}
				own(t, row.body, results)
			})
		}
	}
}

// own wants each item to be answered once, with its own input and tags.
func own(t *testing.T, body string, results []check.Result) {
	t.Helper()
	var b batch
	if err := b.decode(body, 1000); err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, len(b.targets))
	for _, r := range results {
		seq := r.Target.Seq
		if seen[seq] {
			t.Errorf("item %d is answered twice", seq)
		}
		seen[seq] = true
		if want := b.targets[seq]; r.Target.Input != want.Input || !slices.Equal(r.Target.Tags, want.Tags) {
			t.Errorf("item %d: input %q, tags %q, want %q, %q", seq, r.Target.Input, r.Target.Tags, want.Input, want.Tags)
		}
	}
	if i := slices.Index(seen, false); i >= 0 {
		t.Errorf("item %d is not answered", i)
	}
}

// streamOf reads NDJSON: results, the summary last.
func streamOf(t *testing.T, body string) (results []check.Result, sum check.Summary) {
	t.Helper()
	all := slices.Collect(lines(t, strings.NewReader(body)))
	for i, line := range all {
		if i == len(all)-1 {
			if err := json.Unmarshal([]byte(line), &sum); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			return results, sum
		}
		var r check.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		results = append(results, r)
	}
	t.Fatal("an empty answer")
	return nil, sum
}

// TestStreamsGiveResultsAsTheyFinish: those that are there are read while one is
// still being checked.
func TestStreamsGiveResultsAsTheyFinish(t *testing.T) {
	for _, row := range []struct {
		accept, contentType string
		result              func(line string) bool
	}{
		{"application/x-ndjson", "application/x-ndjson", func(line string) bool { return strings.HasPrefix(line, `{"type":"result"`) }},
		{"text/event-stream", "text/event-stream", func(line string) bool { return strings.HasPrefix(line, `data: {"type":"result"`) }},
	} {
		t.Run(row.accept, func(t *testing.T) {
			release := make(chan struct{})
			s := serve(t, Config{
				Runner: pool.New(&checktest.Fake{Answer: func(ctx context.Context, target check.Target) check.Result {
					if strings.Contains(target.URL, "slow") {
						return held(release)(ctx, target)
					}
					return checktest.Pass(target)
				}}, pool.Config{}),
				Hot: func(target *check.Target, key check.Key, now time.Time, res *check.Result) bool {
					return strings.Contains(target.URL, "hot") && hotAnswer(target, key, now, res)
				},
			})
			resp := s.open(t.Context(), "POST", "/check", `{"urls":["https://slow/","https://a/","https://hot/","https://b/","not a url"]}`, "Accept: "+row.accept)
			defer resp.Body.Close()
			if ct := resp.Header.Get("Content-Type"); ct != row.contentType {
				t.Errorf("Content-Type %q", ct)
			}
			results := 0
			last := ""
			for line := range lines(t, resp.Body) {
				if row.result(line) {
					if results++; results == 4 {
						close(release)
					}
				}
				if line != "" {
					last = line
				}
			}
			if results != 5 || !strings.Contains(last, `{"type":"summary","v":1,"total":5`) {
				t.Errorf("%d results, then %q", results, last)
			}
		})
	}
}

// TestEventStreamIsOne reads it as browsers do.
func TestEventStreamIsOne(t *testing.T) {
	s := serve(t, Config{})
	g := s.post(`{"urls":["https://a.test/\u2028","https://b.test/\n"]}`, "Accept: text/event-stream")
	var names []string
	for event := range strings.SplitSeq(strings.TrimSuffix(g.body, "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(event, "\n")
		data, isData := strings.CutPrefix(data, "data: ")
		if !ok || !isData || strings.Contains(data, "\n") || !json.Valid([]byte(data)) {
			t.Errorf("no event: %q", event)
		}
		names = append(names, name)
	}
	if want := []string{"event: result", "event: result", "event: summary"}; !slices.Equal(names, want) {
		t.Errorf("events %q, want %q", names, want)
	}
}

// TestHotAnswersAreCountedTogether, by outcome and reason, each item once, and
// read as if they had been put together for this batch.
func TestHotAnswersAreCountedTogether(t *testing.T) {
	type cached struct {
		outcome check.Outcome
		reason  check.Reason
		n       int
	}
	var told []cached
	recalled, alone := 0, 0
	text := true
	s := serve(t, Config{
		Hot: func(target *check.Target, key check.Key, now time.Time, res *check.Result) bool {
			if strings.Contains(target.URL, "cold") {
				return false
			}
			hotAnswer(target, key, now, res)
			if strings.Contains(target.URL, "gone") {
				res.Outcome, res.Reason = check.Fail, check.HTTPStatus
			}
			if text {
				res.Text = check.NewText(res)
			}
			return true
		},
		Recalled: func(n int) { recalled += n },
		Cached: func(outcome check.Outcome, reason check.Reason, n int) {
			told = append(told, cached{outcome, reason, n})
		},
		Result: func(check.Result) { alone++ },
	})
	const body = `{"targets":[{"url":"https://a.test/"},{"url":"https://b.test/","tags":["x"]},{"url":"https://a.test/","tags":["y"]},` +
		`{"url":"https://gone.test/?token=s3cret"},{"url":"https://cold.test/"},{"url":"https://c.test/","accept":"404"},{"url":"no url"}]}`
	results, sum := answerOf(t, s.post(body))
	own(t, body, results)
	if want := []cached{{check.Pass, "", 3}, {check.Fail, check.HTTPStatus, 1}, {check.Pass, "", 1}}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if recalled != 4 || alone != 2 {
		t.Errorf("%d targets recalled, %d told alone, want 4 and 2", recalled, alone)
	}
	if sum.Pass != 5 || sum.Fail != 2 || sum.Cached != 5 || sum.Duplicates != 1 || sum.ByReason[check.HTTPStatus] != 1 || sum.ExitCode != 1 {
		t.Errorf("summary %+v", sum)
	}
	text = false
	anew, _ := answerOf(t, s.post(body))
	for i := range anew {
		if strings.Contains(anew[i].Target.URL, "cold") {
			continue // asked twice, with another time
		}
		got, want := results[i].AppendJSONVerbatim(nil), anew[i].AppendJSONVerbatim(nil)
		if string(got) != string(want) {
			t.Errorf("\n%s, want\n%s", got, want)
		}
	}
}

// TestSilentEventStreamIsKeptOpen: a comment every 15 s, none once it ends.
func TestSilentEventStreamIsKeptOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := httptest.NewRecorder()
		a := newAnswer(&eventsForm, &reply{ResponseWriter: rec}, nil, nil, new(Config))
		stop := a.keepOpen()
		time.Sleep(40 * time.Second)
		stop()
		a.close(check.Summary{})
		time.Sleep(time.Minute)
		if n := strings.Count(rec.Body.String(), ": still checking\n\n"); n != 2 {
			t.Errorf("%d comments in 40 s", n)
		}
		if !strings.HasSuffix(rec.Body.String(), "}\n\n") {
			t.Errorf("it ends with %q", rec.Body)
		}
	})
}

// TestFormsAreChosenByAccept follows RFC 9110 §12.5.1 as far as it matters.
func TestFormsAreChosenByAccept(t *testing.T) {
	for accept, want := range map[string]string{
		"":                     jsonType,
		"*/*":                  jsonType,
		"application/json":     jsonType,
		"text/html":            jsonType,
		"application/x-ndjson": ndjsonType,
		"Application/X-NDJSON": ndjsonType,
		"text/event-stream":    eventsType,
		"text/html, text/event-stream;q=0.5, */*;q=0.1":            eventsType,
		"application/json, application/x-ndjson":                   jsonType,
		"application/json;q=0.5, application/x-ndjson":             ndjsonType,
		"application/x-ndjson;q=0, application/json;q=0.1":         jsonType,
		"application/x-ndjson;q=0":                                 jsonType,
		"application/x-ndjson; charset=utf-8":                      ndjsonType,
		"application/x-ndjson;q=high":                              ndjsonType,
		"text/event-stream;q=0.9, application/x-ndjson;q=0.8, ;;;": eventsType,
	} {
		t.Run(accept, func(t *testing.T) {
			if got := formOf(http.Header{"Accept": {accept}}).contentType[0]; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// TestEngineThatBreaksTheLawsCostsNoItem: each index has one result, its own,
// whatever the Runner does.
func TestEngineThatBreaksTheLawsCostsNoItem(t *testing.T) {
	for name, broken := range map[string]runner{
		"no results": func(context.Context, []check.Target, func(check.Result) bool) {},
		"each twice": func(_ context.Context, ts []check.Target, yield func(check.Result) bool) {
			twice(ts, yield)
		},
		"another's place": func(_ context.Context, ts []check.Target, yield func(check.Result) bool) { misplaced(ts, yield) },
		"another target":  func(_ context.Context, ts []check.Target, yield func(check.Result) bool) { renamed(ts, yield) },
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"urls":["https://a.test/","https://b.test/","https://a.test/","bad url"]}`
			s := serve(t, Config{Runner: broken})
			results, sum := answerOf(t, s.post(body))
			own(t, body, results)
			if sum.Total != 4 || len(results) != 4 {
				t.Errorf("%d results, summary %+v", len(results), sum)
			}
			for i, r := range results {
				switch {
				case i == 3 && r.Reason == check.InvalidURL:
				case name == "no results" || name == "another's place":
					if r.Reason != check.Internal {
						t.Errorf("result %d: %s %s", i, r.Outcome, r.Reason)
					}
				case r.Outcome != check.Pass:
					t.Errorf("result %d: %s %s", i, r.Outcome, r.Reason)
				}
			}
		})
	}
}

func twice(ts []check.Target, yield func(check.Result) bool) {
	for _, t := range slices.Concat(ts, ts) {
		if !yield(checktest.Pass(t)) {
			return
		}
	}
}

func misplaced(ts []check.Target, yield func(check.Result) bool) {
	for _, seq := range []int64{-1, 1 << 40, int64(len(ts))} {
		t := ts[0]
		t.Seq = seq
		if !yield(checktest.Pass(t)) {
			return
		}
	}
}

func renamed(ts []check.Target, yield func(check.Result) bool) {
	for _, t := range ts {
		if !yield(checktest.Pass(check.Target{Seq: t.Seq, Input: "mine", URL: "https://mine.test/"})) {
			return
		}
	}
}

// TestWhatMemoryHasCostsNoRun: hits and bad URLs are answered without the Runner,
// the rest by it, and the Result tap sees all.
func TestWhatMemoryHasCostsNoRun(t *testing.T) {
	for _, row := range []struct {
		name, body string
		asked      []string
	}{
		{"all hot", `{"urls":["https://hot.test/1","https://hot.test/2","https://hot.test/1","a b"]}`, nil},
		{"some hot", `{"urls":["https://hot.test/1","https://cold.test/","a b","https://cold.test/"]}`, []string{"https://cold.test/"}},
		{"not to be read", `{"urls":["https://hot.test/1"],"no_cache":true}`, []string{"https://hot.test/1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var asked []string
			var mu sync.Mutex
			told := 0
			s := serve(t, Config{
				Runner: runner(func(_ context.Context, ts []check.Target, yield func(check.Result) bool) {
					for i, target := range ts {
						if target.Seq != int64(i) {
							t.Errorf("target %d has seq %d", i, target.Seq)
						}
						asked = append(asked, target.URL)
						if !yield(checktest.Pass(target)) {
							return
						}
					}
				}),
				Hot: func(target *check.Target, key check.Key, now time.Time, res *check.Result) bool {
					return strings.Contains(target.URL, "hot") && hotAnswer(target, key, now, res)
				},
				Result: func(check.Result) {
					mu.Lock()
					defer mu.Unlock()
					told++
				},
			})
			results, sum := answerOf(t, s.post(row.body))
			own(t, row.body, results)
			if !slices.Equal(asked, row.asked) {
				t.Errorf("the Runner was asked %q, want %q", asked, row.asked)
			}
			mu.Lock()
			defer mu.Unlock()
			if told != len(results) || sum.Total != int64(told) {
				t.Errorf("%d results, %d told, summary %+v", len(results), told, sum)
			}
		})
	}
}

// TestWhatIsAskedReachesTheRunner with the caller's name and trace.
func TestWhatIsAskedReachesTheRunner(t *testing.T) {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	keys, err := ParseKeys("alice " + sumOf("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, trace, wantTrace, wantCaller string
		keys                               *Keys
	}{
		{"a key and a trace", trace, trace, "alice", keys},
		{"an address", "", "", "127.0.0.1", nil},
		{"a trace of another version", "01" + trace[2:], "", "127.0.0.1", nil},
		{"no trace at all", strings.Repeat("x", 55), "", "127.0.0.1", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got check.Target
			var caller, parent string
			s := serve(t, Config{Keys: row.keys, Runner: runner(func(ctx context.Context, ts []check.Target, yield func(check.Result) bool) {
				got, caller, parent = ts[0], check.Caller(ctx), Traceparent(ctx)
				yield(checktest.Pass(ts[0]))
			})})
			g := s.post(`{"urls":["https://a.test/"],"timeout_ms":250,"max_age_ms":1000,"no_cache":true}`, "Authorization: Bearer secret", "Traceparent: "+row.trace)
			if g.code != 200 {
				t.Fatalf("%d %s", g.code, g.body)
			}
			if !got.Fresh || got.MaxAge != time.Second || got.Timeout != 250*time.Millisecond || got.Method != "GET" || got.URL != "https://a.test/" {
				t.Errorf("target %+v", got)
			}
			if caller != row.wantCaller || parent != row.wantTrace {
				t.Errorf("caller %q, trace %q", caller, parent)
			}
		})
	}
}

// TestCallerWhoHangsUpStopsItsChecks, and gives its room back.
func TestCallerWhoHangsUpStopsItsChecks(t *testing.T) {
	for _, accept := range []string{"application/json", "application/x-ndjson", "text/event-stream"} {
		t.Run(accept, func(t *testing.T) {
			fake := &checktest.Fake{Answer: checktest.Hang}
			s := serve(t, Config{Runner: pool.New(fake, pool.Config{})})
			ctx, hangUp := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				resp, err := s.client.Do(s.request(ctx, "POST", "/check", urls(20), "Accept: "+accept))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				done <- err
			}()
			eventually(t, "20 checks run", func() bool { return fake.InFlight() == 20 })
			hangUp()
			if err := <-done; err == nil {
				t.Error("the caller had an answer")
			}
			eventually(t, "none runs", func() bool { return fake.InFlight() == 0 && s.gw.Pending() == 0 })
		})
	}
}

// TestGuardRefusesBeforeTheRunner: for workers far away, with the same words.
func TestGuardRefusesBeforeTheRunner(t *testing.T) {
	guard, err := check.NewGuard(check.GuardConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	s := serve(t, Config{Guard: guard, Runner: runner(func(_ context.Context, ts []check.Target, yield func(check.Result) bool) {
		for _, target := range ts {
			asked = append(asked, target.URL)
			yield(checktest.Pass(target))
		}
	})})
	results, _ := answerOf(t, s.post(`{"urls":["http://127.0.0.1/","http://user:pw@example.com/","http://127.1/","https://example.com/","http://[::1]:99/"]}`))
	want := []check.Reason{check.BlockedAddress, check.InvalidURL, check.InvalidURL, "", check.BlockedAddress}
	for i, r := range results {
		if r.Reason != want[i] {
			t.Errorf("%s: reason %q, want %q", r.Target.Input, r.Reason, want[i])
		}
		if r.Reason == check.BlockedAddress && r.Error != check.ErrBlocked.Error() {
			t.Errorf("%s: %s", r.Target.Input, r.Error)
		}
	}
	if !slices.Equal(asked, []string{"https://example.com/"}) {
		t.Errorf("the Runner was asked %q", asked)
	}
}

// TestLargeAnswersAreNotCollected: an answer in JSON is sent as it grows.
func TestLargeAnswersAreNotCollected(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, Config{Runner: runner(func(ctx context.Context, ts []check.Target, yield func(check.Result) bool) {
		for i, target := range ts {
			if i == len(ts)-1 {
				<-release
			}
			if !yield(checktest.Pass(target)) {
				return
			}
		}
	})})
	resp := s.open(t.Context(), "POST", "/check", urls(500))
	defer resp.Body.Close()
	head := make([]byte, sendAt/2)
	if _, err := io.ReadFull(bufio.NewReader(resp.Body), head); err != nil {
		t.Fatal(err)
	}
	close(release)
}

// deaf is a ResponseWriter of a caller who is gone, which nobody has noticed.
type deaf struct{ sink }

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestAnswerNobodyReadsEndsItsChecks: what cannot be written ends the batch, at
// the first result.
func TestAnswerNobodyReadsEndsItsChecks(t *testing.T) {
	fake := &checktest.Fake{Answer: func(ctx context.Context, target check.Target) check.Result {
		if target.Seq == 0 {
			return checktest.Pass(target)
		}
		return checktest.Hang(ctx, target)
	}}
	g := New(Config{Runner: pool.New(fake, pool.Config{})})
	req := (&site{t: t}).request(t.Context(), "POST", "/check", urls(10), "Accept: application/x-ndjson")
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.ServeHTTP(&deaf{sink{http.Header{}}}, req)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if fake.InFlight() != 0 || g.Pending() != 0 {
		t.Errorf("%d checks run, %d URLs pending", fake.InFlight(), g.Pending())
	}
}
