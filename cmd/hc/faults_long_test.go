//go:build unix && faults

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The rows of the fault matrix that take long, see faults_test.go.

// TestFault11WorkerFallsSilent: a process that is stopped, and a network that
// loses everything. What such a worker holds is asked of another one.
func TestFault11WorkerFallsSilent(t *testing.T) {
	for _, fault := range []string{"stopped", "unreachable"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			few := []string{"--retries", "0", "--per-host", "50"} // so that the batch lasts, and there is something to lose
			silent, lives := serve(t, "worker", few...), serve(t, "worker", few...)
			p := proxied(t, silent.address)
			front := serve(t, "gateway", "--workers", p.Listen+","+lives.address, "--cache", "off")
			connectedTo(t, silent, lives)
			c := newCaller(t)
			pages := urls(s.URL+"/slow/", 1000)
			answers := make(chan batchAnswer, 1)
			go func() { answers <- c.ask(t, front.address, pages, `"timeout_ms":30000`) }()
			eventually(t, "work for the one that falls silent", func() bool { return silent.metric(t, "hc_pool_in_flight") > 0 })
			if fault == "stopped" {
				silent.signal(t, syscall.SIGSTOP)
				t.Cleanup(func() { silent.signal(t, syscall.SIGCONT) })
			} else {
				poison(t, p, `{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`)
				poison(t, p, `{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
			}
			fell := time.Now()
			answer := <-answers
			answer.passed(t, len(pages))
			t.Logf("all answered %s after it fell silent", time.Since(fell))
			if took := time.Since(fell); took > 16*time.Second { // keepalive's 13 s, and a busy machine
				t.Errorf("it took %s", took)
			}
			if most := s.most(pages); most > 2 {
				t.Errorf("a page was asked for %d times, by two workers", most)
			}
			again := c.ask(t, front.address, urls(s.URL+"/slow/again/", 200))
			again.passed(t, 200)
			inTime(t, "a batch with the silent one known", again.took, time.Second)
			s.holds(t, laws{tries: 2}, c)
			lives.idle(t)
			front.settled(t)
		})
	}
}

// TestFault20TenfoldOverload offers ten times what can be checked, whatever comes
// back.
func TestFault20TenfoldOverload(t *testing.T) {
	const (
		places, page = 10, 100 * time.Millisecond // 100 pages a second
		batch        = 5
		lasts        = 6 * time.Second
	)
	s := newSlow(t, page)
	front := serve(t, "gateway", "-c", strconv.Itoa(places), "--per-host", strconv.Itoa(places), "--cache", "off", "--max-pending", "100")
	c := newCaller(t)
	var n atomic.Int64
	ask := func() batchAnswer {
		return c.ask(t, front.address, urls(fmt.Sprintf("%s/%d/", s, n.Add(1)), batch))
	}

	var peak atomic.Int64
	var callers sync.WaitGroup
	until := time.Now().Add(lasts / 2)
	for range 2 * places / batch {
		callers.Go(func() {
			for time.Now().Before(until) {
				peak.Add(ask().Summary.Pass)
			}
		})
	}
	callers.Wait()
	most := float64(peak.Load()) / (lasts / 2).Seconds()

	var good atomic.Int64
	var mu sync.Mutex
	refused := map[int][]time.Duration{}
	interval := time.Duration(float64(batch*time.Second) / (10 * most))
	tick := time.NewTicker(interval)
	var before float64 // with all that an overload takes, and half of it to come
	callers.Go(func() {
		time.Sleep(lasts / 2)
		before = front.residentMiB(t)
	})
	until = time.Now().Add(lasts)
	for time.Now().Before(until) {
		<-tick.C
		callers.Go(func() {
			answer := ask()
			if answer.code == http.StatusOK {
				good.Add(answer.Summary.Pass)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			refused[answer.code] = append(refused[answer.code], answer.took)
		})
	}
	tick.Stop()
	offered := time.Now()
	callers.Wait()
	goodput := float64(good.Load()) / (lasts + time.Since(offered)).Seconds()
	grown := front.residentMiB(t) - before

	t.Logf("at most %.0f pages/s; with ten times that offered %.0f, %d refused; %+.0f MiB", most, goodput, len(refused[503])+len(refused[429]), grown)
	if goodput < .8*most {
		t.Errorf("goodput %.0f pages/s, of %.0f at the peak", goodput, most)
	}
	for code, took := range refused {
		slices.Sort(took)
		if code != 503 && code != 429 {
			t.Errorf("%d answers with status %d", len(took), code)
		}
		inTime(t, fmt.Sprintf("99 of 100 refusals with %d", code), took[len(took)*99/100], 50*time.Millisecond)
	}
	if len(refused[503]) == 0 {
		t.Error("nothing was refused: this was no overload")
	}
	if grown > 50 {
		t.Errorf("in the second half it grew by %.0f MiB", grown)
	}
	begun := time.Now()
	ask().passed(t, batch)
	inTime(t, "recovery", time.Since(begun), 5*time.Second/slack)
	c.leaves(t)
	front.idle(t)
}

// residentMiB is the memory that the process has now.
func (s *service) residentMiB(t testing.TB) float64 {
	return s.metric(t, "process_resident_memory_bytes") / (1 << 20)
}

// TestFault22SlowCallers: who sends a header or a body in drops, or does not read
// the answer, is let go, though he keeps his end of the connection.
func TestFault22SlowCallers(t *testing.T) {
	front := serve(t, "gateway")
	// Each URL is refused by its text, and comes back: an answer of a megabyte.
	long := `{"urls":["` + strings.Join(urls("nosuch://"+strings.Repeat("a", 900), 1000), `","`) + `"]}`
	post := func(length int) string {
		return fmt.Sprintf("POST /check HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length)
	}
	for _, row := range []struct {
		name, begin string
		drops       bool
		most        time.Duration // the server's time-outs
	}{
		{"nothing is sent", "", false, 5 * time.Second},
		{"header in drops", "POST /check HTTP/1.1\r\nX-Long: ", true, 5 * time.Second},
		{"body in drops", post(10_000) + `{"urls":["`, true, 15 * time.Second},
		{"nothing is read", strings.Repeat(post(len(long))+long, 8), false, 40 * time.Second}, // 30 s for the last; the kernel takes some
	} {
		t.Run(row.name, func(t *testing.T) {
			const callers = 20
			idle := front.metric(t, "go_goroutines")
			begun := time.Now()
			ctx, end := context.WithCancel(t.Context())
			var dropping sync.WaitGroup
			defer dropping.Wait()
			defer end()
			for range callers {
				conn, err := net.Dial("tcp", front.address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
				dropping.Go(func() {
					_, _ = conn.Write([]byte(row.begin))
					for row.drops && ctx.Err() == nil {
						time.Sleep(200 * time.Millisecond)
						_, _ = conn.Write([]byte("a"))
					}
				})
			}
			eventually(t, "the callers to be there", func() bool { return front.metric(t, "go_goroutines") >= idle+callers })
			for front.metric(t, "go_goroutines") > idle+5 && time.Since(begun) < 2*row.most {
				time.Sleep(100 * time.Millisecond)
			}
			took := time.Since(begun)
			t.Logf("let go after %s", took)
			if took > row.most+slack*time.Second {
				t.Errorf("it took %s, want %s", took, row.most)
			}
		})
	}
	newCaller(t).ask(t, front.address, []string{"nosuch://x"}).complete(t, 1)
	front.idle(t)
}
