package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// The base point of the lists: what every sweep of them holds but for one thing.
const (
	baseURLs = 10_000
	baseC    = 256
)

// impatience is every program's time limit where hosts stall.
const impatience = time.Second

// sizes are the lengths of lists, with what is left out of the longer ones: a run
// takes a few seconds, but for the million, which is run once.
func (l *lab) sizes() []int {
	if l.short {
		return []int{1_000, 2_000}
	}
	return []int{1_000, baseURLs, 100_000, 1_000_000}
}

func (l *lab) concurrencies() []int {
	if l.short {
		return []int{64, baseC}
	}
	return []int{16, 64, baseC, 1024}
}

// roundsOf is how often a list of n URLs is run: a million takes long enough to be
// its own average.
func (l *lab) roundsOf(n int) int {
	if n >= 1_000_000 {
		return 1
	}
	return l.rounds
}

// hostSweeps have each host once in a list.
func (l *lab) hostSweeps() ([]sweep, error) {
	base, err := l.hostsCell(l.size(baseURLs, 2_000), baseC)
	if err != nil {
		return nil, err
	}
	lists := sweep{
		name: "lists-hosts", title: "By length of the list, each host once", axis: "URLs in the list", unit: "URLs",
		says: "Targets answer at once, 256 in flight. A program is left out where a run of it takes more than some seconds; the million is one run each.",
	}
	for _, n := range l.sizes() {
		p := point{label: count(n), x: float64(n), cell: base}
		if n != l.size(baseURLs, 2_000) {
			if p.cell, err = l.hostsCell(n, baseC); err != nil {
				return nil, err
			}
		}
		lists.points = append(lists.points, p)
	}
	width := sweep{
		name: "concurrency-hosts", title: "By concurrency, each host once", axis: "checks in flight", unit: "URLs",
		says: fmt.Sprintf("%s URLs, targets answer at once. curl takes at most 300 at once.", count(l.size(baseURLs, 2_000))),
	}
	for _, c := range l.concurrencies() {
		p := point{label: strconv.Itoa(c), x: float64(c), cell: base}
		if c != baseC {
			if p.cell, err = l.widthCell(l.size(baseURLs, 2_000), c); err != nil {
				return nil, err
			}
		}
		width.points = append(width.points, p)
	}
	targets := sweep{
		name: "targets-hosts", title: "By what the targets do, each host once", axis: "targets", unit: "URLs", linear: true,
		says: "256 in flight. Over TLS 2 000 hosts, of others 10 000. Where 1 % of the hosts take the request and never answer, each program gives up after a second, and 99 % of the URLs are to pass.",
	}
	for i, kind := range []struct {
		label string
		of    func() (*cell, error)
	}{
		{"0 ms", func() (*cell, error) { return base, nil }},
		{"5 ms", func() (*cell, error) { return l.lateCell("5ms", l.target.brisk) }},
		{"50 ms", func() (*cell, error) { return l.lateCell("50ms", l.target.slow) }},
		{"TLS", l.tlsCell},
		{"1 % hang", l.stalledCell},
	} {
		c, err := kind.of()
		if err != nil {
			return nil, err
		}
		targets.points = append(targets.points, point{label: kind.label, x: float64(i), cell: c})
	}
	return []sweep{lists, width, targets}, nil
}

func (l *lab) hostJob(name, scheme string, port, n, c int) (job, error) {
	line := over(scheme, port, n)
	list, err := l.list(fmt.Sprintf("%s-%d", name, n), n, line)
	return job{list: list, url: line(0), urls: n, c: c}, err
}

// hostsCell has all programs that know a list, as far as they keep up.
func (l *lab) hostsCell(n, c int) (*cell, error) {
	j, err := l.hostJob("hosts", "http", l.target.fast, n, c)
	if err != nil {
		return nil, err
	}
	field := []contender{l.hc(), tuned(l.minimal(), "-close")}
	if n <= 10_000 {
		field = append(field, tuned(l.hc()), l.minimal(), l.fasthttp(), l.curlAsIs(), l.curlTuned())
	}
	if n <= 1_000 {
		field = append(field, l.xargs(), l.xargsTuned(), l.vegeta(), l.vegetaTuned())
	}
	if n <= 100_000 {
		field = append(field, l.raw())
	}
	return raceCell(race{job: j, contenders: field}, l.roundsOf(n)), nil
}

