package cache

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/hc-health/hc/internal/check"
)

// RedisConfig says where a [Redis] is. All but Address may be zero.
type RedisConfig struct {
	// Address is redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS,
	// unix:///SOCKET, several hosts with commas for a cluster, or
	// redis+sentinel://HOST,HOST/MASTER. Settings follow as query keys: db,
	// cluster, master_name, sentinel_username, sentinel_password, timeout,
	// pool_size, cacert, cert, key, skip_verify.
	Address string
	TTL     TTL
	// Timeout is the longest a look-up or a write may take, connecting included;
	// 0 is the address's timeout, else 200 ms. With 100 ms a healthy Redis was
	// missed now and then where ten processes shared two cores.
	Timeout time.Duration
	Log     *slog.Logger // trouble, one line a minute; nil is silent
	Observe Observer
}

const (
	defaultTimeout = 200 * time.Millisecond
	defaultPool    = 16 // connections: two for look-ups, the rest for writes and leases of several runs

	keyPrefix  = "hc:v1:"
	lockSuffix = ":lock"
	keyLen     = len(keyPrefix) + 2*len(check.Key{})
)

// Redis is a [Store] that processes and machines share. It is safe to use while
// no server answers: then all is a miss, at the cost of at most Timeout for a
// group, and of nothing once a [breaker] has opened.
type Redis struct {
	client  redis.UniversalClient
	cluster bool
	ttl     TTL
	observe Observer
	health  *health
	reads   breaker
	writes  breaker
	lookups trips
}

// NewRedis makes a Redis; it connects when it is first used. The error is about
// the address and does not repeat it. go-redis's own log, which is one for the
// whole process, is silenced: each failure it prints is an error here as well.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	o, timeout, err := parseAddress(cfg.Address)
	if err != nil {
		return nil, err
	}
	for _, t := range []time.Duration{cfg.Timeout, timeout, defaultTimeout} {
		if t > 0 {
			timeout = t
			break
		}
	}
	redis.SetLogger(mute{})
	client := redis.NewUniversalClient(tuned(o, timeout))
	_, cluster := client.(*redis.ClusterClient)
	h := &health{log: cfg.Log, observe: cfg.Observe}
	s := &Redis{
		client:  client,
		cluster: cluster,
		ttl:     cfg.TTL.orDefault(),
		observe: cfg.Observe,
		health:  h,
		reads:   newBreaker(timeout, h.read),
		writes:  newBreaker(timeout, h.write),
	}
	s.lookups.get = s.get
	return s, nil
}

// tuned sets what makes a client fit for a cache that must not be waited for.
// With go-redis's defaults a refused connection costs 20 dials and 1.7 s, a hung
// server 5 s whatever ctx says; with these 0 and timeout.
func tuned(o *redis.UniversalOptions, timeout time.Duration) *redis.UniversalOptions {
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DialTimeout = max(timeout, 500*time.Millisecond) // goes on behind the call that began it
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout
	o.ContextTimeoutEnabled = true
	if o.PoolSize == 0 {
		o.PoolSize = defaultPool
	}
	o.MaxActiveConns = o.PoolSize
	o.PipelinePoolSize = -1 // one pool for single commands and pipelines
	o.ConnMaxIdleTime = 5 * time.Minute
	o.ConnMaxLifetime, o.ConnMaxLifetimeJitter = 30*time.Minute, 3*time.Minute
	// No CLIENT commands: a user limited to +get +set +mget +eval may connect.
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o
}

// mute is a logger for go-redis that says nothing.
type mute struct{}

func (mute) Printf(context.Context, string, ...any) {}

// Close closes the connections. Calls after it fail.
func (s *Redis) Close() error {
	err := s.client.Close()
	s.lookups.wait()
	return err
}

// Ping reports whether a look-up would be answered; it may take Timeout.
func (s *Redis) Ping(ctx context.Context) error {
	_, _, err := s.fetch(ctx, []string{keyPrefix + "ping"})
	return err
}

// Watch pings every second until ctx ends, so that a service without requests
// knows as well whether its shared cache answers.
func (s *Redis) Watch(ctx context.Context) {
	const every = time.Second
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for ctx.Err() == nil {
		_ = s.Ping(ctx) // the outcome is noted
		select {
		case <-ticks.C:
		case <-ctx.Done():
		}
	}
}

// Up reports whether the last look-up was answered; true before the first.
func (s *Redis) Up() bool {
	up, _ := s.health.state()
	return up
}

// Lost gives the first failure since s was made, be it of a look-up or a write,
// or nil. A run that requires the shared cache did not have it throughout where
// Lost is not nil.
func (s *Redis) Lost() error {
	_, lost := s.health.state()
	return lost
}

// Load implements [Store] in one round trip, which other callers may share.
func (s *Redis) Load(ctx context.Context, ts []check.Target) ([]check.Result, error) {
	rs, failed, err := s.look(ctx, ts, nil)
	s.observe.looked(tierRedis, rs, failed)
	return rs, err
}

func (s *Redis) peek(ctx context.Context, ts []check.Target) ([]check.Result, error) {
	rs, _, err := s.look(ctx, ts, nil)
	return rs, err
}

