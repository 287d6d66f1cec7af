package main

import (
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTheSimulationIsAsFastAsWhatWasMeasured(t *testing.T) {
	c := measured().costs
	for _, tr := range trials() {
		t.Run(tr.name, func(t *testing.T) {
			if off := tr.off(c); math.Abs(off) > tolerance {
				t.Errorf("simulated %.4g %s, measured %.4g: off by %.0f %%", tr.simulate(c), tr.unit, tr.measured, 100*off)
			}
		})
	}
}

// modest is a service that simulates in a moment.
func modest() (system, load) {
	s := system{
		Gateways: 2, Workers: 8, Shards: 2, Places: 64, Cores: 2,
		Hop: 250 * time.Microsecond, Notice: time.Millisecond, Costs: measured().costs,
	}
	return s, load{Rate: 2000, Batch: 50, Hit: 0.5, Latency: public(), Begin: 2 * time.Second, End: 5 * time.Second}
}

func TestOneSeedGivesOneResultAndAnotherSeedAnother(t *testing.T) {
	s, l := modest()
	once := func(seed uint64) report { return newWorld(s, l, seed).run(incident{3 * time.Second, kill(2)}) }
	first, again, other := once(7), once(7), once(8)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("the same seed gave %+v and %+v", first, again)
	}
	if reflect.DeepEqual(first, other) {
		t.Error("another seed gave the same")
	}
}

func TestEachTargetHasOneResultWhateverBreaks(t *testing.T) {
	const at = 3 * time.Second
	for name, row := range map[string]struct {
		incidents []incident
		lost      bool // some
	}{
		"nothing":                {nil, false},
		"a worker dies":          {[]incident{{at, kill(1)}}, false},
		"workers die in a row":   {[]incident{{at, kill(2)}, {at + 10*time.Millisecond, kill(2)}, {at + 20*time.Millisecond, kill(2)}}, false},
		"Redis is lost":          {[]incident{{at, loseRedis}}, false},
		"all workers die":        {[]incident{{at, kill(8)}}, true},
		"Redis, then a worker":   {[]incident{{at, loseRedis}, {at + time.Millisecond, kill(1)}}, false},
		"before the first batch": {[]incident{{0, kill(3)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, l := modest()
			w := newWorld(s, l, 3)
			r := w.run(row.incidents...)
			w.clock.run(time.Hour) // what is under way ends
			if w.meter.inside != 0 || w.meter.all != w.meter.entered || w.meter.entered == 0 {
				t.Errorf("%d entered, %d were answered, %d are inside", w.meter.entered, w.meter.all, w.meter.inside)
			}
			if got := r.Counts[lost] > 0; got != row.lost {
				t.Errorf("%d were lost", r.Counts[lost])
			}
			for _, worker := range w.workers {
				if !worker.dead && worker.busy != 0 {
					t.Errorf("%d places of a worker are still taken", worker.busy)
				}
			}
			for _, g := range w.gateways {
				if g.pending != 0 || len(g.flying) != 0 {
					t.Errorf("a gateway still has %d URLs and %d groups", g.pending, len(g.flying))
				}
			}
		})
	}
}

func TestLittlesLawHolds(t *testing.T) {
	s, l := modest()
	w := newWorld(s, l, 5)
	w.run()
	w.clock.run(time.Hour)
	w.meter.move(w.clock.now, 0)
	// From empty to empty: what was inside on average is the rate times the time
	// each was inside.
	seconds := w.clock.now.Seconds()
	rate, mean := float64(w.meter.all)/seconds, w.meter.sojourn.Seconds()/float64(w.meter.all)
	if inside := w.meter.area / seconds; math.Abs(inside/(rate*mean)-1) > 1e-6 {
		t.Errorf("%.4f inside on average, %.4f by Little's law", inside, rate*mean)
	}
}

func TestPlacesInUseAreTheRateTimesTheTimeOfACheck(t *testing.T) {
	s, l := modest()
	l.Hit, l.Rate, l.End = 0, 1500, 12*time.Second
	r := newWorld(s, l, 5).run()
	want := r.Offered * l.Latency.mean().Seconds() / float64(s.Workers*s.Places)
	if math.Abs(r.Places/want-1) > 0.1 {
		t.Errorf("%.3f of the places were in use, want about %.3f", r.Places, want)
	}
}

func TestThroughputIsWithinWhatTheScarcestAllows(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*system, *load)
		most   func(system, load) float64
		first  string
	}{
		"places": {
			func(_ *system, l *load) { l.Rate, l.Hit = 6000, 0 },
			func(s system, l load) float64 { return float64(s.Workers*s.Places) / l.Latency.mean().Seconds() },
			"workers' places",
		},
		"workers' CPU": {
			func(s *system, l *load) { s.Costs.Check, l.Rate, l.Hit, s.Places = 10*time.Millisecond, 3000, 0, 4096 },
			func(s system, _ load) float64 { return float64(s.Workers*s.Cores) / s.Costs.Check.Seconds() },
			"workers' CPU",
		},
		"gateways' CPU": {
			func(s *system, l *load) { s.Costs.GatewayURL, l.Rate, l.Hit = 2*time.Millisecond, 4000, 1 },
			func(s system, _ load) float64 { return float64(s.Gateways*s.Cores) / s.Costs.GatewayURL.Seconds() },
			"gateways' CPU",
		},
		"Redis": {
			func(s *system, l *load) { s.Costs.RedisKey, l.Rate, l.Hit = time.Millisecond, 4000, 1 },
			func(s system, _ load) float64 { return float64(s.Shards) / s.Costs.RedisKey.Seconds() },
			"Redis",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, l := modest()
			row.change(&s, &l)
			r := newWorld(s, l, 2).run()
			// What was begun before the counting may end in it.
			if most := row.most(s, l); r.Rate > 1.1*most || r.Rate < 0.5*most {
				t.Errorf("%.0f a second, where at most %.0f go through", r.Rate, most)
			}
			if r.first() != row.first {
				t.Errorf("%s is first to saturate: %+v", r.first(), r)
			}
		})
	}
}