// slowShare is how many URLs curl gets where it is one of many points.
const slowShare = 2_000

func (l *lab) widthCell(n, c int) (*cell, error) {
	j, err := l.hostJob("hosts", "http", l.target.fast, n, c)
	if err != nil {
		return nil, err
	}
	field := []contender{l.hc(), l.minimal(), tuned(l.minimal(), "-close"), l.fasthttp(), l.raw()}
	if c <= 300 {
		field = append(field, heldBy(slowShare, l.curlTuned()))
	}
	return raceCell(race{job: j, contenders: field}, l.rounds), nil
}

func (l *lab) lateCell(name string, port int) (*cell, error) {
	j, err := l.hostJob(name, "http", port, l.size(baseURLs, 2_000), baseC)
	if err != nil {
		return nil, err
	}
	return raceCell(race{job: j, contenders: []contender{
		l.hc(), l.minimal(), tuned(l.minimal(), "-close"), l.fasthttp(), heldBy(slowShare, l.curlTuned()), l.raw(),
	}}, l.rounds), nil
}

func (l *lab) tlsCell() (*cell, error) {
	j, err := l.hostJob("tls", "https", l.target.tls, l.size(2_000, 500), baseC)
	if err != nil {
		return nil, err
	}
	return raceCell(race{job: j, contenders: []contender{
		l.hc("-k"), l.minimal(), tuned(l.minimal(), "-close"), l.curlAsIs(), l.curlTuned(),
	}}, l.rounds), nil
}

// stalledCell has one host in a hundred, spread evenly, that never answers.
func (l *lab) stalledCell() (*cell, error) {
	const each = 100
	n := l.size(baseURLs, 2_000)
	healthy, hung := over("http", l.target.fast, n), over("http", l.target.stalled, n)
	list, err := l.list(fmt.Sprintf("stalled-%d", n), n, func(i int) string {
		if i%each == each-1 {
			return hung(i)
		}
		return healthy(i)
	})
	if err != nil {
		return nil, err
	}
	limit := impatience.String()
	seconds := strconv.FormatFloat(impatience.Seconds(), 'f', -1, 64)
	return raceCell(race{
		job: job{list: list, urls: n, stalled: n / each, c: baseC},
		contenders: []contender{
			l.hc("--timeout", limit), l.peer("minimal", "minimal", "-timeout", limit),
			tuned(l.peer("minimal", "minimal", "-timeout", limit), "-close"),
			heldBy(slowShare, l.curlTuned("--max-time", seconds)),
		},
	}, l.rounds), nil
}

// oneSweeps have all URLs on one host, so that the load generators can be there.
func (l *lab) oneSweeps() ([]sweep, error) {
	n := l.size(baseURLs, 2_000)
	base, err := l.oneCell("one", "http", l.target.fast, n, baseC)
	if err != nil {
		return nil, err
	}
	lists := sweep{
		name: "lists-one", title: "By length of the list, one host", axis: "URLs in the list", unit: "URLs",
		says: "Targets answer at once, 256 in flight (`--per-host 256`). wrk, hey and vegeta have no list: they ask one URL over and over, wrk for a second and the others as often as the list is long.",
	}
	for _, size := range l.sizes() {
		p := point{label: count(size), x: float64(size), cell: base}
		if size != n {
			if p.cell, err = l.oneCell("one", "http", l.target.fast, size, baseC); err != nil {
				return nil, err
			}
		}
		lists.points = append(lists.points, p)
	}
	width := sweep{
		name: "concurrency-one", title: "By concurrency, one host", axis: "checks in flight", unit: "URLs",
		says: fmt.Sprintf("%s URLs, targets answer at once.", count(n)),
	}
	for _, c := range l.concurrencies() {
		p := point{label: strconv.Itoa(c), x: float64(c), cell: base}
		if c != baseC {
			if p.cell, err = l.oneCell("one", "http", l.target.fast, n, c); err != nil {
				return nil, err
			}
		}
		width.points = append(width.points, p)
	}
	targets := sweep{
		name: "targets-one", title: "By what the target does, one host", axis: "target", unit: "URLs", linear: true,
		says: fmt.Sprintf("256 in flight, %s URLs.", count(n)),
	}
	for i, kind := range []struct {
		label, name, scheme string
		port                int
	}{{"0 ms", "", "", 0}, {"5 ms", "one-5ms", "http", l.target.brisk}, {"50 ms", "one-50ms", "http", l.target.slow}, {"TLS", "one-tls", "https", l.target.tls}} {
		p := point{label: kind.label, x: float64(i), cell: base}
		if kind.name != "" {
			if p.cell, err = l.oneCell(kind.name, kind.scheme, kind.port, n, baseC); err != nil {
				return nil, err
			}
		}
		targets.points = append(targets.points, p)
	}
	return []sweep{lists, width, targets}, nil
}

