package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// A system is what is simulated.
type system struct {
	Gateways, Workers, Shards int
	Places                    int // of each worker
	CallSize                  int // targets unanswered of a call that takes no more; 0 is 256, as in internal/rpc
	Cores                     int // of each machine; gateways and workers have one each
	OneMachine                bool
	Hop                       time.Duration // one way between two machines
	Notice                    time.Duration // how long after its death a worker is known to be gone
	Costs                     costs
}

// A latency is how long targets take to answer: lognormal around a median, and
// a share of them as long as the time-out allows.
type latency struct {
	Median  time.Duration
	Sigma   float64
	Stalled float64
	Timeout time.Duration
}

func (l latency) draw(rng *rand.Rand) time.Duration {
	if rng.Float64() < l.Stalled {
		return l.Timeout
	}
	return min(time.Duration(float64(l.Median)*math.Exp(l.Sigma*rng.NormFloat64())), max(l.Timeout, l.Median))
}

// A load is what callers send, and from when to when it is counted.
type load struct {
	Rate    float64 // URLs a second, in batches at random times; 0 is none but what is posted by hand
	Batch   int
	Hit     float64 // share that Redis has
	Latency latency
	Begin   time.Duration
	End     time.Duration
}

// An incident happens to a world at a time.
type incident struct {
	at time.Duration
	do func(w *world)
}

// A world is a system under a load.
type world struct {
	clock    clock
	rng      *rand.Rand
	system   system
	load     load
	gateways []*gateway
	workers  []*worker
	store    *store
	meter    meter
	turn     int
}

func newWorld(s system, l load, seed uint64) *world {
	w := &world{system: s, load: l, rng: rand.New(rand.NewPCG(seed, 0))}
	w.meter.from, w.meter.to = l.Begin, l.End
	one := newStation(&w.clock, max(s.Cores, 1))
	machine := func() *station {
		if s.OneMachine {
			return one
		}
		return newStation(&w.clock, s.Cores)
	}
	w.store = &store{up: true}
	for range max(s.Shards, 1) {
		w.store.shards = append(w.store.shards, newStation(&w.clock, 1))
	}
	known := make([]int, s.Workers)
	for i := range s.Workers {
		known[i] = i
		w.workers = append(w.workers, &worker{
			pool:  pool{clock: &w.clock, cpu: machine(), cost: s.Costs.Check, places: s.Places},
			store: w.store, costs: s.Costs, hopes: true,
		})
	}
	for range s.Gateways {
		w.gateways = append(w.gateways, &gateway{
			clock: &w.clock, cpu: machine(), costs: s.Costs, rng: rand.New(rand.NewPCG(w.rng.Uint64(), 0)), hop: s.Hop, size: cmp.Or(s.CallSize, callSize),
			workers: w.workers, known: known, calls: make([]int, s.Workers), flying: make(map[*group]struct{}),
			record: func(born time.Duration, o outcome) { w.meter.leaves(w.clock.now, born, o) },
		})
	}
	return w
}

// run is the world's course until the load ends.
func (w *world) run(incidents ...incident) report {
	for _, i := range incidents {
		w.clock.at(i.at, func() { i.do(w) })
	}
	if w.load.Rate > 0 {
		w.arrive()
	}
	w.clock.run(w.load.Begin)
	before := w.used()
	w.clock.run(w.load.End)
	return w.report(before)
}

// arrive posts a batch now and then.
func (w *world) arrive() {
	gap := w.rng.ExpFloat64() * float64(w.load.Batch) / w.load.Rate
	w.clock.after(time.Duration(gap*float64(time.Second)), func() {
		w.post(w.load.Batch, nil)
		if w.clock.now < w.load.End {
			w.arrive()
		}
	})
}

// post sends a batch to the next gateway in turn.
func (w *world) post(n int, done func()) {
	b := &batch{born: w.clock.now, left: n, done: done}
	items := make([]*item, n)
	for i := range items {
		items[i] = &item{batch: b, wait: w.load.Latency.draw(w.rng), hit: w.rng.Float64() < w.load.Hit}
	}
	w.turn++
	taken := w.gateways[w.turn%len(w.gateways)].post(items)
	w.meter.enters(w.clock.now, n, taken)
}

// kill has the first n workers that live die.
func kill(n int) func(*world) {
	return func(w *world) {
		left := n
		for i, worker := range w.workers {
			if left == 0 {
				return
			}
			if worker.dead {
				continue
			}
			left--
			worker.dead = true
			w.clock.after(w.system.Notice, func() {
				for _, g := range w.gateways {
					g.misses(i)
				}
			})
		}
	}
}

