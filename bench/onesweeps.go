package main

import (
	"fmt"
	"strconv"
)

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
	lists.points, err = along(l.sizes(), n, base, func(n int) (*cell, error) { return l.oneCell("one", "http", l.target.fast, n, baseC) })
	if err != nil {
		return nil, err
	}
	width := sweep{
		name: "concurrency-one", title: "By concurrency, one host", axis: "checks in flight", unit: "URLs",
		says: fmt.Sprintf("%s URLs, targets answer at once.", count(n)),
	}
	width.points, err = along(l.concurrencies(), baseC, base, func(c int) (*cell, error) { return l.oneCell("one", "http", l.target.fast, n, c) })
	if err != nil {
		return nil, err
	}
	targets := sweep{
		name: "targets-one", title: "By what the target does, one host", axis: "target", unit: "URLs", linear: true,
		says: fmt.Sprintf("256 in flight, %s URLs.", count(n)),
	}
	of := func(name, scheme string, port int) func() (*cell, error) {
		return func() (*cell, error) { return l.oneCell(name, scheme, port, n, baseC) }
	}
	targets.points, err = kinds([]kind{
		{"0 ms", func() (*cell, error) { return base, nil }},
		{"5 ms", of("one-5ms", "http", l.target.brisk)},
		{"50 ms", of("one-50ms", "http", l.target.slow)},
		{"TLS", of("one-tls", "https", l.target.tls)},
	})
	return []sweep{lists, width, targets}, err
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

// hcAsIs is hc at its own ten at once on a host.
func (l *lab) hcAsIs() contender {
	c := l.hc()
	ask := c.argv
	c.name = "hc, 10 at once"
	c.argv = func(j job) []string { j.perHost = 0; return ask(j) }
	return c
}
