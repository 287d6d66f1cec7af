//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// bad answers each connection with serve, and gives a URL there.
func bad(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() }) // the service has hung up by then: it is killed before
	return "http://" + l.Addr().String() + "/"
}

// says answers a request with head, and then with more of the same, every so
// often, until the asker goes. Without more it waits for that.
func says(head, more string, every time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, err := io.WriteString(conn, head)
		if more == "" {
			_, _ = io.Copy(io.Discard, conn)
		}
		for err == nil && more != "" {
			time.Sleep(every)
			_, err = io.WriteString(conn, more)
		}
	}
}

// A hostile target is what is bad about it, and the reason that must come of it.
type hostileTarget struct {
	name   string
	reason check.Reason
}

// startHostile starts twelve of them, and gives each by its URL.
func startHostile(t testing.TB) map[string]hostileTarget {
	t.Helper()
	const ok = "HTTP/1.1 200 OK\r\n"
	rows := map[string]struct {
		serve  func(net.Conn)
		reason check.Reason
	}{
		"101 unasked for":          {serve: says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "", 0), reason: check.HTTPStatus},
		"header without end":       {serve: says(ok+"X: ", strings.Repeat("a", 4096), 0), reason: check.ProtocolError},
		"headers without end":      {serve: says(ok, strings.Repeat("X-A: b\r\n", 500), 0), reason: check.ProtocolError},
		"1xx without end":          {serve: says("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 100), 0), reason: check.ProtocolError},
		"1xx in drops":             {serve: says("", "HTTP/1.1 102 Processing\r\n\r\n", 20*time.Millisecond), reason: check.Timeout},
		"header in drops":          {serve: says(ok+"X: ", "a", 20*time.Millisecond), reason: check.Timeout},
		"silence":                  {serve: says("", "", 0), reason: check.Timeout},
		"body without end":         {serve: says(ok+"\r\n", strings.Repeat("a", 65536), 0)},
		"body in drops":            {serve: says(ok+"Content-Length: 1000\r\n\r\n", "a", 20*time.Millisecond)},
		"redirect to itself":       {serve: says("HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "", 0), reason: check.TooManyRedirects},
		"SSH banner":               {serve: says("SSH-2.0-OpenSSH_9.2\r\n", "", 0), reason: check.ProtocolError},
		"closed without an answer": {serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }, reason: check.ConnectReset},
	}
	started := map[string]hostileTarget{}
	for name, r := range rows {
		started[bad(t, r.serve)] = hostileTarget{name, r.reason}
	}
	return started
}

// TestFault16HostileTargets: twelve of them, once and five times over, in one batch
// with good pages. Each gets its reason in time; the good ones do not wait for them.
func TestFault16HostileTargets(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	s, hostile := newSite(t), startHostile(t)
	front := serve(t, "gateway", "--cache", "off", "--retries", "0")
	c := newCaller(t)
	good := func(r check.Result) bool { return strings.HasPrefix(r.Target.URL, s.URL) }
	alone := func(name string) time.Duration {
		answer := c.ask(t, front.address, urls(s.URL+"/slow/alone/"+name, 100))
		answer.passed(t, 100)
		return slowestOf(answer.Results, good)
	}
	mixed := func(name string, copies int) time.Duration {
		var targets []string
		for i := range 100 {
			targets = append(targets, fmt.Sprintf("%s/slow/mixed/%s%d", s.URL, name, i))
			if i%(100/copies) == 0 {
				for u := range hostile {
					targets = append(targets, fmt.Sprintf("%s?%d", u, i))
				}
			}
		}
		answer := c.ask(t, front.address, targets, fmt.Sprintf(`"timeout_ms":%d`, timeout.Milliseconds()))
		answer.complete(t, len(targets))
		for i, r := range answer.Results {
			base, _, _ := strings.Cut(targets[i], "?")
			if want := hostile[base]; r.Reason != want.reason { // none for a good one
				t.Errorf("%s%s: %q (%s), want %q", base, want.name, r.Reason, r.Error, want.reason)
			}
			if took := r.Timing.Total() - r.Timing.Queue; took > timeout+slack*100*time.Millisecond {
				t.Errorf("%s%s took %s", base, hostile[base].name, took)
			}
		}
		return slowestOf(answer.Results, good)
	}
	for _, copies := range []int{1, 5} {
		var idle, beside []time.Duration // by turns, and the median counts
		for round := range 5 {
			name := fmt.Sprintf("%d/%d/", copies, round)
			idle, beside = append(idle, alone(name)), append(beside, mixed(name, copies))
		}
		slices.Sort(idle)
		slices.Sort(beside)
		t.Logf("99 of 100 good pages within %s alone, within %s beside %d hostile ones", idle[2], beside[2], copies*len(hostile))
		inTime(t, "99 of 100 good pages beside hostile ones", beside[2], idle[2]+idle[2]/10)
	}
	s.holds(t, laws{}, c)
	front.idle(t)
	if held := front.footprint(t).calls; held > 100+5 {
		t.Errorf("%d connections are open, and 100 to the good site may be", held)
	}
}

// slowestOf is the time of 99 of 100 of those results that are meant.
func slowestOf(results []check.Result, meant func(check.Result) bool) time.Duration {
	var took []time.Duration
	for _, r := range results {
		if meant(r) {
			took = append(took, r.Timing.Total()-r.Timing.Queue)
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}
