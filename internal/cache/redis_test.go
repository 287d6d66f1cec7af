package cache

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// newStore is a Redis with what a test asks for, closed when the test ends.
func newStore(t testing.TB, cfg RedisConfig) *Redis {
	t.Helper()
	s, err := NewRedis(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// targets are n different ones, and passed their results.
func targets(n int) []check.Target {
	ts := make([]check.Target, n)
	for i := range ts {
		ts[i] = checktest.Target(i, n)
	}
	return ts
}

func passed(ts []check.Target) []check.Result {
	rs := make([]check.Result, len(ts))
	for i, t := range ts {
		rs[i] = checktest.Pass(t)
	}
	return rs
}

// loaded is how many of ts s has.
func loaded(t testing.TB, s Store, ts []check.Target) int {
	t.Helper()
	rs, _ := s.Load(t.Context(), ts)
	if len(rs) != len(ts) {
		t.Fatalf("%d results for %d targets", len(rs), len(ts))
	}
	n := 0
	for i, r := range rs {
		if r.CheckedAt.IsZero() {
			continue
		}
		n++
		if r.Target.URL != ts[i].URL || !r.Cached {
			t.Errorf("target %d is answered with %+v", i, r)
		}
	}
	return n
}

// A tally is an Observer that adds up.
type tally struct {
	mu      sync.Mutex
	counts  map[string]int
	ups     []bool
	dropped int
}

func (c *tally) observer() Observer {
	c.counts = make(map[string]int)
	return Observer{
		Requests: func(tier, result string, n int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.counts[tier+" "+result] += n
		},
		Up: func(up bool) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ups = append(c.ups, up)
		},
		Dropped: func(n int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.dropped += n
		},
	}
}

func (c *tally) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

// lines is a log that can be counted.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, string(b))
	return len(b), nil
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

func TestRedisGivesBackWhatWasSaved(t *testing.T) {
	var counts tally
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url(), Observe: counts.observer()})
	ts := targets(1000)
	if n := loaded(t, s, ts); n != 0 {
		t.Fatalf("an empty one has %d", n)
	}
	if err := s.Save(t.Context(), passed(ts[:900])); err != nil {
		t.Fatal(err)
	}
	if n := loaded(t, s, ts); n != 900 {
		t.Errorf("900 saved, %d loaded", n)
	}
	if hit, miss := counts.count("redis hit"), counts.count("redis miss"); hit != 900 || miss != 1100 {
		t.Errorf("counted %d hits, %d misses", hit, miss)
	}
	for _, key := range server.keys("") {
		if !strings.HasPrefix(key, "hc:v1:") || len(key) != len("hc:v1:")+32 {
			t.Errorf("key %q", key)
		}
		if ttl := server.do("pttl", key).(int64); ttl < 260_000 || ttl > 330_000 {
			t.Errorf("%s lives %d ms, want 5 minutes ± 10 %%", key, ttl)
		}
	}
}

func TestRedisWritesWhatIsCacheableOnly(t *testing.T) {
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url(), TTL: TTL{Pass: time.Hour, Fail: 10 * time.Second}})
	var rs []check.Result
	for i, reason := range check.Reasons() {
		r := check.Failed(checktest.Target(i, 1), reason, "as told")
		r.CheckedAt = time.Now()
		rs = append(rs, r)
	}
	if err := s.Save(t.Context(), rs); err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, r := range rs {
		if Cacheable(r.Reason) {
			want++
		}
	}
	keys := server.keys("")
	if len(keys) != want {
		t.Errorf("%d keys, want %d", len(keys), want)
	}
	for _, key := range keys {
		if ttl := server.do("pttl", key).(int64); ttl <= 0 || ttl > 11_000 {
			t.Errorf("a failure lives %d ms", ttl)
		}
	}
}

func TestAKeyThatLostItsTTLIsNotServedPastIt(t *testing.T) {
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url(), TTL: TTL{Pass: 50 * time.Millisecond}})
	ts := targets(1)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	server.do("persist", server.keys("")[0])
	time.Sleep(60 * time.Millisecond)
	if n := loaded(t, s, ts); n != 0 || len(server.keys("")) != 1 {
		t.Errorf("%d loaded of %d keys", n, len(server.keys("")))
	}
}

