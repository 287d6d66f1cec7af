//go:build unix

package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// The faults of the matrix in docs/faults.md, which a service of several processes
// must survive: a test for each row, named by its number, over real processes on
// loopback. Those that take long are in files with the tag faults (`make faults`);
// row 24 is in the rooms that have the clocks.

func TestFault09WorkerKilledMidBatch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	few := []string{"--retries", "0", "--per-host", "50"} // so that the batch lasts, and there is something to lose
	dies, lives := serve(t, "worker", few...), serve(t, "worker", few...)
	front := serve(t, "gateway", "--workers", addresses(dies, lives), "--cache", "off")
	connectedTo(t, dies, lives)
	pages := urls(s.URL+"/slow/", 1000)
	answers, c := make(chan batchAnswer, 1), newCaller(t)
	go func() { answers <- c.ask(t, front.address, pages) }()
	eventually(t, "work for the one that dies", func() bool { return dies.metric(t, "hc_pool_in_flight") > 0 })
	_ = dies.Process.Kill()
	(<-answers).passed(t, len(pages))
	if most := s.most(pages); most > 2 {
		t.Errorf("a page was asked for %d times, by two workers", most)
	}
	s.holds(t, laws{tries: 2}, c)
	lives.idle(t)
	front.settled(t)
}

func TestFault10AllWorkersDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	port := freePorts(t, 1)[0]
	start := func() *service { return serve(t, "worker", "--listen", "127.0.0.1:"+port) }
	worker := start()
	front := serve(t, "gateway", "--workers", worker.address, "--cache", "off")
	front.connected(t)
	c := newCaller(t)
	c.ask(t, front.address, []string{s.URL + "/ok/1"}).passed(t, 1)
	_ = worker.Process.Kill()
	<-worker.ended
	// A batch that is sent before the gateway has seen its connection end has
	// begun, and is answered 200 with worker_lost.
	eventually(t, "that nobody is there is seen", func() bool {
		return c.ask(t, front.address, []string{s.URL + "/ok/2"}).code != http.StatusOK
	})
	for range 3 {
		answer := c.ask(t, front.address, []string{s.URL + "/ok/2"})
		if answer.code != http.StatusServiceUnavailable || answer.header.Get("Retry-After") == "" {
			t.Errorf("%d %v, want 503 with Retry-After", answer.code, answer.header)
		}
		if answer.took > time.Second+slack*100*time.Millisecond {
			t.Errorf("decided after %s", answer.took)
		}
	}
	worker = start()
	back := time.Now()
	eventually(t, "an answer from the worker that is back", func() bool {
		return c.ask(t, front.address, []string{s.URL + "/ok/3"}).code == http.StatusOK
	})
	inTime(t, "recovery", time.Since(back), 1200*time.Millisecond) // the longest wait before a connection is tried again
	s.holds(t, laws{}, c)
	worker.idle(t)
	front.settled(t)
}

func TestFault12WorkersReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ports := freePorts(t, 2)
	start := func(i int) *service {
		return serve(t, "worker", "--listen", "127.0.0.1:"+ports[i], "--drain-delay", "500ms")
	}
	workers := []*service{start(0), start(1)}
	front := serve(t, "gateway", "--workers", addresses(workers...), "--cache", "off")
	connectedTo(t, workers...)
	load := underLoad(t, s, front.address, 8, 10)
	for i := range workers {
		before := load.batches.Load()
		eventually(t, "load", func() bool { return load.batches.Load() > before+20 || t.Failed() })
		workers[i].signal(t, syscall.SIGTERM)
		if code := workers[i].code(t); code != 0 {
			t.Errorf("exit %d", code)
		}
		workers[i] = start(i)
		connectedTo(t, workers[i])
	}
	load.ends(t)
	for _, w := range workers {
		w.idle(t)
	}
	front.settled(t)
}

func TestFault13GatewaysReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ports := freePorts(t, 2)
	worker := serve(t, "worker")
	start := func(i int) *service {
		return serve(t, "gateway", "--listen", "127.0.0.1:"+ports[i], "--workers", worker.address, "--drain-delay", "1s")
	}
	gateways := []*service{start(0), start(1)}
	b, front := balance(t, gateways[0].address, gateways[1].address)
	eventually(t, "both gateways", func() bool { return b.count() == 2 })
	load := underLoad(t, s, front, 16, 3)
	for i := range gateways {
		before := load.batches.Load()
		eventually(t, "load", func() bool { return load.batches.Load() > before+30 || t.Failed() })
		gateways[i].signal(t, syscall.SIGTERM)
		if code := gateways[i].code(t); code != 0 {
			t.Errorf("exit %d", code)
		}
		gateways[i] = start(i)
		eventually(t, "both gateways", func() bool { return b.count() == 2 })
	}
	load.ends(t)
	worker.idle(t)
	for _, g := range gateways {
		g.idle(t)
	}
}

