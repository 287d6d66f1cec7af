package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// batchURLs is the largest batch a gateway takes by default. So many are kept
	// in flight that a worker always has more targets than places.
	batchURLs   = 1000
	batchesOpen = 3
)

// coldThrough shows the raw exchange with as many places for scale: what it lacks
// of the ideal, the target and this machine lack.
func coldThrough(ctx context.Context, l *lab) (findings, error) {
	r := &rack{lab: l}
	defer r.stop()
	const c = 128
	worker, err := l.slowWorker(ctx, r, c)
	if err != nil {
		return findings{}, err
	}
	gateway, err := l.inFront(ctx, r, worker)
	if err != nil {
		return findings{}, err
	}
	n := l.size(20_000, 10_000)
	list, err := l.list("slow", n, over("http", l.target.slow, n))
	if err != nil {
		return findings{}, err
	}
	var rates []float64
	var floor []lap
	for range l.rounds {
		perSecond, err := l.coldRate(ctx, gateway)
		if err != nil {
			return findings{}, err
		}
		raw, err := l.lap(ctx, l.raw(), job{list: list, urls: n, c: c})
		if err != nil {
			return findings{}, err
		}
		rates, floor = append(rates, perSecond), append(floor, raw)
	}
	ideal := c / slowness.Seconds()
	v := atLeast("", 0.95*ideal).judge(rates, l.slack)
	v.bar += fmt.Sprintf(", of %.0f at %d places", ideal, c)
	through := standing{name: "hc, gateway and worker", rate: median(rates), passed: share(1, 1)}
	return findings{
		verdicts:  []verdict{v},
		standings: []standing{through, standingOf(l.raw(), floor)},
	}, nil
}

// secondWorker asks two gateways in turn: one has a worker, the other that one
// and another.
func secondWorker(ctx context.Context, l *lab) (findings, error) {
	r := &rack{lab: l}
	defer r.stop()
	const c = 64
	first, err := l.slowWorker(ctx, r, c)
	if err != nil {
		return findings{}, err
	}
	second, err := l.slowWorker(ctx, r, c)
	if err != nil {
		return findings{}, err
	}
	alone, err := l.inFront(ctx, r, first)
	if err != nil {
		return findings{}, err
	}
	both, err := l.inFront(ctx, r, first, second)
	if err != nil {
		return findings{}, err
	}
	var ratios []float64
	for range l.rounds {
		one, err := l.coldRate(ctx, alone)
		if err != nil {
			return findings{}, err
		}
		two, err := l.coldRate(ctx, both)
		if err != nil {
			return findings{}, err
		}
		ratios = append(ratios, two/one)
	}
	return findings{verdicts: []verdict{atLeast("one worker", 1.8).judge(ratios, l.slack)}}, nil
}

func (l *lab) slowWorker(ctx context.Context, r *rack, c int) (*daemon, error) {
	return r.start(ctx, "hc", loopback("serve", "worker", "--listen", "ADDR", "-c", fmt.Sprint(c))...)
}

// inFront is a gateway of workers, once it has reached one.
func (l *lab) inFront(ctx context.Context, r *rack, workers ...*daemon) (*daemon, error) {
	return l.inFrontWith(ctx, r, nil, workers...)
}

// inFrontWith is [lab.inFront] with flags beside its defaults.
func (l *lab) inFrontWith(ctx context.Context, r *rack, flags []string, workers ...*daemon) (*daemon, error) {
	args := append(loopback("serve", "gateway", "--listen", "ADDR"), flags...)
	for _, w := range workers {
		args = append(args, "--workers", w.addr)
	}
	gateway, err := r.start(ctx, "hc", args...)
	if err != nil {
		return nil, err
	}
	return gateway, until(ctx, func() error {
		text, code, err := fetch(ctx, "http://"+gateway.addr+"/readyz")
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("not ready: %s", text)
		}
		return err
	})
}

// coldRate is how many results a second a gateway streams, while batches of URLs
// that nobody has asked for are kept in flight. It counts from when the places
// have filled until before they empty. Each result must be a pass, and new.
//
// A worker serves all batches by turns, so that those which begin together end
// together, and leave places empty until the next ones have come: 2.7 % of them,
// over a run. They begin one after the other.
func (l *lab) coldRate(ctx context.Context, gateway *daemon) (perSecond float64, err error) {
	const settle = time.Second
	long := 5 * time.Second
	if l.short {
		long = 2 * time.Second
	}
	var counted atomic.Int64
	var counting atomic.Bool
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	for i := range batchesOpen {
		g.Go(func() error {
			wait(ctx, settle*time.Duration(i)/batchesOpen)
			for ctx.Err() == nil {
				if err := l.stream(ctx, gateway, l.target.slow, func() {
					if counting.Load() {
						counted.Add(1)
					}
				}); err != nil && ctx.Err() == nil {
					stop()
					return err
				}
			}
			return nil
		})
	}
	wait(ctx, settle)
	start := time.Now()
	counting.Store(true)
	wait(ctx, long)
	counting.Store(false)
	perSecond = float64(counted.Load()) / time.Since(start).Seconds()
	stop()
	return perSecond, g.Wait()
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stream posts a batch of new URLs of a port and calls each for every result.
func (l *lab) stream(ctx context.Context, gateway *daemon, port int, each func()) error {
	body, err := json.Marshal(map[string]any{"urls": l.fresh.take(port, batchURLs)})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+gateway.addr+"/check", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, lines := 0, bufio.NewScanner(resp.Body)
	for lines.Scan() {
		switch line := lines.Bytes(); {
		case bytes.Contains(line, []byte(`"type":"summary"`)):
		case bytes.Contains(line, []byte(`"outcome":"pass"`)) && !bytes.Contains(line, []byte(`"cached":true`)):
			n++
			each()
		default:
			return fmt.Errorf("no new pass: %s", line)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if n != batchURLs {
		return fmt.Errorf("%d results for %d URLs: %s", n, batchURLs, resp.Status)
	}
	return nil
}

// supply gives out URLs, each of the next host, so that none is there twice.
type supply struct {
	mu   sync.Mutex
	next int
}

func (s *supply) take(port, n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://%s:%d/", host(s.next), port)
		s.next++
	}
	return urls
}