// loseRedis has Redis answer nothing any more.
func loseRedis(w *world) { w.store.up = false }

// used is the time that each kind of thing was in use, in seconds.
type used struct{ places, workers, gateways, redis float64 }

func (w *world) used() used {
	var u used
	for _, worker := range w.workers {
		worker.count(0)
		u.places += worker.area
		u.workers += worker.cpu.busy.Seconds()
	}
	for _, g := range w.gateways {
		u.gateways += g.cpu.busy.Seconds()
	}
	for _, shard := range w.store.shards {
		u.redis += shard.busy.Seconds()
	}
	return u
}

// A report is what was seen between the load's Begin and End.
type report struct {
	Offered, Rate     float64 // URLs a second
	P50, P99          time.Duration
	Refused           int
	Counts            [outcomes]int
	Places            float64 // shares in use
	WorkerCPU         float64
	GatewayCPU, Redis float64
	InSystem          float64 // on average: L
	Mean              time.Duration
	Course            []tick
}

func (w *world) report(before used) report {
	r := w.meter.report(w.clock.now)
	after, long, s := w.used(), (w.load.End - w.load.Begin).Seconds(), w.system
	share := func(from, to float64, of int) float64 { return (to - from) / long / float64(max(of, 1)) }
	r.Places = share(before.places, after.places, s.Workers*s.Places)
	r.WorkerCPU = share(before.workers, after.workers, s.Workers*s.Cores)
	r.GatewayCPU = share(before.gateways, after.gateways, s.Gateways*s.Cores)
	r.Redis = share(before.redis, after.redis, s.Shards)
	return r
}

// first names what is nearest to its limit.
func (r report) first() string {
	name, most := "workers' places", r.Places
	for _, o := range []struct {
		name string
		used float64
	}{{"workers' CPU", r.WorkerCPU}, {"gateways' CPU", r.GatewayCPU}, {"Redis", r.Redis}} {
		if o.used > most {
			name, most = o.name, o.used
		}
	}
	return name
}

// tick is what happened in a tenth of a second.
type tick struct {
	answered, refused, lost int
	slowest                 time.Duration
}

const ticks = 100 * time.Millisecond

// A meter counts what enters a world and leaves it.
type meter struct {
	from, to  time.Duration
	inside    int
	area      float64 // of inside over time, in seconds
	change    time.Duration
	entered   int
	refused   int
	offered   int
	counts    [outcomes]int
	all       int // answered at any time
	sojourn   time.Duration
	latencies []time.Duration
	course    []tick
}

func (m *meter) enters(now time.Duration, n int, taken bool) {
	if m.counting(now) {
		m.offered += n
	}
	if !taken {
		if m.counting(now) {
			m.refused += n
		}
		m.at(now).refused += n
		return
	}
	m.move(now, n)
	m.entered += n
}

func (m *meter) leaves(now, born time.Duration, o outcome) {
	m.move(now, -1)
	m.all++
	took := now - born
	m.sojourn += took
	t := m.at(now)
	t.answered++
	t.slowest = max(t.slowest, took)
	if o == lost {
		t.lost++
	}
	if m.counting(now) {
		m.counts[o]++
		m.latencies = append(m.latencies, took)
	}
}

func (m *meter) counting(now time.Duration) bool { return now >= m.from && now < m.to }

func (m *meter) move(now time.Duration, by int) {
	m.area += float64(m.inside) * (now - m.change).Seconds()
	m.change = now
	m.inside += by
}

func (m *meter) at(now time.Duration) *tick {
	i := int(now / ticks)
	for len(m.course) <= i {
		m.course = append(m.course, tick{})
	}
	return &m.course[i]
}

func (m *meter) report(now time.Duration) report {
	m.move(now, 0)
	long := (m.to - m.from).Seconds()
	r := report{Refused: m.refused, Counts: m.counts, Offered: float64(m.offered) / long, Course: m.course}
	r.Rate = float64(len(m.latencies)) / long
	r.InSystem = m.area / max(now.Seconds(), 1e-9)
	if m.all > 0 {
		r.Mean = m.sojourn / time.Duration(m.all)
	}
	slices.Sort(m.latencies)
	r.P50, r.P99 = quantile(m.latencies, 0.5), quantile(m.latencies, 0.99)
	return r
}

// quantile of sorted values; 0 of none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
