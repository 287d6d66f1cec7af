package gateway

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hc-health/hc/internal/check"
)

const (
	// writePatience is how long a caller may take to read what is sent at once.
	writePatience = 15 * time.Second
	// commentAfter is how long an event stream is silent; proxies give up on one
	// after a minute, some after 30 s.
	commentAfter = 15 * time.Second
	// sendAt is how much of an answer that is not streamed is kept back. That of a
	// hundred URLs has some 45 KB and goes out at once, with its length in front.
	sendAt = 64 << 10
	// announceAt is from where on an answer's length is told to net/http, which
	// finds out by itself, and cheaper, what is written at once and below that.
	announceAt = 2 << 10
)

// An answer writes results and, last, the summary in one form. It keeps the
// results that are ahead of their turn where the form is ordered, and of what is
// written no more than sendAt bytes and one group.
type answer struct {
	form *form
	rep  *reply
	cork *cork
	cfg  *Config

	tally check.Tally
	run   run
	n     int // results written

	held map[int64]check.Result // ahead of their turn

	mu    sync.Mutex // a comment may come in between
	out   []byte
	long  bool  // the batch is run and may take its time
	sent  bool  // something is
	ended bool  // nothing but the summary follows
	err   error // the first of a write: the caller is gone, or reads too slowly
}

// A run is results one after the other that count alike. Most of a hot batch is
// one, and is counted at once.
type run struct {
	outcome check.Outcome
	reason  check.Reason
	n       int
}

func newAnswer(f *form, rep *reply, cork *cork, out []byte, cfg *Config) *answer {
	return &answer{form: f, rep: rep, cork: cork, cfg: cfg, out: append(out, f.open...)}
}

// count adds res up and has it told.
func (a *answer) count(res *check.Result) {
	if res.Text == nil || !res.Cached {
		a.cfg.Result(*res)
		a.tally.Add(*res)
		return
	}
	if a.run.outcome != res.Outcome || a.run.reason != res.Reason {
		a.tellRun()
		a.run = run{outcome: res.Outcome, reason: res.Reason}
	}
	a.run.n++
}

// tellRun counts the run that has ended.
func (a *answer) tellRun() {
	if a.run.n > 0 {
		a.cfg.Cached(a.run.outcome, a.run.reason, a.run.n)
		a.tally.AddCached(a.run.outcome, a.run.reason, a.run.n)
		a.run = run{}
	}
}

// add takes a result.
func (a *answer) add(res *check.Result) {
	a.count(res)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.form.ordered {
		a.write(res)
		return
	}
	if res.Target.Seq != int64(a.n) {
		if a.held == nil {
			a.held = make(map[int64]check.Result)
		}
		a.held[res.Target.Seq] = *res
		return
	}
	a.write(res)
	for len(a.held) > 0 {
		next, ok := a.held[int64(a.n)]
		if !ok {
			return
		}
		delete(a.held, int64(a.n))
		a.write(&next)
	}
}

func (a *answer) write(res *check.Result) {
	if a.n > 0 {
		a.out = append(a.out, a.form.between...)
	}
	a.n++
	a.out = append(a.out, a.form.result...)
	a.out = res.AppendJSONVerbatim(a.out)
	a.out = append(a.out, a.form.resultEnd...)
}

// flush sends what is written, where the form is streamed or it is much. It
// reports whether the caller still reads.
func (a *answer) flush() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.form.streamed || len(a.out) >= sendAt {
		a.send()
	}
	return a.err == nil
}

// close sends the rest and the summary.
func (a *answer) close(s check.Summary) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.out = append(a.out, a.form.summary...)
	a.out = s.AppendJSON(a.out)
	a.out = append(a.out, a.form.end...)
	if !a.sent && len(a.out) >= announceAt {
		a.rep.Header()["Content-Length"] = []string{strconv.Itoa(len(a.out))}
	}
	a.send()
}

// send is called with mu held. The server's write deadline may have passed during
// a long batch, so each sending gets its own; the next request gets the server's
// again.
func (a *answer) send() {
	if a.err != nil || len(a.out) == 0 {
		return
	}
	if !a.sent {
		a.sent = true
		h := a.rep.Header()
		h["Content-Type"] = a.form.contentType
		if a.form.streamed {
			h["Cache-Control"] = []string{"no-store"}
			h["X-Accel-Buffering"] = []string{"no"} // nginx would collect it
		}
	}
	wire := http.NewResponseController(a.rep)
	if a.long {
		_ = wire.SetWriteDeadline(time.Now().Add(writePatience)) // where it cannot be set, the server's holds
	}
	a.cork.put()
	_, a.err = a.rep.Write(a.out)
	if a.err == nil && a.form.streamed && !a.ended {
		a.err = wire.Flush()
	}
	a.err = cmp.Or(a.err, a.cork.pull())
	a.out = a.out[:0]
}

// keepOpen makes a ready for a long batch: where the form has comments, one is
// sent whenever the answer is silent for long. stop returns when none is being
// sent any more.
func (a *answer) keepOpen() (stop func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.long = true
	if a.form.comment == "" {
		return func() {}
	}
	var timer *time.Timer
	timer = time.AfterFunc(commentAfter, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if !a.ended {
			a.out = append(a.out, a.form.comment...)
			a.send()
			timer.Reset(commentAfter)
		}
	})
	return func() {
		timer.Stop()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ended = true
	}
}
