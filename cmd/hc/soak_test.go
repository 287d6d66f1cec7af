//go:build unix && faults

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

// TestSoak plays rounds of faults, as a plan has them that is made of a seed, on two
// gateways, three workers and a Redis that run for the whole time, while callers
// keep asking. After each round all is healed, must be well and hold what it held
// when it began, and the round's history is judged and forgotten.
//
// SOAK is how long new rounds begin, SEED is that of the first; each round's is one
// more than that of the round before.
func TestSoak(t *testing.T) {
	lasts, seed := time.Duration(0), uint64(time.Now().UnixNano())
	var err error
	if text := os.Getenv("SOAK"); text != "" {
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("SOAK: %v", err)
		}
	}
	if text := os.Getenv("SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SEED: %v", err)
		}
	}
	t.Logf("SEED=%d", seed)
	s := newSoak(t)
	for begun := time.Now(); ; seed++ {
		s.round(seed)
		if time.Since(begun) >= lasts {
			break
		}
	}
	if s.cached == 0 {
		t.Error("no answer came from a cache")
	}
}

const (
	soakCallers = 6
	// recovers is how long after an event its excuses hold: gateways try again to
	// connect after 1.2 s at the latest, and this machine is busy.
	recovers = 3 * time.Second
	mostTime = `"timeout_ms":30000` // longer than any event
)

// soakTTL is short, for a round to outlast it several times.
func soakTTL() cache.TTL { return cache.TTL{Pass: 2 * time.Second, Fail: time.Second} }

// A soak is a service and what happens to it.
type soak struct {
	testing.TB
	*site
	hostile map[string]hostileTarget // by URL
	members map[string]*member       // by name, as event.who has it
	lines   map[string]*toxiproxy.Proxy
	redis   string // its address
	end     func() // of Redis
	pages   atomic.Int64

	noting   sync.Mutex
	ran      []*service // since the round began
	callers  []*caller
	troubles []trouble
	cached   int64
}

// A member is a process of the service, which comes back where it was.
type member struct {
	*service
	args           []string
	address, admin string
}

// A trouble is an event as it came, and when what it excuses was over.
type trouble struct {
	event
	from, to time.Time
}

func newSoak(t *testing.T) *soak {
	s := &soak{TB: t, hostile: startHostile(t), site: newSite(t), members: map[string]*member{}, lines: map[string]*toxiproxy.Proxy{}}
	ports := freePorts(t, 11)
	next := func() (address string) {
		address, ports = "127.0.0.1:"+ports[0], ports[1:]
		return address
	}
	s.redis = next()
	s.end = startRedisAt(t, s.redis)
	s.lines["redis 0"] = proxied(t, s.redis)
	ttl := fmt.Sprintf("pass=%s,fail=%s", soakTTL().Pass, soakTTL().Fail)
	add := func(kind, name string, args ...string) *member {
		m := &member{address: next(), admin: next()}
		m.args = append([]string{"hc", "serve", kind, "-q", "--listen", m.address, "--admin-listen", m.admin, "--allow-cidr", "127.0.0.0/8", "--cache-ttl", ttl, "--drain-delay", "200ms"}, args...)
		s.members[name] = m
		s.start(m)
		return m
	}
	var workers []string
	for i := range subjects("worker") {
		name := fmt.Sprintf("worker %d", i)
		m := add("worker", name, "--cache", "redis://"+s.lines["redis 0"].Listen, "--per-host", "200", "--retries", "0")
		s.lines[name] = proxied(t, m.address)
		workers = append(workers, s.lines[name].Listen)
	}
	for i := range subjects("gateway") {
		add("gateway", fmt.Sprintf("gateway %d", i), "--workers", strings.Join(workers, ","), "--max-pending", "1000")
	}
	return s
}

// start starts m, and waits until it serves.
func (s *soak) start(m *member) {
	m.service = launchProgram(s, m.args...)
	m.service.address, m.service.admin = m.address, m.admin
	eventually(s, strings.Join(m.args[:3], " "), func() bool {
		code, _ := get(s, "http://"+m.admin+"/metrics")
		return code == http.StatusOK
	})
	m.began = m.footprint(s)
	s.noting.Lock()
	defer s.noting.Unlock()
	s.ran = append(s.ran, m.service)
}

