package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// serviceScenarios are what the service promises, in the order they are
// measured. All of it runs as a user would start it: its defaults, a log of each
// request, one process for each part.
func serviceScenarios() []scenario {
	return []scenario{
		{"hot-1", "one URL per request, from the gateway's memory: 0.85 of a bare net/http handler that answers the same bytes, p99 within twice its", hot1},
		{"hot-100", "100 URLs per request, from the gateway's memory: 0.6 of a bare net/http handler that answers the same bytes, and 0.8 of one that decodes the request and encodes that answer with encoding/json", hot100},
		{"stack-1", "one URL per request through gateway, gRPC, worker and Redis, all hits: 1.2 times the straightforward service", stack1},
		{"stack-100", "100 URLs per request through gateway, gRPC, worker and Redis, all hits: 6 times the straightforward service", stack100},
		{"cold", "targets that take 50 ms through gateway and worker, none known: 95 % of concurrency / latency", coldThrough},
		{"second-worker", "a second worker where targets are slow: 1.8 times the throughput", secondWorker},
		{"probe", "/probe: 1.5 times the probes of blackbox_exporter on the same targets", probes},
		{"overload", "ten times what can be checked is offered: goodput is 0.8 of the peak, refusals take 50 ms at most", overload},
	}
}

// urlsOf gives a body of n URLs, each of a host of its own that answers at once.
func (l *lab) urlsOf(n int) ([]byte, error) {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = over("http", l.target.fast, n)(i)
	}
	return json.Marshal(map[string]any{"urls": urls})
}

// loopback opens what the guard of a gateway and a worker keeps shut.
func loopback(args ...string) []string {
	return append(args, "--allow-cidr", "127.0.0.0/8")
}

// The bare handlers.
const (
	constant = "net/http, fixed bytes"
	encoding = "net/http, encoding/json"
)

func hot1(ctx context.Context, l *lab) (findings, error) {
	return l.hot(ctx, 1,
		bar{what: requests, against: constant, bound: 0.85},
		bar{what: p99, against: constant, bound: 2, atMost: true})
}

func hot100(ctx context.Context, l *lab) (findings, error) {
	return l.hot(ctx, 100,
		bar{what: requests, against: constant, bound: 0.6},
		bar{what: requests, against: encoding, bound: 0.8})
}

// hot asks one gateway, which has its engine and its memory in it, and two bare
// handlers that give the same answer.
func (l *lab) hot(ctx context.Context, n int, bars ...bar) (findings, error) {
	r := &rack{lab: l}
	defer r.stop()
	body, err := l.urlsOf(n)
	if err != nil {
		return findings{}, err
	}
	gateway, err := r.start(ctx, "hc", loopback("serve", "gateway", "--listen", "ADDR", "--cache-ttl", "pass=1h")...)
	if err != nil {
		return findings{}, err
	}
	hc := checking("hc", gateway, body, n)
	answer, err := settled(ctx, hc.url, body, hc.proof)
	if err != nil {
		return findings{}, err
	}
	file, err := l.write(fmt.Sprintf("answer-%d.json", n), answer.text)
	if err != nil {
		return findings{}, err
	}
	services := []service{hc}
	for _, peer := range []struct {
		name string
		args []string
	}{{constant, nil}, {encoding, []string{"-encode"}}} {
		args := append([]string{"-listen", "ADDR", "-answer", file}, peer.args...)
		for _, h := range []string{"Content-Type", "X-Request-Id"} {
			args = append(args, "-header", h+": "+answer.header.Get(h))
		}
		bare, err := r.start(ctx, "bare", args...)
		if err != nil {
			return findings{}, err
		}
		services = append(services, checking(peer.name, bare, body, n))
	}
	script, err := l.posting(body)
	if err != nil {
		return findings{}, err
	}
	return contest{script: script, services: services}.run(ctx, l, bars...)
}

func stack1(ctx context.Context, l *lab) (findings, error) { return l.stack(ctx, 1, 1.2) }

func stack100(ctx context.Context, l *lab) (findings, error) { return l.stack(ctx, 100, 6) }

// straightforward is the service as one would first write it.
const straightforward = "straightforward"

// stack holds what stacked gives against a bound.
func (l *lab) stack(ctx context.Context, n int, bound float64) (findings, error) {
	r := &rack{lab: l}
	defer r.stop()
	redis, err := r.redis(ctx)
	if err != nil {
		return findings{}, err
	}
	c, err := l.stacked(ctx, r, redis, n)
	if err != nil {
		return findings{}, err
	}
	return c.run(ctx, l, bar{what: requests, against: straightforward, bound: bound})
}

