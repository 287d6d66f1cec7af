package main

import (
	"fmt"
	"math"
	"time"
)

// headroom is the share of anything that a plan makes use of: what is nearer to
// its limit answers late, and a death has to be borne by those that are left.
const headroom = 0.7

// A need is what a service is planned for.
type need struct {
	Rate    float64       // URLs answered a second
	Hit     float64       // share of them that Redis has
	Latency time.Duration // of a check, on average, targets that time out included
	Batch   int           // URLs of a request
	Places  int           // -c of a worker
	Cores   int           // of a worker's, or a gateway's, machine
}

// A part of a plan: how many, and what there would be too little of with fewer.
type part struct {
	number int
	why    string
}

func (p part) String() string { return fmt.Sprintf("%d (%s)", p.number, p.why) }

// most is the part for the largest of several demands, at least two: one may die.
func most(demands map[string]float64, order ...string) part {
	p, demanded := part{2, "one may die"}, 2.0
	for _, why := range order {
		if d := demands[why] / headroom; d > demanded {
			p, demanded = part{int(math.Ceil(d)), why}, d
		}
	}
	return p
}

// workers, gateways and Redis shards that n needs.
func (n need) plan(c costs) (workers, gateways part, shards int) {
	cold := n.Rate * (1 - n.Hit)
	groups := n.Rate / float64(n.Batch) * math.Ceil(float64(n.Batch)/groupSize)
	batches := n.Rate / float64(n.Batch)
	workers = most(map[string]float64{
		"places": cold * n.Latency.Seconds() / float64(n.Places),
		"CPU":    (cold*c.Check.Seconds() + n.Rate*c.WorkerURL.Seconds() + groups*c.WorkerGroup.Seconds()) / float64(n.Cores),
	}, "places", "CPU")
	gateways = most(map[string]float64{
		"CPU":     (n.Rate*c.GatewayURL.Seconds() + batches*c.GatewayBatch.Seconds() + cold*c.GatewayNew.Seconds()) / float64(n.Cores),
		"pending": cold * n.Latency.Seconds() / maxPending,
	}, "CPU", "pending")
	return workers, gateways, n.shards(c, groups, cold)
}

// shards is how many threads of Redis there must be. Every group goes to every
// shard that has a key of it, so more shards share the keys and not the round
// trips: it is 0 where no number is enough.
func (n need) shards(c costs, groups, cold float64) int {
	size := n.Rate / groups
	for s := 1.0; s <= 1000; s++ {
		trips := groups * min(1, size/s) * c.RedisTrip.Seconds()
		if trips+(n.Rate*c.RedisKey.Seconds()+cold*c.RedisSave.Seconds())/s <= headroom {
			return int(s)
		}
	}
	return 0
}

// planTable is the plan for rates, hit ratios and latencies, as markdown.
func planTable(c costs) string {
	t := table{head: []string{"checks/s", "hits", "a check takes", "workers at `-c 256`", "workers at `-c 2048`", "gateways", "Redis shards"}}
	for _, rate := range []float64{10e3, 100e3, 1e6} {
		for _, hit := range []float64{0, 0.9, 0.99} {
			for _, takes := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond} {
				n := need{Rate: rate, Hit: hit, Latency: takes, Batch: 100, Places: 256, Cores: 2}
				few, gateways, shards := n.plan(c)
				n.Places = 2048
				many, _, _ := n.plan(c)
				t.add(count(rate), fmt.Sprintf("%.0f %%", 100*hit), takes.String(), few.String(), many.String(), gateways.String(), fmt.Sprint(shards))
			}
		}
	}
	return t.String()
}
