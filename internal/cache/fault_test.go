package cache

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// mixed answers half of the targets with a failure, so that a verdict that was
// changed shows.
func mixed(_ context.Context, t check.Target) check.Result {
	if t.Seq%2 == 1 {
		res := check.Failed(t, check.HTTPStatus, "404 Not Found")
		res.StatusCode, res.CheckedAt = 404, time.Now()
		return res
	}
	return checktest.Pass(t)
}

// batch checks n targets through r, wants the right verdict for each and no more
// than limit of time, and tells how many were cached.
func batch(t *testing.T, r check.Runner, n int, limit time.Duration) (cached int) {
	t.Helper()
	begin := time.Now()
	seen := make(map[int64]bool)
	for _, res := range collect(t.Context(), r, targets(n)) {
		seen[res.Target.Seq] = true
		if want := mixed(t.Context(), res.Target); res.Outcome != want.Outcome || res.Reason != want.Reason || res.StatusCode != want.StatusCode {
			t.Errorf("target %d: %s %s %d", res.Target.Seq, res.Outcome, res.Reason, res.StatusCode)
		}
		if res.Cached {
			cached++
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d targets were answered", len(seen), n)
	}
	if took := time.Since(begin); took > limit {
		t.Errorf("a batch took %v, at most %v were allowed", took, limit)
	}
	return cached
}

// Rows 1, 3, 7 and 8 of docs/faults.md: no verdict changes, and a batch
// takes at most two timeouts longer (and what a shared machine takes).
func TestTroubleChangesNoVerdict(t *testing.T) {
	const timeout, slack = 200 * time.Millisecond, 600 * time.Millisecond
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lines
			s := newStore(t, RedisConfig{Address: f.start(t), Timeout: timeout, Log: slog.New(slog.NewTextHandler(&log, nil))})
			r := Through(pooled(check.CheckerFunc(mixed)), s, Config{})
			for range 5 {
				if n := batch(t, r, 100, 2*timeout+slack); n != 0 {
					t.Errorf("%d cached", n)
				}
			}
			if n := len(log.all()); n != 1 {
				t.Errorf("%d log lines: %q", n, log.all())
			}
		})
	}
}

// Fault row 7: what was stored before it was full is served.
func TestAFullRedisServesWhatItHas(t *testing.T) {
	server := startRedis(t, "--maxmemory-policy", "noeviction")
	s := newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second})
	r := Through(pooled(check.CheckerFunc(mixed)), s, Config{})
	batch(t, r, 100, time.Minute)
	server.do("config", "set", "maxmemory", "1")
	for range 10 {
		if n := batch(t, r, 200, time.Minute); n != 100 {
			t.Errorf("%d cached, 100 are stored", n)
		}
	}
}

// Fault row 8: trouble is not made worse by asking again.
func TestACommandIsSentOnce(t *testing.T) {
	server := startRedis(t, "--maxmemory", "100kb", "--maxmemory-policy", "noeviction")
	s := newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second})
	_ = s.Save(t.Context(), passed(targets(1)))
	if _, err := s.Load(t.Context(), targets(1)); err != nil {
		t.Fatal(err)
	}
	// Refused commands count as rejected, not as calls.
	info := fmt.Sprint(server.do("info", "commandstats"))
	if !bytes.Contains([]byte(info), []byte("cmdstat_set:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,")) || server.calls("mget") != 1 {
		t.Errorf("%s", info)
	}
}

// Fault row 2: a crash in the middle of the work, and the way back.
func TestRedisKilledInMidRun(t *testing.T) {
	server := startRedis(t)
	var log lines
	s := newStore(t, RedisConfig{Address: server.url(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	fake := checktest.Fake{Takes: 10 * time.Millisecond, Answer: mixed}
	r := Through(pooled(&fake), s, Config{})
	killed := time.AfterFunc(50*time.Millisecond, server.kill)
	defer killed.Stop()
	batch(t, r, 3000, time.Minute)
	batch(t, r, 100, time.Minute)
	if len(log.all()) != 1 {
		t.Errorf("logged %q", log.all())
	}
	server.start()
	back := time.Now()
	eventually(t, "hitting again", func() bool { return batch(t, r, 100, time.Minute) > 0 })
	if took := time.Since(back); took > breakFor+4*time.Second { // row 2 has 2 s, the machine is shared
		t.Errorf("no hit for %v after it was back", took)
	}
}

// A toxic is what stands between a store and its server.
type toxic struct {
	name, json string
	sliced     bool // slow, but all comes through
}

// proxied starts a proxy in front of server.
func proxied(t *testing.T, server *server) *toxiproxy.Proxy {
	t.Helper()
	api := &toxiproxy.ApiServer{Collection: toxiproxy.NewProxyCollection(), Metrics: toxiproxy.NewMetricsContainer(nil)}
	api.Logger = silent(api.Logger)
	p := toxiproxy.NewProxy(api, "redis", "127.0.0.1:0", server.addr)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// silent is the zero value of a logger, which says nothing.
func silent[T any](*T) *T { return new(T) }

// Fault rows 3, 4 and 5.
func TestABadConnection(t *testing.T) {
	const timeout = 200 * time.Millisecond
	for _, row := range []toxic{
		{name: "400 ms late", json: `{"type":"latency","attributes":{"latency":400}}`},
		{name: "silent", json: `{"type":"timeout","attributes":{"timeout":0}}`},
		{name: "reset", json: `{"type":"reset_peer","attributes":{"timeout":0}}`},
		{name: "byte by byte", json: `{"type":"slicer","attributes":{"average_size":1,"size_variation":0,"delay":0}}`, sliced: true},
		{name: "cut in the middle", json: `{"type":"limit_data","attributes":{"bytes":3000}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := startRedis(t)
			p := proxied(t, server)
			s := newStore(t, RedisConfig{Address: "redis://" + p.Listen, Timeout: timeout})
			r := Through(pooled(check.CheckerFunc(mixed)), s, Config{})
			batch(t, r, 100, time.Minute)
			if _, err := p.Toxics.AddToxicJson(bytes.NewReader([]byte(row.json))); err != nil {
				t.Fatal(err)
			}
			for range breakAfter {
				batch(t, r, 100, 2*timeout+600*time.Millisecond)
			}
			if !row.sliced {
				if _, err := s.Load(t.Context(), targets(1)); err != errOpen {
					t.Errorf("after %d bad batches: %v, want the breaker open", breakAfter, err)
				}
			}
			p.Toxics.ResetToxics(t.Context())
			begin := time.Now()
			eventually(t, "hitting again", func() bool { return batch(t, r, 100, time.Minute) == 100 })
			if took := time.Since(begin); took > breakFor+4*time.Second {
				t.Errorf("no hit for %v after it was healed", took)
			}
		})
	}
}

// A server that hangs in mid-run costs each group a timeout or two, until the
// breaker opens.
func TestRedisStoppedInMidRun(t *testing.T) {
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url()})
	fake := checktest.Fake{Takes: 5 * time.Millisecond, Answer: mixed}
	r := Through(pooled(&fake), s, Config{})
	stop := time.AfterFunc(50*time.Millisecond, func() { server.signal(syscall.SIGSTOP) })
	defer stop.Stop()
	batch(t, r, 5000, 5*time.Second)
}
