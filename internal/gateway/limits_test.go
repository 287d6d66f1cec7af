package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// TestRatesAreEachCallersOwn: a greedy key is told when to come back, another
// one notices nothing.
func TestRatesAreEachCallersOwn(t *testing.T) {
	keys, err := ParseKeys("alice " + sumOf("a1") + "\nalice " + sumOf("a2") + "\nbob " + sumOf("b"))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Keys: keys, KeyRate: 0.1}) // twice that is less than one URL: the burst is 1
	for _, row := range []struct {
		key  string
		code int
	}{{"a1", 200}, {"a1", 429}, {"a2", 429}, {"b", 200}, {"b", 429}} {
		g := s.post(oneURL, "Authorization: Bearer "+row.key)
		if g.code != row.code {
			t.Errorf("key %s: status %d, want %d", row.key, g.code, row.code)
		}
		if wait := g.header.Get("Retry-After"); row.code == 429 && wait != "10" && wait != "9" {
			t.Errorf("key %s: Retry-After %q, want 10", row.key, wait)
		}
	}
	if g := s.do("GET", "/healthz", ""); g.code != 200 {
		t.Errorf("healthz %d", g.code)
	}
}

// TestAProbeIsABatchOfOne, to the rate of its caller and to the room for all.
func TestAProbeIsABatchOfOne(t *testing.T) {
	keys, err := ParseKeys("alice " + sumOf("a") + "\nbob " + sumOf("b") + "\ncarol " + sumOf("c"))
	if err != nil {
		t.Fatal(err)
	}
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	probe := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-release
		w.WriteHeader(http.StatusOK)
	})
	s := serve(t, Config{Keys: keys, KeyRate: 0.1, KeyBurst: 1, MaxPending: 1, Probe: probe})
	ask := func(key string) int { return s.do("GET", "/probe?target=x", "", "Authorization: Bearer "+key).code }
	first := make(chan int, 1)
	go func() { first <- ask("a") }()
	<-asked
	if code := ask("b"); code != 503 {
		t.Errorf("a probe where one may be pending, and is: %d, want 503", code)
	}
	close(release)
	if code := <-first; code != 200 || s.gw.Pending() != 0 {
		t.Errorf("the first probe: %d, %d pending", code, s.gw.Pending())
	}
	if code := ask("a"); code != 429 {
		t.Errorf("a probe beyond the rate: %d, want 429", code)
	}
	if code := s.post(oneURL, "Authorization: Bearer b").code; code != 200 {
		t.Errorf("the refused probe cost something: %d", code)
	}
	if code := ask("b"); code != 429 {
		t.Errorf("a probe after the batch that used the rate up: %d, want 429", code)
	}
	if code := ask("c"); code != 200 {
		t.Errorf("another caller's probe: %d", code)
	}
}

// TestRateIsAllOrNothing: a batch that is refused costs nothing.
func TestRateIsAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRates(10, 0)
		if r.burst != 20 {
			t.Fatalf("burst %d, want 20", r.burst)
		}
		if wait := r.take("a", 15, time.Now()); wait != 0 {
			t.Errorf("15 of 20: wait %v", wait)
		}
		for range 100 {
			if wait := r.take("a", 10, time.Now()); wait != 500*time.Millisecond {
				t.Fatalf("10 of 5: wait %v, want 500ms", wait)
			}
		}
		if wait := r.take("a", 5, time.Now()); wait != 0 {
			t.Errorf("5 of 5: wait %v", wait)
		}
		time.Sleep(time.Second)
		if wait := r.take("a", 10, time.Now()); wait != 0 {
			t.Errorf("a second later: wait %v", wait)
		}
	})
}

// TestRefusalsCostNothingEvenAtOnce: a flood of refused batches does not eat what
// a smaller one would get.
func TestRefusalsCostNothingEvenAtOnce(t *testing.T) {
	r := newRates(1e-6, 10)
	now := time.Now()
	r.take("a", 9, now)
	var flood sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			for range 200 {
				r.take("a", 5, now)
			}
		})
	}
	flood.Wait()
	if wait := r.take("a", 1, now); wait != 0 {
		t.Errorf("the last token is gone: wait %v", wait)
	}
}

// TestRatesAreBounded: any number of addresses, a bounded number of buckets.
func TestRatesAreBounded(t *testing.T) {
	r := newRates(1, 1)
	now := time.Now()
	for i := range maxBuckets + 500 {
		r.take(fmt.Sprint(i), 1, now)
	}
	if n := len(r.buckets); n != maxBuckets {
		t.Errorf("%d buckets", n)
	}
	if wait := r.take("one more", 1, now); wait == 0 {
		t.Error("whoever has no bucket has no limit")
	}
	now = now.Add(time.Minute) // all are full again
	if wait := r.take("one more", 1, now); wait != 0 {
		t.Errorf("wait %v, with room again", wait)
	}
	if n := len(r.buckets); n != 1 {
		t.Errorf("%d buckets are kept though full", n)
	}
}

