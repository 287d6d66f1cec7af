package gateway

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/pool"
)

// groupSize is how many results are sent at once at most.
const groupSize = 64

// check answers POST /check. A batch whose answers are all in memory is answered
// in this goroutine: beside what net/http takes, one URL costs about 3 µs, a
// hundred cost 30 µs and not one allocation more (BenchmarkCheckHot, with the
// lines of its answers put together before).
func (g *Gateway) check(rep *reply, r *http.Request) *problem {
	if p := g.mayRead(r); p != nil {
		return p
	}
	room := g.pending.room()
	if room == 0 {
		g.skipBody(rep, r)
		return g.overloaded()
	}
	b, _ := g.batches.Get().(*batch)
	defer g.batches.Put(b)
	defer b.reset()
	if p := g.read(rep, r, b, room); p != nil {
		return p
	}
	if p := g.admit(rep, r, len(b.targets)); p != nil {
		return p
	}
	defer func() { g.pending.end(len(b.targets) - b.left) }()
	b.complete(g.cfg, &g.names)
	if !g.answerable(r.Context(), b) {
		return noWorkers()
	}
	ctx, ended := g.cfg.Batch(r.Context(), len(b.targets))
	a := newAnswer(formOf(r.Header), rep, corkOf(r.Context()), b.out, &g.cfg)
	g.answerHot(b, a)
	if len(b.asked) > 0 {
		g.answerRest(g.onBehalf(ctx, rep, r), b, a)
	}
	summary := g.summary(a, b, time.Since(rep.began))
	ended(summary)
	a.close(summary)
	b.out = a.out
	return nil
}

// read fills b from the body, which it decodes as far as there is room for its URLs.
func (g *Gateway) read(rep *reply, r *http.Request, b *batch, room int64) *problem {
	if p := g.readBody(rep, r, &b.body); p != nil {
		return p
	}
	most := int(min(room, int64(g.cfg.MaxURLs)))
	err := b.decode(b.body.String(), most)
	switch {
	case errors.Is(err, errTooMany) && most < g.cfg.MaxURLs:
		return g.overloaded()
	case errors.Is(err, errTooMany):
		return tooManyURLs(g.cfg.MaxURLs)
	case err != nil:
		return badBody(err.Error())
	}
	rep.urls = len(b.targets)
	return nil
}

// admit lets a request of n URLs in, whole or not at all, before any work is done.
// Each URL leaves g.pending when it is answered, the request when all are.
func (g *Gateway) admit(rep *reply, r *http.Request, n int) *problem {
	if g.rates != nil && n > g.rates.burst {
		return largerThanBurst(g.rates.burst)
	}
	if !g.pending.enter(n) {
		return g.overloaded()
	}
	if g.rates != nil {
		if wait := g.rates.take(callerName(rep, r), n, time.Now()); wait > 0 {
			g.pending.end(n)
			return rateLimited(wait)
		}
	}
	return nil
}

func (g *Gateway) overloaded() *problem { return overloaded(g.cfg.MaxPending, g.cfg.MaxOpen) }

// answerHot answers what needs no Runner.
func (g *Gateway) answerHot(b *batch, a *answer) {
	b.now, b.recalled = time.Now(), 0
	for _, leader := range b.leaders {
		if g.recall(b, leader) {
			b.deal(leader, &b.res, a.add)
		} else {
			b.ask(leader)
		}
	}
	g.cfg.Recalled(b.recalled)
}

// answerRest runs the rest and answers as results come. The Run ends when all is
// answered, the caller is gone, or the service stops; an item that it leaves
// unanswered is answered here, so that each has its one result whatever happens.
func (g *Gateway) answerRest(ctx context.Context, b *batch, a *answer) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer a.keepOpen()()
	g.leave(b, a.n)
	reads := a.flush()
	results := g.cfg.Runner.Run(ctx, b.toAsk())
	for group := range arrivals(ctx, a.form, results) {
		for i := range group {
			if leader, ok := b.answered(group[i].Target.Seq); ok {
				b.deal(leader, &group[i], a.add)
			}
		}
		g.leave(b, a.n)
		if reads = a.flush(); !reads {
			cancel() // or the break below waits for the next result
			break
		}
	}
	reason, why := check.Internal, "the engine gave no result: please report it"
	if !reads || ctx.Err() != nil {
		reason, why = check.Canceled, "cut off: the caller is gone or the service is stopping"
	}
	for leader := range b.unanswered() {
		b.res = check.Failed(b.targets[leader], reason, why)
		b.deal(leader, &b.res, a.add)
	}
}

// arrivals gives results in groups that are worth sending together. Where nothing
// is sent before the end there is nothing to gather, and each comes by itself: of a
// hundred, that saves two copies and a goroutine.
func arrivals(ctx context.Context, f *form, results iter.Seq[check.Result]) iter.Seq[[]check.Result] {
	if f.streamed {
		return pool.Groups(context.WithoutCancel(ctx), results, groupSize, 0)
	}
	return func(yield func([]check.Result) bool) {
		one := make([]check.Result, 1)
		for one[0] = range results {
			if !yield(one) {
				return
			}
		}
	}
}

// leave gives the room of b's first n answers back.
func (g *Gateway) leave(b *batch, n int) {
	g.pending.leave(n - b.left)
	b.left = n
}

// summary adds up what was answered. ExitCode is what hc check would exit with.
func (g *Gateway) summary(a *answer, b *batch, took time.Duration) check.Summary {
	a.tellRun()
	s := a.tally.Summary()
	s.Duplicates = int64(b.duplicates())
	s.Unique = s.Total - s.Duplicates
	s.Duration, s.Version = took, g.cfg.Version
	switch {
	case s.Fail > 0:
		s.ExitCode = 1
	case s.Skip > 0:
		s.ExitCode = 4
	}
	return s
}
