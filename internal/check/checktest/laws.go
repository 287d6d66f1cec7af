package checktest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// prompt is how soon a Run must have ended, and what it held be given back. It
// is generous: the suite runs under -race beside other packages.
const prompt = 5 * time.Second

// answers reads all of a Run over ts and fails unless each of ts, which have
// Seqs from 0, is answered once and with its own target.
func answers(t *testing.T, r check.Runner, ts []check.Target) []check.Result {
	t.Helper()
	got := make([]check.Result, len(ts))
	seen := make([]bool, len(ts))
	for res := range r.Run(t.Context(), slices.Values(ts)) {
		seq := res.Target.Seq
		switch {
		case seq < 0 || seq >= int64(len(ts)):
			t.Fatalf("a result for target %d, which was never read", seq)
		case seen[seq]:
			t.Errorf("a second result for target %d", seq)
		case res.Target.URL != ts[seq].URL || res.Target.Input != ts[seq].Input:
			t.Errorf("the result of target %d %q has target %q", seq, ts[seq].Input, res.Target.Input)
		}
		seen[seq], got[seq] = true, res
	}
	for seq, ok := range seen {
		if !ok {
			t.Errorf("no result for target %d %s", seq, ts[seq].URL)
		}
	}
	return got
}

func some(n, hosts int) []check.Target { return slices.Collect(Targets(n, hosts)) }

// number is that of a target of [Targets], by its URL: what a remote Runner
// makes of Seq on its way is its own affair.
func number(t check.Target) int {
	n, _ := strconv.Atoi(t.URL[strings.LastIndexByte(t.URL, '/')+1:])
	return n
}

func (s Suite) once(t *testing.T) {
	reasons := []check.Reason{"", "", "", check.DNS, check.Timeout, check.HTTPStatus, check.TLSFailed}
	reason := func(i int) check.Reason { return reasons[i%len(reasons)] }
	r := s.Make(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
		if rand.N(8) == 0 {
			time.Sleep(rand.N(2 * time.Millisecond))
		}
		if reason := reason(number(t)); reason != "" {
			return check.Failed(t, reason, "as told")
		}
		return Pass(t)
	}))
	for i, res := range answers(t, r, some(3000, 100)) {
		if want := reason(i); res.Reason != want || res.Outcome != want.Default() {
			t.Errorf("target %d: %s %q, want %s %q", i, res.Outcome, res.Reason, want.Default(), want)
		}
	}
}

func (s Suite) duplicates(t *testing.T) {
	ts := some(600, 3)
	for i := range ts {
		ts[i].URL = fmt.Sprintf("http://h%d.test/same", i%3)
	}
	answers(t, s.Make(&Fake{Takes: time.Millisecond}), ts)
}

func (s Suite) invalid(t *testing.T) {
	ts := some(100, 10)
	for i := range ts {
		if i%3 == 0 {
			ts[i].URL, ts[i].Invalid = "", "it is no URL"
		}
	}
	for i, res := range answers(t, s.Make(&Fake{}), ts) {
		if invalid := res.Reason == check.InvalidURL; invalid != (i%3 == 0) {
			t.Errorf("target %d: %s %q", i, res.Outcome, res.Reason)
		}
	}
}

func (s Suite) panics(t *testing.T) {
	r := s.Make(&Fake{Answer: func(_ context.Context, t check.Target) check.Result {
		if number(t)%4 == 0 {
			panic("a bug, staged")
		}
		return Pass(t)
	}})
	// Enough of them to use up every place, were places lost to panics.
	for i, res := range answers(t, r, some(4000, 400)) {
		switch {
		case i%4 != 0 && res.Outcome != check.Pass:
			t.Errorf("target %d: %s %q %s", i, res.Outcome, res.Reason, res.Error)
		case i%4 == 0 && (res.Reason != check.Internal || !strings.Contains(res.Error, "panic")):
			t.Errorf("target %d panicked: %s %q %s", i, res.Outcome, res.Reason, res.Error)
		}
	}
}

func (s Suite) throttled(t *testing.T) {
	r := s.Make(&Fake{Answer: func(_ context.Context, t check.Target) check.Result {
		if strings.HasPrefix(t.URL, "http://h0.") {
			return check.Failed(t, check.RateLimited, "429 Too Many Requests")
		}
		return Pass(t)
	}})
	for i, res := range answers(t, r, some(2000, 10)) {
		if limited := res.Reason == check.RateLimited; limited != (i%10 == 0) {
			t.Errorf("target %d: %s %q", i, res.Outcome, res.Reason)
		}
	}
}

func (s Suite) concurrent(t *testing.T) {
	r := s.Make(&Fake{Takes: 100 * time.Microsecond})
	var runs sync.WaitGroup
	for run := range 8 {
		ts := some(300, 30) // the same targets in each run, told apart by how they were written
		for i := range ts {
			ts[i].Input = fmt.Sprintf("run %d, line %d", run, i)
		}
		runs.Go(func() { answers(t, r, ts) })
	}
	runs.Wait()
}

func (s Suite) order(t *testing.T) {
	const n = 50
	release := make(chan struct{})
	r := s.Make(check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
		if number(t) == 0 {
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return Pass(t)
	}))
	if s.Ordered {
		close(release)
	}
	read := int64(0)
	for res := range r.Run(t.Context(), Targets(n, n)) {
		if s.Ordered && res.Target.Seq != read {
			t.Errorf("result %d is that of target %d", read, res.Target.Seq)
		}
		if read++; read == n-1 && !s.Ordered {
			close(release) // target 0 takes until all others are read
		}
	}
}