// Row 6 of docs/faults.md.
func TestWhatIsNoValueIsAMissAndIsOverwritten(t *testing.T) {
	server := startRedis(t)
	for name, spoil := range map[string]func(key string){
		"a list":        func(key string) { server.do("rpush", key, "x") },
		"a hash":        func(key string) { server.do("hset", key, "a", "b") },
		"garbage":       func(key string) { server.do("set", key, "garbage") },
		"a megabyte":    func(key string) { server.do("set", key, strings.Repeat("x", 1<<20)) },
		"a newer value": func(key string) { server.do("set", key, "\x02\x00\x00\x00\x00\x00") },
	} {
		t.Run(name, func(t *testing.T) {
			server.do("flushall")
			s := newStore(t, RedisConfig{Address: server.url(), Timeout: 10 * time.Second})
			ts := targets(10)
			for _, target := range ts {
				spoil(keyPrefix + target.Key().String())
			}
			rs, err := s.Load(t.Context(), ts)
			if err != nil {
				t.Errorf("an error: %v", err)
			}
			for _, r := range rs {
				if !r.CheckedAt.IsZero() {
					t.Errorf("a result: %+v", r)
				}
			}
			if err := s.Save(t.Context(), passed(ts)); err != nil {
				t.Errorf("overwriting: %v", err)
			}
			if n := loaded(t, s, ts); n != len(ts) {
				t.Errorf("%d of %d loaded afterwards", n, len(ts))
			}
			for _, key := range server.keys("") {
				if server.do("pttl", key).(int64) <= 0 {
					t.Errorf("%s lives for ever", key)
				}
			}
		})
	}
}

// A trouble is a server that does not do what it should, and what it costs.
type fault struct {
	start  func(t *testing.T) string // gives the address
	reads  bool                      // it still answers look-ups
	log    string                    // stands in the log
	secret string                    // does not
}

func faults() map[string]fault {
	return map[string]fault{
		"refused": {start: func(t *testing.T) string { return "redis://:s3cret@" + freeAddr(t) }, log: "connection refused", secret: "s3cret"},
		"hung": {start: func(t *testing.T) string {
			s := startRedis(t)
			s.signal(syscall.SIGSTOP)
			return s.url()
		}, log: "timeout"},
		"silent from the start": {start: func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0") // accepted by the kernel, answered by nobody
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return "redis://" + l.Addr().String()
		}, log: "timeout"},
		"full": {start: func(t *testing.T) string {
			return startRedis(t, "--maxmemory", "100kb", "--maxmemory-policy", "noeviction").url()
		}, reads: true, log: "OOM"},
		"read-only": {start: func(t *testing.T) string {
			master := startRedis(t)
			host, port, _ := net.SplitHostPort(master.addr)
			replica := startRedis(t, "--replicaof", host+" "+port)
			for master.do("pubsub", "numpat"); !strings.Contains(fmt.Sprint(replica.do("info", "replication")), "master_link_status:up"); {
				time.Sleep(10 * time.Millisecond)
			}
			return replica.url()
		}, reads: true, log: "READONLY"},
		"no connection free": {start: func(t *testing.T) string {
			s := startRedis(t, "--maxclients", "1")
			eventually(t, "full", func() bool { return s.c.Ping(t.Context()).Err() == nil }) // and stays connected
			return s.url()
		}, log: "max number of clients|broken pipe|reset|EOF"},
		"password missing": {start: func(t *testing.T) string { return startRedis(t, "--requirepass", "pw").url() }, log: "NOAUTH|unauthenticated"},
		"password wrong": {start: func(t *testing.T) string {
			return strings.Replace(startRedis(t, "--requirepass", "pw").url(), "://", "://:s3cret@", 1)
		}, log: "WRONGPASS", secret: "s3cret"},
		"not permitted": {start: func(t *testing.T) string {
			s := startRedis(t, "--user", "hc", "on", ">s3cret", "~hc:*", "+ping")
			return strings.Replace(s.url(), "://", "://hc:s3cret@", 1)
		}, log: "NOPERM", secret: "s3cret"},
		"not Redis": {start: func(t *testing.T) string { return "redis://" + answering(t, "HTTP/1.1 400 Bad Request\r\n\r\n") }, log: "can't parse"},
		"a cluster that is down": {start: func(t *testing.T) string {
			return startRedis(t, "--cluster-enabled", "yes").url()
		}, log: "CLUSTERDOWN"},
	}
}

// answering is the address of a server that says the same to everything.
func answering(t *testing.T, text string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte(text))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// Rows 1, 3, 7 and 8 of docs/faults.md, for the store alone.
func TestTroubleIsAMissInTimeAndOneLogLine(t *testing.T) {
	const timeout = 100 * time.Millisecond
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counts tally
			var log lines
			s := newStore(t, RedisConfig{
				Address: f.start(t), Timeout: timeout, Observe: counts.observer(),
				Log: slog.New(slog.NewTextHandler(&log, nil)),
			})
			ts := targets(100)
			var longest time.Duration
			for range 10 {
				begin := time.Now()
				rs, err := s.Load(t.Context(), ts)
				longest = max(longest, time.Since(begin))
				if len(rs) != len(ts) || (err == nil) != f.reads {
					t.Fatalf("%d results, error %v", len(rs), err)
				}
				begin = time.Now()
				if err := s.Save(t.Context(), passed(ts)); err == nil {
					t.Error("saved without an error")
				}
				longest = max(longest, time.Since(begin))
			}
			if longest > timeout+400*time.Millisecond { // the machine is shared
				t.Errorf("a call took %v, its timeout is %v", longest, timeout)
			}
			// After five failures nothing is asked any more.
			begin := time.Now()
			for range 100 {
				_ = s.Save(t.Context(), passed(ts[:1]))
			}
			if took := time.Since(begin); took > 20*timeout {
				t.Errorf("100 calls with the breaker open took %v", took)
			}
			if got := counts.count("redis error"); (got == 1000) == f.reads {
				t.Errorf("%d of 1000 look-ups counted as errors", got)
			}
			if counts.dropped != 1100 {
				t.Errorf("%d of 1100 results counted as dropped", counts.dropped)
			}
			if s.Up() != f.reads || s.Lost() == nil {
				t.Errorf("up %v, lost %v", s.Up(), s.Lost())
			}
			if all := log.all(); len(all) != 1 || !regexp.MustCompile(f.log).MatchString(all[0]) {
				t.Errorf("logged %q, want one line with %q", all, f.log)
			} else if f.secret != "" && strings.Contains(all[0], f.secret) || strings.Contains(all[0], ".test") {
				t.Errorf("a secret or URL in %q", all[0])
			}
		})
	}
}