// newCaller is one whose exchanges are judged with the round.
func (s *soak) newCaller() *caller {
	c := newCaller(s)
	s.noting.Lock()
	defer s.noting.Unlock()
	s.callers = append(s.callers, c)
	return c
}

// fresh is a prefix of pages of a kind that nobody has asked for.
func (s *soak) fresh(kind string) string {
	return fmt.Sprintf("%s/%s/%d/", s.URL, kind, s.pages.Add(1))
}

// gateway is where one listens.
func (s *soak) gateway(i int) string { return s.members[fmt.Sprintf("gateway %d", i)].address }

// round plays the plan of a seed, heals all, and judges.
func (s *soak) round(seed uint64) {
	events := plan(seed)
	defer func() {
		if s.Failed() {
			s.Logf("make soak SOAK=1s SEED=%d plays this again:\n%s", seed, written(events))
		}
	}()
	s.callers, s.troubles, s.ran = nil, nil, nil
	for _, m := range s.members {
		s.ran = append(s.ran, m.service)
	}
	begun := time.Now()
	ctx, heal := context.WithTimeout(s.Context(), roundLasts)
	defer heal()
	scripts := map[string][]event{}
	for _, e := range events {
		scripts[e.who()] = append(scripts[e.who()], e)
	}
	var playing sync.WaitGroup
	for _, script := range scripts {
		playing.Go(func() { s.play(ctx, begun, script) })
	}
	turning := s.fresh("turning")
	for i := range uint64(soakCallers) {
		playing.Go(func() { s.keepAsking(ctx, rand.New(rand.NewPCG(seed, i+1)), turning) })
	}
	playing.Wait()
	if s.Failed() {
		s.FailNow()
	}
	s.well()
	s.judge(seed, len(events))
	if s.Failed() {
		s.FailNow()
	}
}

