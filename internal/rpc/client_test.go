package rpc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/resolver"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		items []string
		want  string // host port, host port
		err   string
	}{
		{"host and port", []string{"worker:9090"}, "worker 9090", ""},
		{"dns", []string{"dns:///worker:9090"}, "worker 9090", ""},
		{"list and repeats", []string{"a:1, dns:///b:2", "c:3,a:1,"}, "a 1, b 2, c 3", ""},
		{"IPv6", []string{"[::1]:9090"}, "::1 9090", ""},
		{"no port", []string{"worker"}, "", `"worker"`},
		{"no host", []string{":9090"}, "", `":9090"`},
		{"port 0", []string{"worker:0"}, "", `"worker:0"`},
		{"port too high", []string{"worker:65536"}, "", `"worker:65536"`},
		{"named port", []string{"worker:http"}, "", `"worker:http"`},
		{"other scheme", []string{"xds:///worker:9090"}, "", `"xds:///worker:9090"`},
		{"dns server", []string{"dns://8.8.8.8/worker:9090"}, "", "is no address"},
		{"nothing", nil, "", "no worker is named"},
		{"blank", []string{" , "}, "", "no worker is named"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseAddresses(tt.items)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "host:port") {
					t.Errorf("%v, want %q", err, tt.err)
				}
				return
			}
			var text []string
			for _, a := range got {
				text = append(text, a.host+" "+a.port)
			}
			if s := strings.Join(text, ", "); err != nil || s != tt.want {
				t.Errorf("%s, %v", s, err)
			}
		})
	}
}

// states collects what a resolver says.
type states struct {
	resolver.ClientConn
	mu   sync.Mutex
	said []string
}

func (s *states) UpdateState(state resolver.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text []string
	for _, e := range state.Endpoints {
		text = append(text, e.Addresses[0].Addr+" as "+e.Addresses[0].ServerName)
	}
	s.said = append(s.said, strings.Join(text, ", "))
	return nil
}

func (s *states) ReportError(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, err.Error())
}

func TestNamesAreLookedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		workers, err := parseAddresses([]string{"10.0.0.2:1,[::1]:2"})
		if err != nil {
			t.Fatal(err)
		}
		var cc states
		r, err := workers.Build(resolver.Target{}, &cc, resolver.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		said := func() int {
			synctest.Wait()
			cc.mu.Lock()
			defer cc.mu.Unlock()
			return len(cc.said)
		}
		begin := time.Now()
		if said() != 1 || cc.said[0] != "10.0.0.2:1 as 10.0.0.2:1, [::1]:2 as [::1]:2" {
			t.Errorf("at first: %q", cc.said)
		}
		r.ResolveNow(resolver.ResolveNowOptions{})
		r.ResolveNow(resolver.ResolveNowOptions{})
		if said() != 1 {
			t.Error("looked up again at once")
		}
		time.Sleep(lookupPause)
		if said() != 2 {
			t.Error("not looked up when asked to")
		}
		time.Sleep(lookupEvery - time.Millisecond)
		if said() != 2 {
			t.Errorf("looked up too soon, after %v", time.Since(begin))
		}
		time.Sleep(time.Millisecond)
		if said() != 3 {
			t.Error("not looked up by itself")
		}
		r.Close()
	})
}

func TestWorkersByName(t *testing.T) {
	w := start(t, engine(&checktest.Fake{}), ServerConfig{Name: "it"})
	_, port, _ := net.SplitHostPort(w.address)
	c := connect(t, ClientConfig{Workers: []string{"dns:///localhost:" + port}})
	for _, r := range run(t, c, targets(10)) {
		if r.Worker != "it" {
			t.Errorf("checked by %q", r.Worker)
		}
	}
}

func TestUnknownNameIsNobody(t *testing.T) {
	c, err := NewClient(ClientConfig{Workers: []string{"no-such-host.invalid:1"}, Patience: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n := reasons(run(t, c, targets(10))); n[check.WorkerLost] != 10 {
		t.Errorf("results by reason: %v", n)
	}
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPresence()
		await := func(want bool, took time.Duration) {
			t.Helper()
			begin := time.Now()
			if got := p.await(t.Context(), time.Second); got != want || time.Since(begin) != took {
				t.Errorf("%v after %v, want %v after %v", got, time.Since(begin), want, took)
			}
		}
		await(false, time.Second) // since the start
		await(false, 0)           // which is known
		p.set(true)
		await(true, 0)
		p.set(false)
		time.Sleep(300 * time.Millisecond)
		await(false, 700*time.Millisecond) // since it was lost
		p.set(true)
		p.set(false)
		time.AfterFunc(200*time.Millisecond, func() { p.set(true); p.set(false) })
		await(true, 200*time.Millisecond) // if only for a moment
		p.set(true)
		p.set(false)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if p.await(ctx, time.Hour) {
			t.Error("ctx has ended, and a worker is there")
		}
	})
}