// TestCallersAreKnownByTheirAddress, an IPv6 one by its network.
func TestCallersAreKnownByTheirAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:1234":            "192.0.2.7",
		"[::ffff:192.0.2.7]:1":      "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:5":          "fe80::/64",
		"pipe":                      "pipe",
	} {
		t.Run(remote, func(t *testing.T) {
			r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {"10.0.0.1"}}}
			if got := callerName(&reply{}, r); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestLongBatchDoesNotStallAShortOne: callers take turns URL by URL, so that one
// URL is answered long before 400 are.
func TestLongBatchDoesNotStallAShortOne(t *testing.T) {
	fake := &checktest.Fake{Takes: 5 * time.Millisecond}
	s := serve(t, Config{Runner: pool.New(fake, pool.Config{Concurrency: 4})})
	long := make(chan got, 1)
	go func() { long <- s.post(urls(400)) }()
	eventually(t, "the long batch runs", func() bool { return fake.Calls() >= 8 })
	if g := s.post(`{"urls":["https://short.test/"]}`); g.code != 200 {
		t.Errorf("%d %s", g.code, g.body)
	}
	if n := fake.Calls(); n > 200 {
		t.Errorf("one URL waited for %d others", n)
	}
	if g := <-long; g.code != 200 {
		t.Errorf("%d %s", g.code, g.body)
	}
}

// TestOverloadIsRefusedQuickly is row 20 of the fault matrix, small: what is
// admitted is answered at full speed, the rest is refused at once, nothing is
// left behind, and then there is room again.
func TestOverloadIsRefusedQuickly(t *testing.T) {
	fake := &checktest.Fake{Takes: 20 * time.Millisecond}
	s := serve(t, Config{Runner: pool.New(fake, pool.Config{Concurrency: 8}), MaxPending: 16})
	var answered, refused atomic.Int64
	var callers sync.WaitGroup
	for range 40 {
		callers.Go(func() {
			for range 5 {
				resp, err := s.client.Do(s.request(t.Context(), "POST", "/check", urls(4)))
				if err != nil {
					t.Errorf("a caller was cut off: %v", err)
					return
				}
				resp.Body.Close()
				switch resp.StatusCode {
				case 200:
					answered.Add(1)
				case 503:
					refused.Add(1)
				default:
					t.Errorf("status %d", resp.StatusCode)
				}
			}
		})
	}
	callers.Wait()
	if answered.Load() == 0 || refused.Load() == 0 || answered.Load()+refused.Load() != 200 {
		t.Errorf("%d answered, %d refused, of 200", answered.Load(), refused.Load())
	}
	if fake.Calls() != 4*answered.Load() {
		t.Errorf("%d checks for %d batches of 4", fake.Calls(), answered.Load())
	}
	eventually(t, "room again", func() bool { return s.gw.Pending() == 0 && s.post(urls(16)).code == 200 })
}

// TestRequestsHaveABoundOfTheirOwn: where there is room for many URLs there may be
// none for another request, since each holds a connection.
func TestRequestsHaveABoundOfTheirOwn(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, Config{Runner: pool.New(&checktest.Fake{Answer: held(release)}, pool.Config{}), MaxOpen: 2})
	codes := make(chan int, 2)
	for range 2 {
		go func() { codes <- s.post(oneURL).code }()
	}
	eventually(t, "both to be admitted", func() bool { return s.gw.Pending() == 2 })
	if g := s.post(oneURL); g.code != 503 || g.header.Get("Retry-After") != "1" {
		t.Errorf("the third request: %d, Retry-After %q", g.code, g.header.Get("Retry-After"))
	}
	close(release)
	for range 2 {
		if code := <-codes; code != 200 {
			t.Errorf("an admitted request: %d", code)
		}
	}
	eventually(t, "room again", func() bool { return s.post(oneURL).code == 200 })
}

