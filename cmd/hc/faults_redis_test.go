//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Rows 1 to 8 of the fault matrix: a worker's Redis is away, slow, silent, full,
// hostile or not ours, and callers see nothing of it.

const (
	redisTimeout = 200 * time.Millisecond // of one look-up or write: the cache's own
	breakerTries = 5                      // failures in a row after which Redis is let alone
	breakerRest  = 2 * time.Second        // then it is tried again
)

// A cached service is a gateway without a memory and a worker that shares a Redis.
type cachedService struct {
	*site
	*caller
	worker, front *service
}

// cachedBy starts one over the Redis at address, as of --cache.
func cachedBy(t testing.TB, address string, args ...string) *cachedService {
	t.Helper()
	c := &cachedService{site: newSite(t), caller: newCaller(t)}
	c.worker = serve(t, "worker", append([]string{"--cache", address, "--retries", "0"}, args...)...)
	c.front = serve(t, "gateway", "--workers", c.worker.address, "--cache", "off")
	c.front.connected(t)
	return c
}

// pages are good and bad ones, by turns, so that a verdict that was changed shows.
func (c *cachedService) pages(name string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s/%s/%s/%d", c.URL, []string{"ok", "secret"}[i%2], name, i)
	}
	return all
}

// batch asks for pages; all must be answered, by their own verdicts, which the
// history shows in the end.
func (c *cachedService) batch(t testing.TB, pages []string) batchAnswer {
	t.Helper()
	answer := c.ask(t, c.front.address, pages)
	answer.complete(t, len(pages))
	if failed := int64(len(pages) / 2); answer.code == 200 && (answer.Summary.Fail != failed || answer.Summary.ByReason[check.HTTPStatus] != failed) {
		t.Errorf("%d failed, want %d: %v", answer.Summary.Fail, failed, answer.Summary.ByReason)
	}
	return answer
}

// ends checks what must hold after each of these rows.
func (c *cachedService) ends(t testing.TB) {
	t.Helper()
	c.holds(t, laws{}, c.caller)
	c.worker.idle(t)
	c.front.settled(t)
	if said := strings.Count(c.worker.log.String(), "trouble with the shared cache"); said > 1 {
		t.Errorf("%d lines about one trouble within a minute", said)
	}
}

// hitsAgain waits until Redis answers, and for no longer than a breaker rests.
func (c *cachedService) hitsAgain(t testing.TB, since time.Time) {
	t.Helper()
	pages := c.pages("again", 10)
	eventually(t, "hits", func() bool { return c.batch(t, pages).Summary.Cached > 0 })
	if took := time.Since(since); took > breakerRest+2*time.Second+slack*400*time.Millisecond {
		t.Errorf("no hit for %s after it was well again", took)
	}
}

// An operator talks to a Redis by its inline commands, on one connection.
type operator struct {
	net.Conn
	replies *bufio.Reader
}

func operate(t testing.TB, address string) *operator {
	t.Helper()
	conn, err := net.Dial("tcp", hostOf(address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &operator{conn, bufio.NewReader(conn)}
}

// hostOf is where the Redis of an address listens.
func hostOf(address string) string {
	return strings.TrimSuffix(strings.TrimPrefix(address, "redis://"), "/0")
}

// do gives the reply to a command, which must be none but an error's, a line, a
// number or a text.
func (o *operator) do(t testing.TB, command string) string {
	t.Helper()
	if _, err := fmt.Fprintf(o, "%s\r\n", command); err != nil {
		t.Fatal(err)
	}
	line, err := o.replies.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	kind, text := line[0], strings.TrimSpace(line[1:])
	if size, _ := strconv.Atoi(text); kind == '$' && size >= 0 {
		whole := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(o.replies, whole); err != nil {
			t.Fatal(err)
		}
		return string(whole[:size])
	}
	if kind == '-' {
		t.Fatalf("%s: %s", command, text)
	}
	return text
}

// commands is how many have come to a Redis, those that it refused too, and how
// many connections.
func (o *operator) commands(t testing.TB) (n, refused int) {
	t.Helper()
	for line := range strings.Lines(o.do(t, "info commandstats")) {
		name, fields, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":")
		if !slices.Contains([]string{"mget", "get", "set", "eval", "hello", "auth"}, name) {
			continue
		}
		for field := range strings.SplitSeq(fields, ",") {
			key, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			if times, err := strconv.Atoi(value); err == nil && (key == "calls" || key == "rejected_calls") {
				n += times
			}
		}
	}
	for line := range strings.Lines(o.do(t, "info stats")) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "rejected_connections:"); ok {
			refused, _ = strconv.Atoi(text)
		}
	}
	return n, refused
}