// What a target brings along may be large: groups are sent in parts then, and
// what no message takes is said to be so.
func TestLargeTargets(t *testing.T) {
	var bytes sync.Map
	w := start(t, engine(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
		bytes.Store(t.URL, len(t.Request.Body))
		return checktest.Pass(t)
	})), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	ts := targets(64)
	for i := range ts {
		ts[i].Request = &check.Request{Body: strings.Repeat("x", 200<<10)}
	}
	ts[3].Request.Body = strings.Repeat("x", 1<<20)
	ts[5].Request.Body = strings.Repeat("x", 1000<<10)
	for _, r := range run(t, c, ts) {
		if large := r.Target.Seq == 3; large != (r.Reason == check.ResourceExhausted) || !large && r.Outcome != check.Pass {
			t.Errorf("target %d: %q %s", r.Target.Seq, r.Reason, r.Error)
		}
	}
	for _, target := range ts {
		if n, ok := bytes.Load(target.URL); ok && n != len(target.Request.Body) {
			t.Errorf("target %d came with %d bytes", target.Seq, n)
		}
	}
}

// A call that is slow to send has its batches waiting together.
func TestCallTakesWhatFitsIntoItAndIntoAMessage(t *testing.T) {
	of := func(n int) *batch { return newBatch(rand.Uint64(), targets(n)) }
	for _, tt := range []struct {
		name                 string
		targets, bytes       int // of what is there
		moreTargets, moreLen int
		want                 bool
	}{
		{"nothing there", 0, 0, 1000, 3 << 20, true},
		{"to the brim", 200, 1 << 20, 56, 1 << 20, true},
		{"too many targets", 200, 1 << 20, 57, 1, false},
		{"too many bytes", 1, 1 << 20, 1, 1<<20 + 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCall()
			if tt.targets > 0 && !c.add(of(tt.targets), make([]byte, tt.bytes)) {
				t.Fatal("the first is not taken")
			}
			if got := c.add(of(tt.moreTargets), make([]byte, tt.moreLen)); got != tt.want {
				t.Errorf("taken: %v", got)
			}
			c.close()
			if c.add(of(1), nil) {
				t.Error("a closed call takes more")
			}
		})
	}
}

func TestLargeResults(t *testing.T) {
	hops := make([]check.Hop, 10)
	for i := range hops {
		hops[i] = check.Hop{URL: "http://h.test/" + strings.Repeat("x", 60<<10), StatusCode: 301}
	}
	w := start(t, engine(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
		r := checktest.Pass(t)
		r.Redirects = hops
		return r
	})), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	for _, r := range run(t, c, targets(64)) {
		if len(r.Redirects) != 10 || r.Redirects[9] != hops[9] {
			t.Fatalf("target %d: %q, %d redirects", r.Target.Seq, r.Reason, len(r.Redirects))
		}
	}
}

func TestObserver(t *testing.T) {
	var mu sync.Mutex
	said := map[string]int{}
	observer := func(side string) Observer {
		say := func(parts ...string) {
			mu.Lock()
			defer mu.Unlock()
			said[side+" "+strings.Join(parts, " ")]++
		}
		return Observer{
			Started:  func(kind, service, method string) { say("started", kind, service, method) },
			Received: func(_, _, method string) { say("received", method) },
			Sent:     func(_, _, method string) { say("sent", method) },
			Handled: func(kind, service, method, code string, took time.Duration) {
				if took <= 0 {
					t.Error("it took no time")
				}
				say("handled", kind, service, method, code)
			},
		}
	}
	w := start(t, engine(&checktest.Fake{}), ServerConfig{Observe: observer("server")})
	c := connect(t, ClientConfig{Workers: []string{w.address}, Observe: observer("client")})
	run(t, c, targets(10))
	want := []string{
		"client handled bidi_stream hc.v1.Checker Check OK", "client received Check", "client sent Check",
		"client started bidi_stream hc.v1.Checker Check",
		"server handled bidi_stream hc.v1.Checker Check OK", "server received Check", "server sent Check",
		"server started bidi_stream hc.v1.Checker Check", "server started server_stream grpc.health.v1.Health Watch",
	}
	eventually(t, 5*time.Second, strings.Join(want, ", "), func() bool {
		mu.Lock()
		defer mu.Unlock()
		return !slices.ContainsFunc(want, func(s string) bool { return said[s] == 0 })
	})
}

// Callers of single targets, and of many, keep all workers busy alike.
func TestLoadIsShared(t *testing.T) {
	for _, tt := range []struct{ callers, size int }{{64, 1}, {8, 100}, {1, 10_000}} {
		t.Run(fmt.Sprintf("%d callers of %d", tt.callers, tt.size), func(t *testing.T) {
			var cfg ClientConfig
			var asked [2]*checktest.Fake
			var seen arrivals
			for i := range asked {
				asked[i] = &checktest.Fake{Takes: 5 * time.Millisecond}
				cfg.Workers = append(cfg.Workers, start(t, engine(asked[i]), ServerConfig{Observe: seen.observer()}).address)
			}
			c := connect(t, cfg)
			seen.await(t, len(asked))
			var callers sync.WaitGroup
			for range tt.callers {
				callers.Go(func() {
					for begin := time.Now(); time.Since(begin) < time.Second; {
						run(t, c, targets(tt.size))
					}
				})
			}
			callers.Wait()
			a, b := asked[0].Calls(), asked[1].Calls()
			if min(a, b)*3 < max(a, b) {
				t.Errorf("one worker checked %d targets, the other %d", a, b)
			}
		})
	}
}
