package main

import "context"

// A scenario is one line of what hc must reach.
type scenario struct {
	name  string
	claim string
	run   func(ctx context.Context, l *lab) (findings, error)
}

// scenarios are the promises, in the order they are measured.
func scenarios() []scenario {
	return []scenario{
		{"hosts-10k", "10 000 hosts seen once, concurrency 256: at least the minimal program's speed and at most 1.1 times its CPU, ahead of every tool that is installed", hosts10k},
		{"returning-100k", "100 000 URLs that come back to 10 000 hosts: 1.2 times the minimal program, within 256 MiB", returning},
		{"distinct-100k", "100 000 hosts seen once: at least the minimal program without keep-alive, within 64 MiB", distinct},
		{"one-host", "10 000 URLs on one host: at least the minimal program tuned for it", oneHost},
		{"slow-256", "targets that take 50 ms, concurrency 256: 95 % of the ideal 5 120 a second", slow256},
		{"slow-1000", "the same, concurrency 1 000: at least the minimal program", slow1000},
		{"tls-hosts", "TLS, 2 000 hosts seen once: at least the minimal program", tlsHosts},
		{"tls-one-host", "TLS, one host: at least the minimal program", tlsOneHost},
		{"memory-pipe", "10 million lines from a pipe: the memory of 100 thousand", memoryPipe},
		{"memory-dedup", "dropping duplicates costs at most 40 bytes per distinct URL", memoryDedup},
		{"throttled", "one throttled host among 100 costs the others at most 5 %", throttled},
		{"throttled-10k", "the same, with 10 000 URLs on the throttled host, first in the list", throttled10k},
		{"cached", "all hits in Redis: 300 000 targets a second, or half of a bare MGET loop", cached},
		{"once", "10 000 repeats of one URL, 128 in flight: one request; from two processes on one Redis: one in total", once},
		{"healthy", "20 000 healthy hosts without retries all pass, asked with GET and with HEAD", healthy},
	}
}

// hosts10k shows fasthttp and the raw exchange for scale: neither tells phases,
// reasons, HTTP/2 or redirects, so no promise is made on them.
func hosts10k(ctx context.Context, l *lab) (findings, error) {
	const n = 10_000
	list, err := l.list("hosts", n, over("http", l.target.fast, n))
	if err != nil {
		return findings{}, err
	}
	return race{
		job: job{list: list, urls: n, c: 256},
		contenders: []contender{
			l.hc(), l.minimal(), l.minimalTuned(256), l.minimalClose(), l.fasthttp(), l.curl(), l.xargs(), l.raw(),
		},
		bars: []bar{
			// The other programs of ours are shown and promise nothing: they keep no
			// connection for a host that may come back, or read less of HTTP.
			atLeast("minimal", 1),
			atMost(cpu, "minimal", 1.1),
			atLeast("curl --parallel", 1),
			atLeast("xargs -P curl", 1),
		},
	}.run(ctx, l)
}

func returning(ctx context.Context, l *lab) (findings, error) {
	hosts := l.size(10_000, 2_000)
	n := 10 * hosts
	list, err := l.list("returning", n, over("http", l.target.fast, hosts))
	if err != nil {
		return findings{}, err
	}
	return race{
		job:        job{list: list, urls: n, c: 256},
		contenders: []contender{l.hc(), l.minimal()},
		bars:       []bar{atLeast("minimal", 1.2), atMost(peak, "", 256<<20)},
	}.run(ctx, l)
}

func distinct(ctx context.Context, l *lab) (findings, error) {
	n := l.size(100_000, 20_000)
	list, err := l.list("distinct", n, over("http", l.target.fast, n))
	if err != nil {
		return findings{}, err
	}
	return race{
		job:        job{list: list, urls: n, c: 256},
		contenders: []contender{l.hc(), l.minimalClose(), l.raw()},
		bars:       []bar{atLeast("minimal, keep-alive off", 1), atMost(peak, "", 64<<20)},
	}.run(ctx, l)
}

func oneHost(ctx context.Context, l *lab) (findings, error) {
	const n = 10_000
	list, err := l.list("one", n, over("http", l.target.fast, 1))
	if err != nil {
		return findings{}, err
	}
	return race{
		job:        job{list: list, urls: n, c: 256, perHost: 256},
		contenders: []contender{l.hc(), l.minimalTuned(256), l.minimal(), l.curl()},
		bars:       []bar{atLeast("minimal, tuned", 1)},
	}.run(ctx, l)
}

func slow256(ctx context.Context, l *lab) (findings, error) {
	n := l.size(100_000, 20_000)
	list, err := l.list("slow", n, over("http", l.target.slow, n))
	if err != nil {
		return findings{}, err
	}
	const c = 256
	return race{
		job:        job{list: list, urls: n, c: c},
		contenders: []contender{l.hc(), l.minimal(), l.raw()},
		bars:       []bar{atLeast("", 0.95*c/slowness.Seconds())},
	}.run(ctx, l)
}

func slow1000(ctx context.Context, l *lab) (findings, error) {
	n := l.size(100_000, 20_000)
	list, err := l.list("slow", n, over("http", l.target.slow, n))
	if err != nil {
		return findings{}, err
	}
	return race{
		job:        job{list: list, urls: n, c: 1000},
		contenders: []contender{l.hc(), l.minimal()},
		bars:       []bar{atLeast("minimal", 1)},
	}.run(ctx, l)
}

func tlsHosts(ctx context.Context, l *lab) (findings, error) {
	const n = 2_000
	list, err := l.list("tls", n, over("https", l.target.tls, n))
	if err != nil {
		return findings{}, err
	}
	return race{
		job:        job{list: list, urls: n, c: 256},
		contenders: []contender{l.hc("-k"), l.minimal(), l.minimalClose(), l.curl()},
		bars:       []bar{atLeast("minimal", 1)},
	}.run(ctx, l)
}

func tlsOneHost(ctx context.Context, l *lab) (findings, error) {
	n := l.size(20_000, 5_000)
	list, err := l.list("tls-one", n, over("https", l.target.tls, 1))
	if err != nil {
		return findings{}, err
	}
	return race{
		job:        job{list: list, urls: n, c: 256, perHost: 256},
		contenders: []contender{l.hc("-k"), l.minimal(), l.minimalTuned(256), l.curl()},
		bars:       []bar{atLeast("minimal", 1)},
	}.run(ctx, l)
}

// healthy guards against a trap: a checker whose idle pool is smaller than what
// is in flight fails healthy hosts, mostly those whose answer has no body.
func healthy(ctx context.Context, l *lab) (findings, error) {
	const n = 20_000
	list, err := l.list("healthy", n, over("http", l.target.fast, n))
	if err != nil {
		return findings{}, err
	}
	var f findings
	for _, method := range []string{"GET", "HEAD"} {
		s, err := l.lap(ctx, l.hc("--retries", "0", "-X", method), job{list: list, urls: n, c: 256})
		if err != nil {
			return findings{}, err
		}
		v := counted([]lap{s})
		v.bar = method + ": " + v.bar
		f.verdicts = append(f.verdicts, v)
	}
	return f, nil
}