func TestFault14GatewayKilledWithAThousandInFlight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	worker := serve(t, "worker", "-c", "1000", "--per-host", "1000")
	front := serve(t, "gateway", "--workers", worker.address)
	front.connected(t)
	go newCaller(t).ask(t, front.address, urls(s.URL+"/hang/", 1000), `"timeout_ms":60000`)
	eventually(t, "a thousand in flight", func() bool { return worker.metric(t, "hc_pool_in_flight") == 1000 })
	_ = front.Process.Kill()
	killed := time.Now()
	eventually(t, "no check in flight", func() bool { return worker.metric(t, "hc_pool_in_flight") == 0 })
	inTime(t, "ending the checks", time.Since(killed), time.Second)
	worker.idle(t)
}

func TestFault15CallerDisconnects(t *testing.T) {
	for _, remote := range []bool{false, true} {
		t.Run(fmt.Sprintf("workers %v", remote), func(t *testing.T) {
			t.Parallel()
			target := newHolding(t)
			defer close(target.release)
			front, last := serve(t, "gateway"), (*service)(nil)
			if last = front; remote {
				redis, _ := startRedis(t)
				last = serve(t, "worker", "--cache", redis)
				front = serve(t, "gateway", "--workers", last.address, "--cache", "off")
				front.connected(t)
			}
			finished, held := urls(target.URL+"/ok/", 20), urls(target.URL+"/held/", 20)
			ctx, disconnect := context.WithCancel(t.Context())
			left := make(chan struct{})
			go func() {
				defer close(left)
				c := newCaller(t)
				body := `{"urls":["` + strings.Join(slices.Concat(finished, held), `","`) + `"]}`
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+front.address+"/check", strings.NewReader(body))
				req.Header.Set("Content-Type", "application/json")
				if resp, err := c.Do(req); err == nil {
					_ = resp.Body.Close()
					t.Errorf("an answer: %s", resp.Status)
				}
			}()
			eventually(t, "the batch to be half done", func() bool {
				return target.waiting.Load() == 20 && last.metric(t, "hc_checks_total") == 20
			})
			disconnect()
			gone := time.Now()
			eventually(t, "the targets' connections to end", func() bool { return target.waiting.Load() == 0 })
			inTime(t, "hanging up on the targets", time.Since(gone), 200*time.Millisecond)
			<-left
			last.idle(t)
			after := newCaller(t)
			again := after.ask(t, front.address, finished)
			again.passed(t, len(finished))
			target.holds(t, laws{}, after)
			front.settled(t)
			if again.Summary.Cached != int64(len(finished)) || target.most(finished) != 1 {
				t.Errorf("%d of %d finished ones were kept, and one was asked for %d times", again.Summary.Cached, len(finished), target.most(finished))
			}
		})
	}
}

// TestFault19PanicsCostTheirURLOnly: in the checks, shared ones too. Panics in
// handlers are tested in the gateway's room and in that of gRPC.
func TestFault19PanicsCostTheirURLOnly(t *testing.T) {
	t.Parallel()
	target := newHolding(t)
	worker := launchProgram(t, "hc-faulty")
	worker.awaitReady(t)
	front := serve(t, "gateway", "--workers", worker.address, "--cache", "off")
	front.connected(t)
	c := newCaller(t)
	mixed := slices.Concat(urls(target.URL+"/panic/", 30), urls(target.URL+"/ok/", 30), urls(target.URL+"/panic/", 30))
	answer := c.ask(t, front.address, mixed)
	answer.complete(t, len(mixed))
	for i, r := range answer.Results {
		if staged := strings.Contains(mixed[i], "/panic/"); staged && r.Reason != check.Internal || !staged && r.Outcome != check.Pass {
			t.Errorf("%s: %s %s", mixed[i], r.Outcome, r.Reason)
		}
	}
	go c.ask(t, front.address, urls(target.URL+"/held/", 3*faultyPlaces))
	eventually(t, "all places to be taken", func() bool { return target.waiting.Load() == faultyPlaces })
	if got := worker.metric(t, "hc_pool_capacity"); got != faultyPlaces {
		t.Errorf("%v places after 60 panics, want %d", got, faultyPlaces)
	}
	close(target.release)
	worker.idle(t)
	front.settled(t)
	target.holds(t, laws{}, c)
}

