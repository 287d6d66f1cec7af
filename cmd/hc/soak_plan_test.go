//go:build unix && faults

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// What happens in a round of TestSoak: events, each of a kind, at a time, to one of
// those that it can happen to. All of it comes from the seed, before the round.

const (
	roundLasts  = 20 * time.Second
	eventsApart = 200 * time.Millisecond // on average, of all subjects together
	eventRests  = 500 * time.Millisecond // nothing more happens to the same one
)

// A kind of event.
type kind struct {
	weight int           // how often, against the others
	whom   string        // of whom there are several, see [subjects]
	what   string        // happens to one of them
	most   time.Duration // it lasts a third of that on average
	stage  func(*soak, context.Context, event)
	// excuses is what an exchange may lack where this happens beside it. What has
	// none, callers must not notice.
	excuses []string
}

// subjects is how many there are of each.
func subjects(whom string) int {
	return map[string]int{"worker": 3, "gateway": 2, "redis": 1, "caller": 3}[whom]
}

// kinds is the table of all that can happen.
func kinds() []kind {
	const s = time.Second
	// What a lost worker held is asked again of another one, until there were three;
	// while none is left, batches are refused.
	workerLost := []string{askedAgain, "503", string(check.WorkerLost)}
	// Who asks a gateway that is killed or away has no answer. One that is back has
	// no connection to workers at first.
	gatewayLost := []string{noAnswer, "503"}
	return []kind{
		{6, "worker", "is killed", 3 * s, (*soak).kill, workerLost},
		{6, "worker", "is told to end", 3 * s, (*soak).terminate, workerLost},
		{6, "worker", "is stopped", 3 * s, (*soak).stop, workerLost},
		{3, "worker", "cannot be reached", 16 * s, poisoned(silent("upstream"), silent("downstream")), workerLost},
		{3, "worker", "has its connections reset", s / 2, poisoned(`{"type":"reset_peer","attributes":{"timeout":0}}`), workerLost},
		{3, "worker", "is far away", 5 * s, poisoned(`{"type":"latency","attributes":{"latency":200,"jitter":100}}`), nil},
		{3, "worker", "has its answers cut into bytes", s, poisoned(`{"type":"slicer","attributes":{"average_size":7,"size_variation":5}}`), nil},
		{3, "gateway", "is killed", 2 * s, (*soak).kill, gatewayLost},
		{3, "gateway", "is told to end", 2 * s, (*soak).terminate, gatewayLost},
		{2, "gateway", "is stopped", 3 * s, (*soak).stop, nil},
		{3, "redis", "is killed", 6 * s, (*soak).killRedis, nil},
		{3, "redis", "is silent", 6 * s, poisoned(silent("downstream")), nil},
		{3, "redis", "is late", 6 * s, poisoned(`{"type":"latency","attributes":{"latency":400}}`), nil},
		{3, "redis", "has its connections reset", 2 * s, poisoned(`{"type":"reset_peer","attributes":{"timeout":0}}`), nil},
		{3, "redis", "has its answers cut off", 2 * s, poisoned(`{"type":"limit_data","attributes":{"bytes":3000}}`), nil},
		{9, "caller", "hangs up", s / 2, (*soak).hangUp, nil},
		{3, "caller", "floods", 2 * s, (*soak).flood, []string{"503"}},
		{4, "caller", "asks hostile targets", 3 * s, (*soak).askHostile, nil},
		{4, "caller", "asks targets that never answer", 2 * s, (*soak).askSilent, nil},
	}
}

func silent(stream string) string {
	return fmt.Sprintf(`{"type":"timeout","stream":%q,"attributes":{"timeout":0}}`, stream)
}

// An event is when, how long and to which of its kind's subjects it happens.
type event struct {
	kind
	at, lasts time.Duration
	on        int
}

func (e event) who() string { return fmt.Sprintf("%s %d", e.whom, e.on) }

func (e event) String() string {
	return fmt.Sprintf("%6.2f s  %s %s for %s", e.at.Seconds(), e.who(), e.what, e.lasts)
}

// plan is the events of a round. Two that happen to the same one are apart.
func plan(seed uint64) (events []event) {
	dice := rand.New(rand.NewPCG(seed, 0))
	var lots []kind
	for _, k := range kinds() {
		lots = append(lots, slices.Repeat([]kind{k}, k.weight)...)
	}
	busy := map[string]time.Duration{} // until when
	for at := time.Duration(0); at < roundLasts; at += time.Duration(dice.ExpFloat64() * float64(eventsApart)) {
		e := event{kind: lots[dice.IntN(len(lots))], at: at.Round(time.Millisecond)}
		e.on = dice.IntN(subjects(e.whom))
		share := dice.Float64()
		e.lasts = time.Duration(share * share * float64(e.most)).Round(time.Millisecond)
		if who := e.who(); e.at >= busy[who] {
			busy[who] = e.at + e.lasts + eventRests
			events = append(events, e)
		}
	}
	return events
}

func written(events []event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

func TestSoakPlanIsThatOfItsSeed(t *testing.T) {
	if first, again := written(plan(7)), written(plan(7)); first != again {
		t.Errorf("one seed, two plans:\n%s\n%s", first, again)
	}
	if written(plan(7)) == written(plan(8)) {
		t.Error("two seeds, one plan")
	}
	times := map[string]int{}
	for seed := range uint64(100) {
		ends := map[string]time.Duration{}
		for _, e := range plan(seed) {
			times[e.whom+" "+e.what]++
			if e.at < ends[e.who()] || e.lasts > e.most || e.on >= subjects(e.whom) {
				t.Errorf("seed %d: %s, and it is busy until %s", seed, e, ends[e.who()])
			}
			ends[e.who()] = max(ends[e.who()], e.at+e.lasts)
		}
	}
	for _, k := range kinds() {
		if n := times[k.whom+" "+k.what]; n < 20 {
			t.Errorf("%s %s: %d times in 100 rounds", k.whom, k.what, n)
		}
	}
}
