package rpc

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

func TestRemoteRunnersConform(t *testing.T) {
	for _, tt := range []struct {
		name    string
		workers int
		cuts    time.Duration // how often a worker's connections are cut
		small   bool          // a window of 64
	}{
		{name: "one worker", workers: 1},
		{name: "three workers", workers: 3},
		{name: "a small window", workers: 2, small: true},
		{name: "three workers whose streams are killed", workers: 3, cuts: 80 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Tries: what is cut three times in a row would be lost, and that is right.
			cfg := ClientConfig{Tries: 50}
			if tt.small {
				cfg.Window = 64
			}
			checktest.Suite{
				Make: func(c check.Checker) check.Runner {
					cfg := cfg
					var seen arrivals
					for range tt.workers {
						address := start(t, engine(c), ServerConfig{Observe: seen.observer()}).address
						if tt.cuts > 0 {
							address = cutter(t, address, tt.cuts*time.Duration(tt.workers))
						}
						cfg.Workers = append(cfg.Workers, address)
					}
					client := connect(t, cfg)
					seen.await(t, tt.workers) // the laws count goroutines, so all that stay must be there
					return client
				},
				ReadAhead: cfg.withDefaults().Window,
			}.Run(t)
		})
	}
}

func TestRemoteRunnerConformsInMemory(t *testing.T) {
	checktest.Conform(t, func(c check.Checker) check.Runner {
		l := bufconn.Listen(64 << 10)
		startOn(t, l, engine(c), ServerConfig{})
		return connect(t, ClientConfig{
			Workers: []string{"127.0.0.1:1"},
			dialer:  func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) },
		})
	})
}

// cutter stands before a worker and cuts all its connections every so often.
func cutter(t *testing.T, worker string, every time.Duration) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	cut := func() {
		mu.Lock()
		defer mu.Unlock()
		for c := range open {
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
		clear(open)
	}
	keep := func(c net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		open[c] = true
	}
	var running sync.WaitGroup
	done := make(chan struct{})
	running.Go(func() {
		for {
			select {
			case <-time.After(every):
				cut()
			case <-done:
				return
			}
		}
	})
	running.Go(func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", worker)
			if err != nil {
				front.Close()
				continue
			}
			keep(front)
			keep(back)
			forward := func(to, from net.Conn) {
				io.Copy(to, from)
				to.Close()
			}
			running.Go(func() { forward(front, back) })
			running.Go(func() { forward(back, front) })
		}
	})
	t.Cleanup(func() {
		close(done)
		l.Close()
		cut()
		running.Wait()
	})
	return l.Addr().String()
}
