package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// floodCallers are the addresses that requests come from in turn.
const floodCallers = 64

// A flood is batches of new URLs to one gateway, from many callers. Each request
// has a connection that no other waits on, so that an answer that is late holds
// nobody up. It writes and reads by hand what net/http's client would take three
// times the CPU for: it shares the cores with what it floods.
type flood struct {
	addr  string
	batch int // URLs of a request
	urls  func(n int) []string

	mu     sync.Mutex
	dialed int
	idle   []*floodConn
	seen   []answered
}

type floodConn struct {
	net.Conn
	read *bufio.Reader
}

// answered is how one request ended.
type answered struct {
	due, end time.Time
	code     int
	passed   int
	err      error // why there is no answer, or none of all its URLs
}

// closed keeps n requests in flight for so long, so that each answer is followed
// by the next request, and gives all that was seen.
func (f *flood) closed(ctx context.Context, n int, d time.Duration) []answered {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var callers sync.WaitGroup
	for range n {
		callers.Go(func() {
			for ctx.Err() == nil {
				f.ask(time.Now(), f.request())
			}
		})
	}
	callers.Wait()
	return f.take()
}

// open sends requests evenly over so long, whether answers come or not, and waits
// for the last one. What the sender is late with counts from when it was due.
func (f *flood) open(ctx context.Context, requests []string, d time.Duration) []answered {
	every := d / time.Duration(len(requests))
	tick := time.NewTicker(max(every, time.Millisecond))
	defer tick.Stop()
	var sent sync.WaitGroup
	due := time.Now()
	for len(requests) > 0 && ctx.Err() == nil {
		for now := <-tick.C; len(requests) > 0 && due.Before(now); requests = requests[1:] {
			at, request := due, requests[0]
			sent.Go(func() { f.ask(at, request) })
			due = due.Add(every)
		}
	}
	sent.Wait()
	return f.take()
}

// take gives what was seen, and forgets it.
func (f *flood) take() []answered {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// request is a batch of new URLs, as it is sent.
func (f *flood) request() string {
	body := `{"urls":["` + strings.Join(f.urls(f.batch), `","`) + `"]}`
	return "POST /check HTTP/1.1\r\nHost: hc\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// ask sends one request and notes how it ended.
func (f *flood) ask(due time.Time, request string) {
	a, err := f.exchange(request)
	if err != nil {
		a = answered{err: err}
	}
	a.due, a.end = due, time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, a)
}

// exchange sends a request and reads its answer. One of 200 that is not of all its
// URLs is an error.
func (f *flood) exchange(request string) (answered, error) {
	c, err := f.conn()
	if err != nil {
		return answered{}, err
	}
	if _, err := io.WriteString(c, request); err != nil {
		return answered{}, errors.Join(err, c.Close())
	}
	resp, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return answered{}, errors.Join(err, c.Close())
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answered{}, errors.Join(err, c.Close())
	}
	a := answered{code: resp.StatusCode}
	if a.code == http.StatusOK {
		a.passed = bytes.Count(text, []byte(`"outcome":"pass"`))
		if n := bytes.Count(text, []byte(`"outcome":`)); n != f.batch {
			return a, fmt.Errorf("%d results for %d URLs: %.300s", n, f.batch, text)
		}
	}
	if resp.Close {
		return a, c.Close()
	}
	f.mu.Lock()
	f.idle = append(f.idle, c)
	f.mu.Unlock()
	return a, nil
}

// conn is the connection that came back last, or a new one.
func (f *flood) conn() (*floodConn, error) {
	f.mu.Lock()
	if n := len(f.idle); n > 0 {
		c := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.mu.Unlock()
		return c, nil
	}
	from := net.IPv4(127, 0, 1, byte(1+f.dialed%floodCallers))
	f.dialed++
	f.mu.Unlock()
	d := net.Dialer{Timeout: 30 * time.Second, LocalAddr: &net.TCPAddr{IP: from}}
	conn, err := d.Dial("tcp", f.addr)
	if err != nil {
		return nil, err
	}
	return &floodConn{conn, bufio.NewReaderSize(conn, 1<<10)}, nil
}

func (f *flood) close() {
	for _, c := range f.idle {
		c.Close()
	}
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it has no other error than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tail99 is the 99th percentile of how long the answers with these statuses took.
func tail99(seen []answered, is func(code int) bool) time.Duration {
	var took []time.Duration
	for _, a := range seen {
		if is(a.code) {
			took = append(took, a.end.Sub(a.due))
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[(len(took)-1)*99/100]
}