// TestFullGatewayRefusesUnread: where there is no room for one URL more, no body is
// waited for, asked for or judged. What the header tells is judged still, and a
// caller who has sent his body keeps his connection.
func TestFullGatewayRefusesUnread(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, Config{Runner: pool.New(&checktest.Fake{Answer: held(release)}, pool.Config{}), MaxPending: 1})
	first := make(chan got, 1)
	go func() { first <- s.post(oneURL) }()
	eventually(t, "one is pending", func() bool { return s.gw.Pending() == 1 })
	const post, plain = "POST /check HTTP/1.1\r\nHost: x\r\n", "Content-Type: application/json\r\n"
	for _, row := range []struct {
		name, sent string
		code       int
		kept       bool
	}{
		{"a body that is never sent", post + plain + "Content-Length: 100\r\n\r\n", 503, false},
		{"half a body", post + plain + "Content-Length: 100\r\n\r\n" + `{"urls":[`, 503, false},
		{"a body of unknown length", post + plain + "Transfer-Encoding: chunked\r\n\r\n", 503, false},
		{"a body that is not asked for", post + plain + "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n", 503, false},
		{"a large body", post + plain + "Content-Length: 1000000\r\n\r\n", 503, false},
		{"a batch", post + plain + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(oneURL), oneURL), 503, true},
		{"a large batch", post + plain + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(urls(1000)), urls(1000)), 503, true},
		{"what is no batch", post + plain + "Content-Length: 1\r\n\r\n{", 503, true},
		{"announced too large", post + plain + "Content-Length: 10000000\r\n\r\n", 413, false},
		{"not JSON", post + "Content-Length: 1\r\n\r\n{", 415, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn := dial(t, s)
			_ = conn.SetReadDeadline(time.Now().Add(4 * time.Second)) // a server that waits for the body waits 15 s
			fmt.Fprint(conn, row.sent)
			read := bufio.NewReader(conn)
			resp, err := http.ReadResponse(read, nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != row.code || row.code == 503 && resp.Header.Get("Retry-After") != "1" {
				t.Errorf("status %d, Retry-After %q, want %d", resp.StatusCode, resp.Header.Get("Retry-After"), row.code)
			}
			if resp.Close == row.kept {
				t.Errorf("the connection is closed: %t", resp.Close)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || !row.kept {
				return
			}
			time.Sleep(2 * refusedPatience) // whose deadline is that of one request
			fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
			if resp, err = http.ReadResponse(read, nil); err != nil || resp.StatusCode != 200 {
				t.Errorf("the next request on it: %v, %v", resp, err)
			}
		})
	}
	close(release)
	if g := <-first; g.code != 200 {
		t.Errorf("the one that was let in: %d", g.code)
	}
}

// TestRoomIsJudgedBeforeTheRestOfTheBody: a batch is read as far as there is room
// for it. One that the memory has takes room like any other, and is answered where
// there is some.
func TestRoomIsJudgedBeforeTheRestOfTheBody(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, Config{
		Runner: pool.New(&checktest.Fake{Answer: held(release)}, pool.Config{}), MaxPending: 5, MaxURLs: 4,
		Hot: func(t *check.Target, key check.Key, now time.Time, res *check.Result) bool {
			return strings.Contains(t.URL, "hot") && hotAnswer(t, key, now, res)
		},
	})
	rows := func(name string, codes ...int) {
		t.Run(name, func(t *testing.T) {
			for i, body := range []string{
				`{"urls":["https://hot/1"]}`,
				`{"urls":["https://hot/1","https://hot/2","https://hot/3"]}`,
				`{"urls":["https://hot/1",`,
				`{"urls":["https://hot/1","https://hot/2","https://hot/3",`,
				`{"urls":["https://hot/1","https://hot/2","https://hot/3","https://hot/4","https://hot/5"]}`,
			} {
				if g := s.post(body); g.code != codes[i] {
					t.Errorf("%s: %d, want %d", body, g.code, codes[i])
				}
			}
		})
	}
	rows("all the room", 200, 200, 400, 400, 413)
	first := make(chan got, 1)
	go func() { first <- s.post(urls(3)) }()
	eventually(t, "three are pending", func() bool { return s.gw.Pending() == 3 })
	rows("room for two", 200, 503, 400, 503, 503)
	close(release)
	if g := <-first; g.code != 200 {
		t.Errorf("the one that was let in: %d", g.code)
	}
}

// TestStreamGivesRoomBackAsItGoes: what is answered is not pending.
func TestStreamGivesRoomBackAsItGoes(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, Config{Runner: pool.New(&checktest.Fake{Answer: func(ctx context.Context, target check.Target) check.Result {
		if strings.Contains(target.URL, "slow") {
			return held(release)(ctx, target)
		}
		return checktest.Pass(target)
	}}, pool.Config{})})
	resp := s.open(t.Context(), "POST", "/check", `{"urls":["https://slow/","https://a/","https://b/"]}`, "Accept: application/x-ndjson")
	defer resp.Body.Close()
	eventually(t, "one is pending", func() bool { return s.gw.Pending() == 1 })
	close(release)
	for range lines(t, resp.Body) {
	}
}