// TestFault21OneCallerFloods has pages that take long, so that what is measured is
// whose turn it is and not how busy this machine is.
func TestFault21OneCallerFloods(t *testing.T) {
	for _, remote := range []bool{false, true} {
		t.Run(fmt.Sprintf("workers %v", remote), func(t *testing.T) {
			t.Parallel()
			pages := newSlow(t, 300*time.Millisecond)
			file := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(file, []byte("a "+sumOf("greedy")+"\nb "+sumOf("modest")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"--keys-file", file, "--cache", "off"}
			engine := []string{"-c", "20", "--per-host", "20"}
			last := (*service)(nil)
			if remote {
				last = serve(t, "worker", append(engine, "--cache", "off")...)
				args = append(args, "--workers", last.address)
			} else {
				args = append(args, engine...)
			}
			front := serve(t, "gateway", args...)
			front.connected(t)
			last = cmp.Or(last, front)
			modest := newCaller(t)
			modest.key = "modest"
			slowest := func(name string) time.Duration { // of 10, but one
				var took []time.Duration
				for i := range 10 {
					answer := modest.ask(t, front.address, []string{fmt.Sprintf("%s/%s/%d", pages, name, i)})
					answer.passed(t, 1)
					took = append(took, answer.took)
				}
				slices.Sort(took)
				return took[len(took)-2]
			}
			idle := slowest("idle")
			ctx, end := context.WithCancel(t.Context())
			var flood sync.WaitGroup
			for i := range 4 {
				greedy := newCaller(t)
				greedy.key = "greedy"
				flood.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						greedy.ask(t, front.address, urls(fmt.Sprintf("%s/flood/%d/%d/", pages, i, n), 300))
					}
				})
			}
			eventually(t, "the flood", func() bool { return last.metric(t, "hc_pool_queued") > 500 })
			flooded := slowest("flooded")
			end()
			t.Logf("a page of 300 ms: %s idle, %s beside a flood of 1200", idle, flooded)
			// A place is free at the latest when one of the flood's pages has come: twice
			// the time. Sixty times the time would be a place in its queue.
			if flooded > 2*idle+slack*20*time.Millisecond {
				t.Errorf("%s beside a flood, %s without", flooded, idle)
			}
			_ = front.Process.Kill() // the flood's last batches
			flood.Wait()
		})
	}
}

func TestFault23HostileBodies(t *testing.T) {
	t.Parallel()
	front := serve(t, "gateway")
	c := newCaller(t)
	million := `{"urls":["http://a.test"` + strings.Repeat(`,""`, 1_000_000) + `]}`
	for name, row := range map[string]struct {
		body string
		code int
	}{
		"10 MB":            {`{"urls":["http://a.test/` + strings.Repeat("a", 10<<20) + `"]}`, 413},
		"a million URLs":   {million, 413},
		"1001 URLs":        {`{"urls":["a"` + strings.Repeat(`,"a"`, 1000) + `]}`, 413},
		"depth of 10 000":  {`{"urls":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, 400},
		"depth to the end": {strings.Repeat(`{"urls":[`, 50_000), 400},
		"NUL":              {"{\"urls\":[\"http://a.test\x00\"]}", 400},
		"duplicate keys":   {`{"urls":["http://a.test"],"urls":[]}`, 400},
		"BOM":              {"\ufeff" + `{"urls":["http://a.test"]}`, 400},
		"invalid UTF-8":    {"{\"urls\":[\"http://a.test/\xff\"]}", 400},
		"nothing":          {"", 400},
		"not closed":       {`{"urls":["http://a.test"`, 400},
		"long number":      {`{"urls":["http://a.test"],"timeout_ms":` + strings.Repeat("9", 100_000) + `}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			const times = 10
			before := front.metric(t, "process_cpu_seconds_total")
			for range times {
				answer := c.post(t.Context(), t, front.address, row.body)
				if answer.code == 0 && row.code == 413 { // it hangs up on what it does not want to read
					continue
				}
				if answer.code != row.code || answer.header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("%d %v, want %d", answer.code, answer.header, row.code)
				}
			}
			spent := front.metric(t, "process_cpu_seconds_total") - before
			inTime(t, "CPU for one", time.Duration(spent/times*float64(time.Second)), 10*time.Millisecond)
		})
	}
	front.idle(t)
}

func TestFault28IdenticalColdURLsAreAskedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	redis, _ := startRedis(t)
	var fronts []*service
	for range 2 {
		worker := serve(t, "worker", "--cache", redis)
		front := serve(t, "gateway", "--workers", worker.address, "--cache", "off")
		front.connected(t)
		fronts = append(fronts, front)
	}
	c := newCaller(t)
	var asking sync.WaitGroup
	for i := range 100 {
		asking.Go(func() { c.ask(t, fronts[i%2].address, []string{s.URL + "/slow/same"}).passed(t, 1) })
	}
	asking.Wait()
	if hits := s.count("/slow/same"); hits != 1 {
		t.Errorf("%d hits for 100 callers of two gateways", hits)
	}
	s.holds(t, laws{}, c)
	for _, front := range fronts {
		front.settled(t)
	}
}