// play has the events of one subject happen, one after the other.
func (s *soak) play(ctx context.Context, begun time.Time, script []event) {
	for _, e := range script {
		if pause(ctx, time.Until(begun.Add(e.at))); ctx.Err() != nil {
			return
		}
		from := time.Now()
		e.stage(s, ctx, e)
		s.noting.Lock()
		s.troubles = append(s.troubles, trouble{e, from, time.Now().Add(recovers)})
		s.noting.Unlock()
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// keepAsking is a caller who asks either gateway for pages, some of them new, some
// of them those that everybody asks for.
func (s *soak) keepAsking(ctx context.Context, dice *rand.Rand, turning string) {
	c := s.newCaller()
	for ctx.Err() == nil {
		pages := urls(s.fresh("slow"), 1+dice.IntN(60))
		for i := range pages {
			if dice.IntN(3) == 0 {
				pages[i] = turning + strconv.Itoa(dice.IntN(20))
			}
		}
		c.ask(s, s.gateway(dice.IntN(subjects("gateway"))), pages, mostTime)
		pause(ctx, time.Duration(dice.Int64N(int64(100*time.Millisecond))))
	}
}

// well fails unless all answers, and nothing is held that was not from the start.
func (s *soak) well() {
	for _, c := range s.callers {
		c.CloseIdleConnections()
	}
	c := s.newCaller()
	for i := range subjects("gateway") {
		eventually(s, "a whole answer", func() bool {
			return c.ask(s, s.gateway(i), urls(s.fresh("ok"), 50), mostTime).Summary.Pass == 50
		})
	}
	c.CloseIdleConnections()
	for name, m := range s.members {
		if strings.HasPrefix(name, "worker") {
			m.idle(s)
		} else {
			m.settled(s)
		}
	}
}

// judge holds the history of the round to the laws, and forgets it.
func (s *soak) judge(seed uint64, events int) {
	for _, one := range s.ran {
		one.sound(s)
	}
	s.holds(s, laws{tries: 3, ttl: soakTTL(), stopped: 3 * time.Second, excuses: s.excuses, reason: s.reason}, s.callers...)
	sum := map[string]int64{}
	for _, c := range s.callers {
		for _, e := range c.exchanges() {
			sum["batches"]++
			switch {
			case e.hungUp:
				sum["hung up"]++
			case e.answer.code == http.StatusOK:
				sum["answered"]++
			case e.answer.code == 0:
				sum["unanswered"]++
			default:
				sum["refused"]++
			}
			sum["results"] += e.answer.Summary.Total
			sum["cached"] += e.answer.Summary.Cached
			sum["lost"] += e.answer.Summary.ByReason[check.WorkerLost]
		}
	}
	s.mu.Lock()
	for _, page := range s.hits {
		sum["hits"] += int64(len(page))
	}
	clear(s.hits)
	s.mu.Unlock()
	s.cached += sum["cached"]
	s.Logf("SEED=%d: %d events; %v", seed, events, sum)
}

// excuses is that of [laws]: something has happened meanwhile, to e's gateway if to one.
func (s *soak) excuses(e exchange, what string) bool {
	return slices.ContainsFunc(s.troubles, func(t trouble) bool {
		return slices.Contains(t.excuses, what) && t.from.Before(e.at) && t.to.After(e.begun) &&
			(t.whom != "gateway" || s.members[t.who()].address == e.gateway)
	})
}

// reason is that of [laws].
func (s *soak) reason(url string) (r check.Reason, known bool) {
	base, _, _ := strings.Cut(url, "?")
	if target, known := s.hostile[base]; known {
		return target.reason, true
	}
	return check.Timeout, strings.HasPrefix(url, s.URL+"/hang/")
}

func (s *soak) kill(ctx context.Context, e event) {
	m := s.members[e.who()]
	_ = m.Process.Kill()
	<-m.ended
	pause(ctx, e.lasts)
	s.start(m)
}

func (s *soak) terminate(ctx context.Context, e event) {
	m := s.members[e.who()]
	m.signal(s, syscall.SIGTERM)
	if code := m.code(s); code != 0 {
		s.Errorf("%s told to end: exit %d", e.who(), code)
	}
	pause(ctx, e.lasts)
	s.start(m)
}

func (s *soak) stop(ctx context.Context, e event) {
	m := s.members[e.who()]
	m.signal(s, syscall.SIGSTOP)
	pause(ctx, e.lasts)
	m.signal(s, syscall.SIGCONT)
}

func (s *soak) killRedis(ctx context.Context, e event) {
	s.end()
	pause(ctx, e.lasts)
	s.end = startRedisAt(s, s.redis)
}

// poisoned puts toxics on the connections to one.
func poisoned(toxics ...string) func(*soak, context.Context, event) {
	return func(s *soak, ctx context.Context, e event) {
		line := s.lines[e.who()]
		for _, toxic := range toxics {
			poison(s, line, toxic)
		}
		pause(ctx, e.lasts)
		line.Toxics.ResetToxics(s.Context())
	}
}

func (s *soak) hangUp(ctx context.Context, e event) {
	ctx, hangUp := context.WithTimeout(ctx, e.lasts)
	defer hangUp()
	s.newCaller().askUntil(ctx, s, s.gateway(e.on%2), urls(s.fresh("slow"), 200), mostTime)
}

func (s *soak) flood(ctx context.Context, e event) {
	ctx, end := context.WithTimeout(ctx, e.lasts)
	defer end()
	var flooding sync.WaitGroup
	for range 6 {
		c := s.newCaller()
		flooding.Go(func() {
			for ctx.Err() == nil {
				c.ask(s, s.gateway(e.on%2), urls(s.fresh("ok"), 300), mostTime)
				pause(ctx, 20*time.Millisecond)
			}
		})
	}
	flooding.Wait()
}

func (s *soak) askHostile(ctx context.Context, e event) {
	var targets []string
	for u := range s.hostile {
		targets = append(targets, urls(u+"?", 3)...)
	}
	s.askAgain(ctx, e, func() []string { return targets }, `"timeout_ms":2000`)
}

func (s *soak) askSilent(ctx context.Context, e event) {
	s.askAgain(ctx, e, func() []string { return urls(s.fresh("hang"), 10) }, `"timeout_ms":500`)
}

// askAgain asks for targets as long as e lasts.
func (s *soak) askAgain(ctx context.Context, e event, targets func() []string, more string) {
	c := s.newCaller()
	ctx, end := context.WithTimeout(ctx, e.lasts)
	defer end()
	for ctx.Err() == nil {
		c.ask(s, s.gateway(e.on%2), targets(), more)
		pause(ctx, 50*time.Millisecond)
	}
}