// stalled reads one result, sleeps, reads more, sleeps. A pool that gave places
// back when a check ended and not when its result was read would let in thousands
// of targets meanwhile.
func (s Suite) stalled(t *testing.T) {
	var asked atomic.Int64
	read := 0
	for range s.Make(&Fake{}).Run(t.Context(), Counted(Targets(-1, 1000), &asked)) {
		if read++; read != 1 && read != 500 {
			continue
		}
		time.Sleep(300 * time.Millisecond)
		if ahead := int(asked.Load()) - read; ahead > s.ReadAhead {
			t.Errorf("with %d results read the source was asked for %d targets more, stated are %d", read, ahead, s.ReadAhead)
		}
		if read == 500 {
			break
		}
	}
}

// slow gives a target only when the one before is answered, as a person does
// who types URLs into a pipe.
func (s Suite) slow(t *testing.T) {
	const n = 20
	answered := make(chan struct{})
	ts := func(yield func(check.Target) bool) {
		for t := range Targets(n, n) {
			if !yield(t) {
				return
			}
			<-answered
		}
	}
	begin := time.Now()
	for range s.Make(&Fake{}).Run(t.Context(), ts) {
		answered <- struct{}{}
	}
	if took := time.Since(begin); took > n*100*time.Millisecond {
		t.Errorf("%d targets one after the other took %v, more than 100 ms each", n, took)
	}
}

func (s Suite) empty(t *testing.T) { answers(t, s.Make(&Fake{}), nil) }

func (s Suite) breaks(t *testing.T) {
	s.ending(t, func(_ context.CancelFunc, results iter.Seq[check.Result]) {
		for range results {
			break
		}
	})
}

func (s Suite) readerPanics(t *testing.T) {
	s.ending(t, func(_ context.CancelFunc, results iter.Seq[check.Result]) {
		defer func() { _ = recover() }()
		for range results {
			panic("the reader, staged")
		}
	})
}

func (s Suite) canceled(t *testing.T) {
	s.ending(t, func(cancel context.CancelFunc, results iter.Seq[check.Result]) {
		seen := make(map[int64]bool)
		for res := range results {
			cancel()
			if seen[res.Target.Seq] {
				t.Errorf("a second result for target %d", res.Target.Seq)
			}
			seen[res.Target.Seq] = true
			if res.Outcome != check.Pass && (res.Reason != check.Canceled || res.Outcome != check.Skip) {
				t.Errorf("target %d: %s %q after ctx ended", res.Target.Seq, res.Outcome, res.Reason)
			}
		}
	})
}

// ending lets end bring a Run to its end while all checks but the first hang.
func (s Suite) ending(t *testing.T, end func(context.CancelFunc, iter.Seq[check.Result])) {
	fake := &Fake{Answer: func(ctx context.Context, t check.Target) check.Result {
		if number(t) == 0 {
			return Pass(t)
		}
		return Hang(ctx, t)
	}}
	r := s.Make(fake)
	for range r.Run(t.Context(), Targets(1, 1)) { // so that connections that stay are there
	}
	before := runtime.NumGoroutine()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked atomic.Int64
	var sourceEnded atomic.Bool
	answered := make(chan struct{})
	ts := func(yield func(check.Target) bool) {
		defer sourceEnded.Store(true)
		for t := range Targets(-1, 1000) {
			if asked.Add(1); !yield(t) {
				return
			}
			if number(t) == 0 {
				<-answered // before others take all places
			}
		}
	}
	var begin time.Time
	end(cancel, func(yield func(check.Result) bool) {
		r.Run(ctx, ts)(func(res check.Result) bool {
			if begin.IsZero() {
				close(answered)
				eventually(t, "checks were to begin", func() int { return 1 - min(int(fake.InFlight()), 1) }, 0)
				time.Sleep(20 * time.Millisecond)
				begin = time.Now()
			}
			return yield(res)
		})
	})
	if took := time.Since(begin); begin.IsZero() || took > prompt {
		t.Errorf("Run returned after %v", took)
	}
	if !sourceEnded.Load() {
		t.Error("Run returned, and its source is still being read")
	}
	eventually(t, "checks are in flight", func() int { return int(fake.InFlight()) }, 0)
	eventually(t, "goroutines are left", runtime.NumGoroutine, before)
	if n := asked.Load(); n > int64(s.ReadAhead)+2 {
		t.Errorf("the source was asked for %d targets", n)
	}
}

func (s Suite) ended(t *testing.T) {
	fake := &Fake{Answer: Hang}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for res := range s.Make(fake).Run(ctx, Targets(-1, 1000)) {
		if res.Reason != check.Canceled {
			t.Errorf("target %d: %s %q", res.Target.Seq, res.Outcome, res.Reason)
		}
	}
	eventually(t, "checks are in flight", func() int { return int(fake.InFlight()) }, 0)
}

// eventually polls until value is at most most.
func eventually(t *testing.T, what string, value func() int, most int) {
	t.Helper()
	for deadline := time.Now().Add(prompt); ; time.Sleep(5 * time.Millisecond) {
		n := value()
		if n <= most {
			return
		}
		if time.Now().After(deadline) {
			stacks := make([]byte, 32<<10)
			t.Errorf("%d %s after %v, want %d at most:\n%s", n, what, prompt, most, stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}