func TestAThrottlingHostCostsTheOthersNothing(t *testing.T) {
	c := measured().costs
	when, _ := list(each(99*200, 99, c.Target), 256, 2, c.ListCheck)
	alone := float64(len(when)) / perSecond(when)
	if beside := throttled(c); beside > 1.05*alone {
		t.Errorf("%.2f s beside it, %.2f s alone", beside, alone)
	}
}

func TestAListsTargetsAreEachAnsweredOnce(t *testing.T) {
	bad := each(300, 1, 0)
	bad[0].host.throttles = true
	targets := append(bad, each(500, 5, time.Millisecond)...)
	when, how := list(targets, 8, 1, 100*time.Microsecond)
	counts := map[outcome]int{}
	for i, at := range when {
		if at == 0 && how[i] == checked {
			t.Errorf("target %d was not answered", i)
		}
		counts[how[i]]++
	}
	if counts[unasked] != 300 || counts[checked] != 500 {
		t.Errorf("%v: want 300 unasked, 500 checked", counts)
	}
}

func TestAPlanIsEnoughInSimulationAndHalfOfItIsNot(t *testing.T) {
	c := measured().costs
	lat := latency{Median: 100 * time.Millisecond, Sigma: 0.5, Timeout: 2 * time.Second}
	n := need{Rate: 20_000, Hit: 0.3, Latency: lat.mean(), Batch: 100, Places: 256, Cores: 2}
	workers, gateways, shards := n.plan(c)
	l := load{Rate: n.Rate, Batch: n.Batch, Hit: n.Hit, Latency: lat, Begin: 2 * time.Second, End: 4 * time.Second}
	s := system{
		Gateways: gateways.number, Workers: workers.number, Shards: shards, Places: n.Places, Cores: n.Cores,
		Hop: 250 * time.Microsecond, Costs: c,
	}
	if r := newWorld(s, l, 1).run(); r.Rate < 0.97*n.Rate || r.Refused > 0 {
		t.Errorf("%d workers, %d gateways, %d shards answered %.0f/s of %.0f, %d refused", s.Workers, s.Gateways, s.Shards, r.Rate, n.Rate, r.Refused)
	}
	s.Workers /= 2
	if r := newWorld(s, l, 1).run(); r.Rate > 0.97*n.Rate {
		t.Errorf("half the workers answered %.0f/s of %.0f as well", r.Rate, n.Rate)
	}
}

func TestTheDocumentShowsWhatTheSimulationSays(t *testing.T) {
	doc, err := os.ReadFile("../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	c := measured().costs
	for name, text := range map[string]string{"trials": trialTable(c), "plan": planTable(c)} {
		if !strings.Contains(string(doc), text) {
			t.Errorf("docs/scaling.md does not have the table of its %s as it is: run make sim", name)
		}
	}
}

// mean of what is drawn, but for what the time-out cuts off.
func (l latency) mean() time.Duration {
	return time.Duration((1-l.Stalled)*float64(l.Median)*math.Exp(l.Sigma*l.Sigma/2) + l.Stalled*float64(l.Timeout))
}
