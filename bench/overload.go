package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// overloadPlaces are the checks that the worker may have in flight, and
// overloadPending the URLs that may wait at the gateway: about a second's and a
// half at targets of 50 ms. Ten times what so few places can do is still less than
// the cores can offer, refuse and count beside.
const (
	overloadPlaces  = 32
	overloadPending = 1000
)

// offers are who asks too much, each of a gateway and a worker of its own.
func (l *lab) offers() []offer {
	return []offer{
		{"one URL per request", 1, l.target.slow, 4 * overloadPlaces},
		{"100 URLs per request", 100, l.target.slow, 4},
		{"100 URLs per request, targets that answer at once", 100, l.target.fast, 4},
	}
}

// An offer is requests of one kind: so many URLs each, of targets on port, and how
// many requests have to be in flight to take all that the service can give.
type offer struct {
	name     string
	batch    int
	port     int
	inFlight int
}

// overload finds how much the service checks at most, by callers who wait for
// their answers, and then offers ten times that, whether answers come or not.
func overload(ctx context.Context, l *lab) (findings, error) {
	var f findings
	for _, o := range l.offers() {
		var kept, refusals []float64
		var bad int
		var why error
		for range l.rounds {
			fl, err := l.flooded(ctx, o)
			if err != nil {
				return findings{}, fmt.Errorf("%s: %w", o.name, err)
			}
			kept, refusals = append(kept, fl.goodput/fl.peak), append(refusals, fl.refused.Seconds()*1000)
			if bad += fl.bad; fl.why != nil {
				why = fl.why
			}
			f.floods = append(f.floods, fl)
		}
		goodput := bar{what: "goodput", against: "the peak, " + o.name, bound: 0.8}.judge(kept, l.slack)
		quick := bar{what: measure("p99 of refusals in ms, " + o.name), bound: 50, atMost: true}.judge(refusals, l.slack)
		right := verdict{bar: "every answer is right, or 503 or 429", measured: fmt.Sprintf("%d are not", bad), ok: bad == 0}
		if why != nil {
			right.measured += ", " + why.Error()
		}
		f.verdicts = append(f.verdicts, goodput, quick, right)
	}
	return f, nil
}

// A flooding is what came of one offer.
type flooding struct {
	offer

	peak, offered, goodput float64       // URLs a second
	accepted, refused      time.Duration // p99
	bad                    int           // answers that are neither right nor a refusal
	why                    error         // of one of them
	sender, service        float64       // processors
}

func (l *lab) flooded(ctx context.Context, o offer) (flooding, error) {
	r := &rack{lab: l}
	defer r.stop()
	worker, err := l.slowWorker(ctx, r, overloadPlaces)
	if err != nil {
		return flooding{}, err
	}
	gateway, err := l.inFrontWith(ctx, r, []string{"--max-pending", fmt.Sprint(overloadPending)}, worker)
	if err != nil {
		return flooding{}, err
	}
	f := &flood{addr: gateway.addr, batch: o.batch, urls: func(n int) []string { return l.fresh.take(o.port, n) }}
	defer f.close()
	long := 8 * time.Second
	if l.short {
		long = 3 * time.Second
	}
	peak := func() float64 {
		begin := time.Now()
		seen := f.closed(ctx, o.inFlight, long/2)
		return passed(seen) / time.Since(begin).Seconds()
	}
	peak() // warms it up: by now there are as many idle connections as are kept
	fl := flooding{offer: o, peak: peak()}
	fl.offered = 10 * fl.peak
	requests := make([]string, int(fl.offered*long.Seconds())/o.batch) // made before the clock runs
	for i := range requests {
		requests[i] = f.request()
	}

	both := service{daemons: []*daemon{gateway, worker}}
	before, err := both.cpu()
	if err != nil {
		return flooding{}, err
	}
	own := ownCPU()
	begin := time.Now()
	seen := f.open(ctx, requests, long)
	took := time.Since(begin) // what was let in last is answered too
	after, err := both.cpu()
	if err != nil {
		return flooding{}, err
	}
	fl.sender, fl.service = (ownCPU()-own).Seconds()/took.Seconds(), (after-before).Seconds()/took.Seconds()
	fl.goodput = passed(seen) / took.Seconds()
	fl.peak = (fl.peak + peak()) / 2
	fl.accepted = tail99(seen, func(code int) bool { return code == http.StatusOK })
	fl.refused = tail99(seen, refusal)
	for _, a := range seen {
		if !refusal(a.code) && a.passed != o.batch {
			fl.bad, fl.why = fl.bad+1, a.err
		}
	}
	return fl, ctx.Err()
}

func refusal(code int) bool {
	return code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests
}

func passed(seen []answered) float64 {
	n := 0
	for _, a := range seen {
		n += a.passed
	}
	return float64(n)
}