// The third and fourth of the faults, and that the trial call of the breaker
// gets through.
func TestRedisComesBack(t *testing.T) {
	var counts tally
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url(), Observe: counts.observer()})
	ts := targets(10)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	for name, outage := range map[string]struct{ begin, end func() }{
		"killed":  {server.kill, server.start},
		"stopped": {func() { server.signal(syscall.SIGSTOP) }, func() { server.signal(syscall.SIGCONT) }},
	} {
		t.Run(name, func(t *testing.T) {
			outage.begin()
			for range 2 * breakAfter {
				if n := loaded(t, s, ts); n != 0 {
					t.Fatalf("%d loaded while it is away", n)
				}
			}
			if s.Up() || s.Ping(t.Context()) == nil {
				t.Error("it is up while it is away")
			}
			outage.end()
			deadline := time.Now().Add(breakFor + 2*time.Second)
			for !s.Up() && time.Now().Before(deadline) {
				_ = s.Save(t.Context(), passed(ts)) // tries, and stores again what was lost
				loaded(t, s, ts)
				time.Sleep(20 * time.Millisecond)
			}
			_ = s.Save(t.Context(), passed(ts))
			if n := loaded(t, s, ts); n != len(ts) {
				t.Errorf("%d of %d loaded %v after it came back", n, len(ts), breakFor)
			}
		})
	}
	if got := fmt.Sprint(counts.ups); got != "[false true false true]" {
		t.Errorf("up went %s", got)
	}
}

func TestACallersCancelSaysNothingAboutRedis(t *testing.T) {
	server := startRedis(t)
	server.signal(syscall.SIGSTOP)
	var log lines
	s := newStore(t, RedisConfig{Address: server.url(), Timeout: 10 * time.Second, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 2 * breakAfter {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := s.Load(ctx, targets(1)); err == nil {
			t.Error("no error")
		}
		cancel()
	}
	server.signal(syscall.SIGCONT)
	if _, err := s.Load(t.Context(), targets(1)); err != nil || !s.Up() || s.Lost() != nil || len(log.all()) != 0 {
		t.Errorf("%v, up %v, lost %v, %q", err, s.Up(), s.Lost(), log.all())
	}
}

// What such a user may do is all that is done.
func TestAUserWithFourCommandsIsEnough(t *testing.T) {
	server := startRedis(t, "--user", "hc", "on", ">pw", "~hc:*", "+get", "+set", "+mget", "+eval")
	s := newStore(t, RedisConfig{Address: strings.Replace(server.url(), "://", "://hc:pw@", 1)})
	ts := targets(3)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	if n := loaded(t, s, ts); n != 3 {
		t.Errorf("%d of 3 loaded", n)
	}
	keys := []check.Key{ts[0].Key()}
	if got, err := s.acquire(t.Context(), keys, "t"); err != nil || !got[0] {
		t.Errorf("acquire: %v, %v", got, err)
	}
	if err := s.renew(t.Context(), keys, "t"); err != nil {
		t.Errorf("renew: %v", err)
	}
	if err := s.release(t.Context(), keys, "t"); err != nil {
		t.Errorf("release: %v", err)
	}
}

func TestOverAUnixSocketWithAPasswordAndADatabase(t *testing.T) {
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: "unix://" + server.socket() + "?db=3"})
	if err := s.Save(t.Context(), passed(targets(1))); err != nil {
		t.Fatal(err)
	}
	if info := fmt.Sprint(server.do("info", "keyspace")); !strings.Contains(info, "db3:keys=1") {
		t.Errorf("%s", info)
	}
}

func TestWatchKnowsWithoutRequests(t *testing.T) {
	server := startRedis(t)
	s := newStore(t, RedisConfig{Address: server.url()})
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { s.Watch(ctx) })
	defer watching.Wait()
	defer cancel()
	server.kill()
	eventually(t, "down", func() bool { return !s.Up() })
	server.start()
	eventually(t, "up", s.Up)
}

// eventually polls for what takes its time.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s after 15 s", what)
		}
	}
}
