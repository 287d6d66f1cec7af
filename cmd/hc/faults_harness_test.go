//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
)

// What the rows of the fault matrix are staged with, see faults_test.go.

// slack is how much longer than on a machine of its own anything may take where
// the tests run: with the race detector, beside others, on two cores.
const slack = 5

// inTime fails where took is longer than most, with slack.
func inTime(t testing.TB, what string, took, most time.Duration) {
	t.Helper()
	if took > slack*most {
		t.Errorf("%s took %s, which is more than %d times %s", what, took, slack, most)
	}
}

// connectedTo waits until the gateway in front has a connection to each worker.
// Nobody else has one.
func connectedTo(t testing.TB, workers ...*service) {
	t.Helper()
	for _, w := range workers {
		eventually(t, "a connection to "+w.address, func() bool {
			return w.metric(t, `grpc_server_started_total{grpc_method="Watch"`) > 0
		})
	}
}

// addresses is a value of --workers.
func addresses(workers ...*service) string {
	var all []string
	for _, w := range workers {
		all = append(all, w.address)
	}
	return strings.Join(all, ",")
}

// A traffic is callers who ask for batches, one after the other, until stop. An
// answer that is not whole and all passed fails the test.
type traffic struct {
	*site
	stop    func()
	batches atomic.Int64
	callers []*caller
}

// ends stops the callers, and checks what they asked and were answered.
func (l *traffic) ends(t testing.TB) {
	t.Helper()
	l.stop()
	l.holds(t, laws{tries: 2}, l.callers...) // a worker that leaves may hand back what it has begun
}

// underLoad has callers ask front for batches of n slow pages each, all different.
func underLoad(t testing.TB, s *site, front string, callers, n int) *traffic {
	t.Helper()
	l := &traffic{site: s}
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i := range callers {
		c := newCaller(t)
		l.callers = append(l.callers, c)
		running.Go(func() {
			for round := 0; ctx.Err() == nil && !t.Failed(); round++ {
				c.ask(t, front, urls(fmt.Sprintf("%s/slow/%d/%d/", s.URL, i, round), n)).passed(t, n)
				l.batches.Add(1)
			}
		})
	}
	l.stop = sync.OnceFunc(func() { end(); running.Wait() })
	t.Cleanup(l.stop)
	return l
}

// newSlow is a site whose every page takes its time.
func newSlow(t testing.TB, page time.Duration) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(page):
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A balancer sends requests to whichever gateway is ready, as a Service of
// Kubernetes does: it asks /readyz now and then, and never sends a request twice.
type balancer struct {
	mu    sync.Mutex
	ready []string
	next  int
}

// balance starts a balancer over gateways, and gives where it listens.
func balance(t testing.TB, gateways ...string) (*balancer, string) {
	b := &balancer{}
	ctx, end := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			b.look(t, gateways)
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: b.pick()})
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: proxy}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		end()
		watching.Wait()
		_ = server.Close()
		transport.CloseIdleConnections()
	})
	return b, l.Addr().String()
}

func (b *balancer) look(t testing.TB, gateways []string) {
	var ready []string
	for _, g := range gateways {
		resp, err := http.DefaultClient.Do(&http.Request{URL: &url.URL{Scheme: "http", Host: g, Path: "/readyz"}, Close: true})
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				ready = append(ready, g)
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = ready
}

func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return "127.0.0.1:1"
	}
	b.next++
	return b.ready[b.next%len(b.ready)]
}

func (b *balancer) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.ready)
}

// proxied puts a proxy with faults to be staged in front of address.
func proxied(t testing.TB, address string) *toxiproxy.Proxy {
	t.Helper()
	api := &toxiproxy.ApiServer{Collection: toxiproxy.NewProxyCollection(), Metrics: toxiproxy.NewMetricsContainer(nil)}
	api.Logger = silenced(api.Logger)
	p := toxiproxy.NewProxy(api, "proxy", "127.0.0.1:0", address)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// silenced is the zero value of a logger, which says nothing.
func silenced[T any](*T) *T { return new(T) }

// poison stages a fault.
func poison(t testing.TB, p *toxiproxy.Proxy, toxic string) {
	t.Helper()
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatal(err)
	}
}