// oneCell has the load generators too. At the base point all are there at their
// defaults as well.
func (l *lab) oneCell(name, scheme string, port, n, c int) (*cell, error) {
	line := over(scheme, port, 1)
	list, err := l.list(fmt.Sprintf("%s-%d", name, n), n, line)
	if err != nil {
		return nil, err
	}
	wrk, err := l.wrk("wrk, tuned", 0, "-t", "1")
	if err != nil {
		return nil, err
	}
	field := []contender{l.hc("-k"), tuned(l.minimal(), "-idle-per-host", strconv.Itoa(c))}
	if n <= 100_000 {
		field = append(field, l.curlTuned(), l.hey("hey, tuned", n, c, "GOGC=400"), wrk)
	}
	if n <= 10_000 {
		field = append(field, l.vegetaTuned())
	}
	if n <= 10_000 && c == baseC && scheme == "http" && port == l.target.fast {
		asIs, err := l.wrk("wrk", 10)
		if err != nil {
			return nil, err
		}
		closing, err := l.wrk("wrk, a connection each", 0, "-t", "1", "-H", "Connection: close")
		if err != nil {
			return nil, err
		}
		field = append(field, l.hcAsIs(), l.minimal(), l.curlAsIs(), l.vegeta(), l.hey("hey", n, 50), asIs, closing)
	}
	return raceCell(race{job: job{list: list, url: line(0), urls: n, c: c, perHost: c}, contenders: field}, l.roundsOf(n)), nil
}

// growthSweep is how memory and CPU grow with the length of a stream.
func (l *lab) growthSweep() sweep {
	s := sweep{
		name: "growth", title: "By length of a stream", axis: "lines", unit: "URLs",
		says: "Lines from a pipe over 1 000 URLs, from memory but for their first time, so that nothing but the length differs. From a million on one run each.",
	}
	sizes := append(l.sizes(), l.size(10_000_000, 100_000))
	for _, n := range sizes {
		s.points = append(s.points, point{label: count(n), x: float64(n), cell: pipeCell(n)})
	}
	return s
}

func pipeCell(n int) *cell {
	return &cell{run: func(ctx context.Context, l *lab) ([]entry, error) {
		e := entry{name: "hc", speed: 1, thrift: 1}
		var runs []sample
		for range l.roundsOf(n) {
			s, sum, err := l.pipe(ctx, n)
			if err != nil {
				return nil, err
			}
			if v := sum.all(n); !v.ok {
				e.fault = v.measured
			}
			runs = append(runs, s)
		}
		e.rate = medianOf(runs, func(s sample) float64 { return float64(n) / s.wall.Seconds() })
		e.cpu = medianOf(runs, func(s sample) float64 { return micros(s.cpu) / float64(n) })
		e.peak = medianOf(runs, func(s sample) float64 { return float64(s.peak) })
		return []entry{e}, nil
	}}
}

// hcAsIs is hc at its own ten at once on a host.
func (l *lab) hcAsIs() contender {
	c := l.hc()
	ask := c.argv
	c.name = "hc, 10 at once"
	c.argv = func(j job) []string { j.perHost = 0; return ask(j) }
	return c
}

// count is a whole number in few letters.
func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "M"
	case n >= 1_000 && n%1_000 == 0:
		return strconv.Itoa(n/1_000) + "k"
	}
	return strconv.Itoa(n)
}