func TestFault01RedisAbsentAtStart(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	serve(t, "worker")
	usual := time.Since(begun)
	begun = time.Now()
	c := cachedBy(t, "redis://127.0.0.1:"+freePorts(t, 1)[0]+"/0")
	inTime(t, "starting worker and gateway", time.Since(begun), max(2*usual, time.Second))
	c.batch(t, c.pages("first", 100))
	eventually(t, "hc_cache_up to be 0", func() bool { return c.worker.metric(t, "hc_cache_up") == 0 })
	for i := range breakerTries {
		c.batch(t, c.pages(fmt.Sprintf("opens%d", i), 10))
	}

	without := serve(t, "worker", "--cache", "off")
	front := serve(t, "gateway", "--workers", without.address, "--cache", "off")
	front.connected(t)
	var tookPlain, tookAway []time.Duration // by turns, as this machine is busy now and then
	for i := range 40 {
		tookPlain = append(tookPlain, c.ask(t, front.address, c.pages(fmt.Sprintf("plain%d", i), 10)).took)
		tookAway = append(tookAway, c.ask(t, c.front.address, c.pages(fmt.Sprintf("away%d", i), 10)).took)
	}
	slowest := func(took []time.Duration) time.Duration { // but one
		slices.Sort(took)
		return took[len(took)-2]
	}
	plain, away := slowest(tookPlain), slowest(tookAway)
	t.Logf("98 of 100 batches within %s without a Redis, within %s with one that is away", plain, away)
	if away > plain+slack*20*time.Millisecond {
		t.Errorf("%s with Redis away, %s without one", away, plain)
	}
	c.ends(t)
}

func TestFault03RedisIsLate(t *testing.T) {
	t.Parallel()
	stallsAndHeals(t, `{"type":"latency","attributes":{"latency":400}}`)
}

func TestFault04RedisFallsSilentAndIsHealed(t *testing.T) {
	t.Parallel()
	stallsAndHeals(t, `{"type":"timeout","attributes":{"timeout":0}}`)
}

// stallsAndHeals has Redis answer too late or never, and then in time again.
func stallsAndHeals(t *testing.T, toxic string) {
	redis, _ := startRedis(t)
	p := proxied(t, hostOf(redis))
	c := cachedBy(t, "redis://"+p.Listen)
	c.batch(t, c.pages("warm", 20))
	usual := c.batch(t, c.pages("usual", 20)).took
	const tries = 3 // the best counts: this machine is busy, and has bad moments
	for try := 1; ; try++ {
		poison(t, p, toxic)
		var stalled, open []time.Duration
		for i := range breakerTries {
			stalled = append(stalled, c.batch(t, c.pages(fmt.Sprintf("stalled%d/%d", try, i), 20)).took)
		}
		if up := c.worker.metric(t, "hc_cache_up"); up != 0 {
			t.Errorf("hc_cache_up is %v", up)
		}
		// The breaker is open: what waits for Redis takes its time-out, and this does
		// not, but for the one call in 2 s that tries.
		for i := range 9 {
			open = append(open, c.batch(t, c.pages(fmt.Sprintf("open%d/%d", try, i), 20)).took)
		}
		p.Toxics.ResetToxics(t.Context())
		c.hitsAgain(t, time.Now())
		slices.Sort(open)
		slowest, median := slices.Max(stalled), open[len(open)/2]
		t.Logf("a batch takes %s, at most %s with Redis stalled, and %s after %d of those", usual, slowest, median, breakerTries)
		if slowest <= slack*(usual+redisTimeout) && median < redisTimeout {
			break
		}
		if try == tries {
			t.Errorf("with Redis stalled a batch takes more than %d times %s, or after %d of them still its time-out", slack, usual+redisTimeout, breakerTries)
			break
		}
	}
	c.ends(t)
}