// look is Load, and tells how many of ts could not be asked for. What answers is
// given to keep as well, where that is not nil.
func (s *Redis) look(ctx context.Context, ts []check.Target, keep func(check.Key, held)) (rs []check.Result, failed int, err error) {
	keys := make([]check.Key, len(ts))
	for i := range ts {
		keys[i] = ts[i].Key()
	}
	values, failed, err := s.fetch(ctx, names(keys, ""))
	rs = make([]check.Result, len(ts))
	now := time.Now()
	var d decoder
	for i, v := range values {
		r := &rs[i] // read into its place: results are large
		text, ok := v.(string)
		if !ok {
			continue
		}
		good, ok := d.value(text, r)
		if !ok || !good.serve(&ts[i], r.CheckedAt, now) {
			*r = check.Result{}
			continue
		}
		if keep != nil {
			keep(keys[i], held{*r, good})
		}
		recalled(r, &ts[i], now)
	}
	return rs, failed, err
}

// fetch gets the values of keys, nil where there is none or it is no string, and
// tells how many could not be asked for.
func (s *Redis) fetch(ctx context.Context, keys []string) (values []any, failed int, err error) {
	if len(keys) == 0 {
		return nil, 0, nil // MGET takes at least one: a group may hold fresh targets only
	}
	if s.cluster {
		values, failed, err = s.getEach(ctx, keys)
	} else {
		failed = len(keys)
		values, err = s.lookups.ask(ctx, keys)
	}
	if err == nil || errors.Is(err, errCallerGone) {
		failed = 0
	}
	return values, failed, err
}

// get is one round trip.
func (s *Redis) get(ctx context.Context, keys []string) (values []any, err error) {
	err = s.reads.do(ctx, func(ctx context.Context) (err error) {
		values, err = s.client.MGet(ctx, keys...).Result()
		return err
	})
	return values, err
}

// getEach is fetch for a cluster, where the keys of one MGET must share a slot:
// each GET goes to its node, all at once.
func (s *Redis) getEach(ctx context.Context, keys []string) (values []any, failed int, err error) {
	p := s.client.Pipeline()
	for _, key := range keys {
		p.Get(ctx, key)
	}
	cmds, failed, err := s.exec(ctx, s.reads, p)
	values = make([]any, len(keys))
	for i, cmd := range cmds {
		if get, ok := cmd.(*redis.StringCmd); ok && get.Err() == nil {
			values[i] = get.Val()
		}
	}
	return values, failed, err
}

// exec sends p in one round trip, and tells how many of its commands failed. It
// is a failure to b where all did: with one node of a cluster gone, the others
// go on serving.
func (s *Redis) exec(ctx context.Context, b breaker, p redis.Pipeliner) (cmds []redis.Cmder, failed int, err error) {
	all := p.Len()
	failed = all // unless it is sent
	var some error
	err = b.do(ctx, func(ctx context.Context) error {
		var err error
		cmds, err = p.Exec(ctx)
		if failed, err = trouble(cmds, err); failed < all {
			some, err = err, nil
		}
		return err
	})
	if some != nil {
		s.health.write(some)
	}
	return cmds, failed, cmp.Or(err, some)
}

// trouble counts the commands of a pipeline that failed and gives the first
// one's error; err is the pipeline's own.
func trouble(cmds []redis.Cmder, err error) (failed int, first error) {
	for _, cmd := range cmds {
		if err := cmd.Err(); !harmless(err) {
			failed++
			first = cmp.Or(first, err)
		}
	}
	if failed == 0 && !harmless(err) { // there was no connection to send them on
		return len(cmds), err
	}
	return failed, first
}

// harmless are the replies that there is no such key, or that it is no string.
func harmless(err error) bool {
	return err == nil || errors.Is(err, redis.Nil) || strings.HasPrefix(err.Error(), "WRONGTYPE")
}

// Save implements [Store] in one round trip.
func (s *Redis) Save(ctx context.Context, rs []check.Result) error {
	now := time.Now()
	keys, hs := holdAll(rs, s.ttl, now)
	return s.save(ctx, keys, hs, now)
}

// holdAll gives what is kept of rs, and its keys.
func holdAll(rs []check.Result, ttl TTL, now time.Time) ([]check.Key, []held) {
	keys := make([]check.Key, 0, len(rs))
	hs := make([]held, 0, len(rs))
	for _, r := range rs {
		if h, ok := hold(r, ttl, now); ok {
			keys, hs = append(keys, r.Target.Key()), append(hs, h)
		}
	}
	return keys, hs
}

func (s *Redis) save(ctx context.Context, keys []check.Key, hs []held, now time.Time) error {
	if len(hs) == 0 {
		return nil
	}
	const usual = 256 // bytes of a value
	buf, tooLarge := make([]byte, 0, usual*len(hs)), 0
	p := s.client.Pipeline()
	for i, name := range names(keys, "") {
		start := len(buf)
		var ok bool
		if buf, ok = appendValue(buf, &hs[i]); ok {
			p.Set(ctx, name, buf[start:], hs[i].expires.Sub(now))
		} else {
			tooLarge++
		}
	}
	_, dropped, err := s.exec(ctx, s.writes, p)
	s.observe.dropped(dropped + tooLarge)
	if err != nil {
		return fmt.Errorf("writing %d results to the shared cache: %w", len(hs), err)
	}
	return nil
}

// names gives the Redis keys of keys, each followed by suffix. They are parts of
// one string.
func names(keys []check.Key, suffix string) []string {
	size := keyLen + len(suffix)
	var b strings.Builder
	b.Grow(size * len(keys))
	var digits [2 * len(check.Key{})]byte
	for i := range keys {
		b.WriteString(keyPrefix)
		hex.Encode(digits[:], keys[i][:])
		b.Write(digits[:])
		b.WriteString(suffix)
	}
	all := b.String()
	out := make([]string, len(keys))
	for i := range out {
		out[i] = all[i*size : (i+1)*size]
	}
	return out
}
