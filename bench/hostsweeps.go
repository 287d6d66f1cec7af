package main

import (
	"fmt"
	"strconv"
	"time"
)

// impatience is every program's time limit where hosts stall.
const impatience = time.Second

// hostSweeps have each host once in a list.
func (l *lab) hostSweeps() ([]sweep, error) {
	n := l.size(baseURLs, 2_000)
	base, err := l.hostsCell(n, baseC)
	if err != nil {
		return nil, err
	}
	lists := sweep{
		name: "lists-hosts", title: "By length of the list, each host once", axis: "URLs in the list", unit: "URLs",
		says: "Targets answer at once, 256 in flight. A program is left out where a run of it takes more than some seconds; the million is one run each.",
	}
	lists.points, err = along(l.sizes(), n, base, func(n int) (*cell, error) { return l.hostsCell(n, baseC) })
	if err != nil {
		return nil, err
	}
	width := sweep{
		name: "concurrency-hosts", title: "By concurrency, each host once", axis: "checks in flight", unit: "URLs",
		says: fmt.Sprintf("%s URLs, targets answer at once. curl takes at most 300 at once.", count(n)),
	}
	width.points, err = along(l.concurrencies(), baseC, base, func(c int) (*cell, error) { return l.widthCell(n, c) })
	if err != nil {
		return nil, err
	}
	targets := sweep{
		name: "targets-hosts", title: "By what the targets do, each host once", axis: "targets", unit: "URLs", linear: true,
		says: "256 in flight. Over TLS 2 000 hosts, of others 10 000. Where 1 % of the hosts take the request and never answer, each program gives up after a second, and 99 % of the URLs are to pass.",
	}
	targets.points, err = kinds([]kind{
		{"0 ms", func() (*cell, error) { return base, nil }},
		{"5 ms", func() (*cell, error) { return l.lateCell("5ms", l.target.brisk) }},
		{"50 ms", func() (*cell, error) { return l.lateCell("50ms", l.target.slow) }},
		{"TLS", l.tlsCell},
		{"1 % hang", l.stalledCell},
	})
	return []sweep{lists, width, targets}, err
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