func TestFault05RedisConnectionsBreak(t *testing.T) {
	for name, toxic := range map[string]string{
		"reset":             `{"type":"reset_peer","attributes":{"timeout":0}}`,
		"byte by byte":      `{"type":"slicer","attributes":{"average_size":1,"size_variation":0,"delay":0}}`,
		"cut in the middle": `{"type":"limit_data","attributes":{"bytes":3000}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, _ := startRedis(t)
			p := proxied(t, hostOf(redis))
			c := cachedBy(t, "redis://"+p.Listen)
			pages := c.pages("known", 20)
			c.batch(t, pages)
			poison(t, p, toxic)
			for range 2 * breakerTries { // c.ends compares what came from the cache with the pages
				c.batch(t, pages)
			}
			p.Toxics.ResetToxics(t.Context())
			c.hitsAgain(t, time.Now())
			c.ends(t)
		})
	}
}

func TestFault06ValuesAreNotOurs(t *testing.T) {
	t.Parallel()
	redis, _ := startRedis(t)
	c := cachedBy(t, redis)
	o := operate(t, redis)
	pages := c.pages("replaced", 20)
	hit := func() int64 { return c.batch(t, pages).Summary.Cached }
	hit()
	for name, change := range map[string]string{
		"lists":         `redis.call('del',k) redis.call('rpush',k,'a','b')`,
		"garbage":       `redis.call('set',k,'garbage')`,
		"1 MB each":     `redis.call('set',k,string.rep('x',1048576))`,
		"a byte less":   `local v=redis.call('get',k) redis.call('set',k,string.sub(v,1,-2))`,
		"one bit":       `local v=redis.call('get',k) redis.call('set',k,string.sub(v,1,20)..string.char((string.byte(v,21)+1)%256)..string.sub(v,22))`,
		"of tomorrow":   `local v=redis.call('get',k) redis.call('set',k,string.char(99)..string.sub(v,2))`,
		"empty strings": `redis.call('set',k,'')`,
	} {
		eventually(t, "all to be stored", func() bool { return hit() == int64(len(pages)) })
		o.do(t, `eval "for _,k in ipairs(redis.call('keys','hc:v1:*')) do `+change+` end" 0`)
		if n := hit(); n != 0 {
			t.Errorf("%s: %d were taken for results", name, n)
		}
	}
	eventually(t, "the last ones to be overwritten", func() bool { return hit() == int64(len(pages)) })
	c.ends(t)
}

func TestFault07RedisIsFull(t *testing.T) {
	t.Parallel()
	redis, _ := startRedis(t, "--maxmemory-policy", "noeviction")
	c := cachedBy(t, redis)
	known := c.pages("known", 20)
	c.batch(t, known)
	eventually(t, "all to be stored", func() bool { return c.batch(t, known).Summary.Cached == 20 })
	operate(t, redis).do(t, "config set maxmemory 1mb")
	for i := range 3 * breakerTries {
		if n := c.batch(t, known).Summary.Cached; n != 20 {
			t.Errorf("%d of 20 that it has are served", n)
		}
		if n := c.batch(t, c.pages(fmt.Sprintf("new%d", i), 10)).Summary.Cached; n != 0 {
			t.Errorf("%d served that it cannot have", n)
		}
	}
	eventually(t, "each write to be counted as dropped, behind its answer", func() bool {
		return c.worker.metric(t, "hc_cache_dropped_total") == 3*breakerTries*10
	})
	if up := c.worker.metric(t, "hc_cache_up"); up != 1 {
		t.Error("it answers, and hc_cache_up is 0")
	}
	c.ends(t)
}

func TestFault08RedisRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		args    []string
		user    string // in the address
		refuses string // the operator's command, if it takes one
	}{
		"read only":       {refuses: "replicaof 127.0.0.1 1"},
		"too many":        {refuses: "config set maxclients 1"},
		"wrong password":  {args: []string{"--requirepass", "right"}, user: ":wrong@"},
		"no password":     {args: []string{"--requirepass", "right"}},
		"not this user's": {refuses: "acl setuser hc on >pw ~hc:* +ping", user: "hc:pw@"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, _ := startRedis(t, row.args...)
			o := operate(t, redis)
			if row.args != nil {
				o.do(t, "auth right")
			}
			if row.refuses != "" {
				o.do(t, row.refuses)
			}
			begun := time.Now()
			c := cachedBy(t, "redis://"+row.user+hostOf(redis))
			const batches = 30
			for range batches {
				if n := c.batch(t, c.pages("same", 2)).Summary.Cached; n != 0 {
					t.Errorf("%d hits", n)
				}
			}
			// A batch of two is a look-up and, for each, a lease, a result and the
			// lease's end; once a second it is asked whether it is there.
			operations := batches*7 + int(time.Since(begun)/time.Second) + 1
			commands, refused := o.commands(t)
			if commands+refused == 0 || commands > 2*operations || refused > 2*operations {
				t.Errorf("%d commands and %d connections refused, for %d operations", commands, refused, operations)
			}
			if !strings.Contains(c.worker.log.String(), "trouble with the shared cache") {
				t.Error("the log does not say so")
			}
			for _, secret := range []string{"wrong", "hc:pw"} {
				if strings.Contains(c.worker.log.String(), secret+"@") {
					t.Error("a password in the log")
				}
			}
			c.ends(t)
		})
	}
}
