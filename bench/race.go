package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A race has hc and its peers check one list, in turn, round after round.
type race struct {
	job        job
	contenders []contender // the first one is hc
	bars       []bar
}

// A measure is what a bar is about.
type measure string

const (
	rate measure = "URLs/s"
	cpu  measure = "CPU per URL"
	peak measure = "peak memory"
)

// A bar is one promise about hc: a ratio to a peer, or a bound of its own.
type bar struct {
	what    measure
	against string  // name of the peer; "" for an absolute bound
	bound   float64 // a ratio, URLs/s or bytes
	atMost  bool
}

// atLeast promises a rate.
func atLeast(against string, bound float64) bar {
	return bar{what: rate, against: against, bound: bound}
}

// atMost promises that something costs no more.
func atMost(what measure, against string, bound float64) bar {
	return bar{what: what, against: against, bound: bound, atMost: true}
}

// lap is one contender's turn.
type lap struct {
	sample
	urls, passed, served int
}

func (s lap) value(what measure) float64 {
	switch what {
	case rate:
		return float64(s.passed) / s.wall.Seconds()
	case cpu:
		return s.cpu.Seconds() / float64(s.urls)
	default:
		return float64(s.peak)
	}
}

// laps has all take turns, and gives the laps of each contender.
func (r race) laps(ctx context.Context, l *lab, rounds int) ([][]lap, error) {
	laps := make([][]lap, len(r.contenders))
	for round := range rounds {
		for i := range r.contenders {
			i = (i + round) % len(r.contenders) // nobody always goes first
			s, err := l.lap(ctx, r.contenders[i], r.job)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.contenders[i].name, err)
			}
			laps[i] = append(laps[i], s)
		}
	}
	return laps, nil
}

// run measures, judges the bars and shows how each contender did.
func (r race) run(ctx context.Context, l *lab) (findings, error) {
	laps, err := r.laps(ctx, l, l.rounds)
	if err != nil {
		return findings{}, err
	}
	var f findings
	f.verdicts = append(f.verdicts, counted(laps[0]))
	for _, b := range r.bars {
		against := slices.IndexFunc(r.contenders, func(c contender) bool { return c.name == b.against })
		values := make([]float64, l.rounds)
		for round := range values {
			values[round] = laps[0][round].value(b.what)
			if against >= 0 {
				values[round] /= laps[against][round].value(b.what)
			}
		}
		f.verdicts = append(f.verdicts, b.judge(values, l.slack))
	}
	for i, c := range r.contenders {
		f.standings = append(f.standings, standingOf(c, laps[i]))
	}
	return f, nil
}

// lap runs one contender once and counts its successes twice: in what it
// printed, and at the target.
func (l *lab) lap(ctx context.Context, c contender, j job) (lap, error) {
	if c.only > 0 && c.only < j.urls {
		short, err := head(j.list, c.only)
		if err != nil {
			return lap{}, err
		}
		j.list, j.urls = short, c.only
	}
	out, err := os.Create(filepath.Join(l.dir, "output"))
	if err != nil {
		return lap{}, err
	}
	before, err := l.target.requests(ctx)
	if err != nil {
		return lap{}, errors.Join(err, out.Close())
	}
	s, err := child(ctx, l.dir, c.argv(j), nil, out)
	if err := errors.Join(err, out.Close()); err != nil {
		return lap{}, err
	}
	read := l.target.requests
	if c.timed {
		read = l.target.settled
	}
	after, err := read(ctx)
	if err != nil {
		return lap{}, err
	}
	var passed int
	asked := j.urls
	if c.reads != nil {
		asked, passed, err = c.reads(ctx, out.Name())
	} else {
		passed, err = countLines(out.Name(), c.mark)
	}
	if err == nil && passed == 0 {
		err = fmt.Errorf("not one of %d URLs passed (exit %d): %s", asked, s.exit, s.stderr)
	}
	return lap{sample: s, urls: asked, passed: passed, served: after - before - 1}, err
}

// counted is the verdict on whether each URL was asked once and passed: what is
// fast because it fails is not fast.
func counted(laps []lap) verdict {
	v := verdict{bar: "every URL passes, asked once", ok: true}
	for _, s := range laps {
		v.measured = fmt.Sprintf("%d of %d passed, %d requests", s.passed, s.urls, s.served)
		if s.passed != s.urls || s.served != s.urls {
			v.ok = false
			v.measured += ": " + s.stderr
			break
		}
	}
	return v
}

// standing is how a contender did: medians of its laps.
type standing struct {
	name   string
	rate   float64
	cpu    time.Duration // per URL; 0 is unknown
	peak   float64       // bytes; 0 is unknown
	passed string
}

func share(part, whole int) string {
	return fmt.Sprintf("%.4g %%", 100*float64(part)/float64(whole))
}

func standingOf(c contender, laps []lap) standing {
	of := func(what measure) float64 {
		var values []float64
		for _, s := range laps {
			values = append(values, s.value(what))
		}
		return median(values)
	}
	passed, urls := 0, 0
	for _, s := range laps {
		passed += s.passed
		urls += s.urls
	}
	st := standing{
		name: c.name, rate: of(rate), peak: of(peak),
		cpu:    time.Duration(of(cpu) * float64(time.Second)),
		passed: share(passed, urls),
	}
	if c.swarm {
		st.peak = 0
	}
	return st
}

// head copies the first n lines of a file to one beside it.
func head(file string, n int) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	end := 0
	for i, c := range b {
		if c == '\n' {
			end = i + 1
			if n--; n == 0 {
				break
			}
		}
	}
	return file + ".head", os.WriteFile(file+".head", b[:end], 0o600)
}