// stacked asks a gateway that keeps nothing, so that each request of n URLs goes
// all the way to Redis, and the straightforward service over the same Redis.
func (l *lab) stacked(ctx context.Context, r *rack, redis *redisServer, n int) (contest, error) {
	body, err := l.urlsOf(n)
	if err != nil {
		return contest{}, err
	}
	hc, err := l.three(ctx, r, redis)
	if err != nil {
		return contest{}, err
	}
	plain, err := l.straight(ctx, r, redis)
	if err != nil {
		return contest{}, err
	}
	c := contest{services: []service{checking("hc", hc[0], body, n), checkingStraight(plain[0], body, n)}}
	c.services[0].daemons, c.services[1].daemons = hc, plain
	for _, s := range c.services {
		if _, err := settled(ctx, s.url, body, s.proof); err != nil {
			return contest{}, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	c.script, err = l.posting(body)
	return c, err
}

// three are a gateway without a memory and a worker, over redis.
func (l *lab) three(ctx context.Context, r *rack, redis *redisServer) ([]*daemon, error) {
	worker, err := r.start(ctx, "hc", loopback("serve", "worker", "--listen", "ADDR", "--cache", redis.url(), "--cache-ttl", "pass=1h")...)
	if err != nil {
		return nil, err
	}
	gateway, err := r.start(ctx, "hc", loopback("serve", "gateway", "--listen", "ADDR", "--cache", "off", "--workers", worker.addr)...)
	return []*daemon{gateway, worker}, err
}

// straight are gateway and worker of the straightforward service, over redis. env
// are settings of the Go runtime.
func (l *lab) straight(ctx context.Context, r *rack, redis *redisServer, env ...string) ([]*daemon, error) {
	with := func(args ...string) []string { return append(append(slices.Clone(env), l.dir+"/straight"), args...) }
	worker, err := r.start(ctx, "env", with("worker", "-listen", "ADDR", "-redis", redis.addr, "-ttl", "1h")...)
	if err != nil {
		return nil, err
	}
	gateway, err := r.start(ctx, "env", with("gateway", "-listen", "ADDR", "-worker", worker.addr)...)
	return []*daemon{gateway, worker}, err
}

// checking is a service that answers POST /check as hc's gateway does.
func checking(name string, d *daemon, body []byte, n int) service {
	s := service{name: name, url: "http://" + d.addr + "/check", daemons: []*daemon{d}}
	s.proof = func(ctx context.Context) error { return allHeld(ctx, s.url, body, `"outcome":"pass"`, n) }
	return s
}

func checkingStraight(d *daemon, body []byte, n int) service {
	s := service{name: straightforward, url: "http://" + d.addr + "/check", daemons: []*daemon{d}}
	s.proof = func(ctx context.Context) error { return allHeld(ctx, s.url, body, `"up":true`, n) }
	return s
}

// allHeld fails unless the answer has n passes, all from a cache.
func allHeld(ctx context.Context, url string, body []byte, pass string, n int) error {
	a, err := post(ctx, url, body)
	if err != nil {
		return err
	}
	passes, held := bytes.Count(a.text, []byte(pass)), bytes.Count(a.text, []byte(`"cached":true`))
	if passes != n || held != n {
		return fmt.Errorf("%d of %d pass and %d are from the cache: %.500s", passes, n, held, a.text)
	}
	return nil
}

// settled asks until proof is content, and then for the answer.
func settled(ctx context.Context, url string, body []byte, proof func(context.Context) error) (posted, error) {
	if err := until(ctx, func() error { return proof(ctx) }); err != nil {
		return posted{}, err
	}
	return post(ctx, url, body)
}

// posted is the answer to a POST.
type posted struct {
	header http.Header
	text   []byte
}

func post(ctx context.Context, url string, body []byte) (posted, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return posted{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return posted{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", resp.Status, text)
	}
	return posted{resp.Header, text}, err
}

// blackbox is the exporter that /probe is measured against.
const blackbox = "blackbox_exporter"

func probes(ctx context.Context, l *lab) (findings, error) {
	r := &rack{lab: l}
	defer r.stop()
	c, err := l.probed(ctx, r, l.target.fast)
	if err != nil {
		return findings{}, err
	}
	return c.run(ctx, l,
		bar{what: requests, against: blackbox, bound: 1.5},
		bar{what: perCPU, against: blackbox, bound: 2})
}

// probed asks for one probe per request, of a port of a thousand hosts in turn.
func (l *lab) probed(ctx context.Context, r *rack, port int) (contest, error) {
	const modules = "modules: {http_2xx: {prober: http, http: {preferred_ip_protocol: ip4}}}\n"
	file, err := l.write("blackbox.yml", []byte(modules))
	if err != nil {
		return contest{}, err
	}
	const hosts = 1000
	paths := make([]string, hosts)
	for i := range paths {
		paths[i] = probePath(i, port)
	}
	gateway, err := r.start(ctx, "hc", loopback("serve", "gateway", "--listen", "ADDR", "--probe-config", file)...)
	if err != nil {
		return contest{}, err
	}
	exporter, err := r.start(ctx, "prometheus-blackbox-exporter", "--web.listen-address", "ADDR", "--config.file", file)
	if err != nil {
		return contest{}, err
	}
	script, err := l.asking(paths)
	return contest{script: script, services: []service{probing("hc", gateway, paths[0]), probing(blackbox, exporter, paths[0])}}, err
}

func probePath(h, port int) string {
	return "/probe?module=http_2xx&target=" + host(h) + ":" + strconv.Itoa(port)
}

func probing(name string, d *daemon, path string) service {
	s := service{name: name, url: "http://" + d.addr + "/probe", daemons: []*daemon{d}}
	s.proof = func(ctx context.Context) error {
		text, code, err := fetch(ctx, "http://"+d.addr+path)
		if err == nil && (code != http.StatusOK || !bytes.Contains([]byte(text), []byte("\nprobe_success 1\n"))) {
			err = fmt.Errorf("a probe gave %d: %s", code, text)
		}
		return err
	}
	return s
}
