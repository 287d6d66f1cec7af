package main

import "time"

// costs are what one thing of each kind costs. They are measured by `make costs`
// on one core of the machine that docs/scaling.md names.
type costs struct {
	GatewayBatch, GatewayURL time.Duration // of a request that goes on to workers
	GatewayNew               time.Duration // more, for an answer that comes by itself
	WorkerGroup, WorkerURL   time.Duration // of a group of targets, look-up included
	Check                    time.Duration // of a check in a worker, with what it writes to Redis
	RedisTrip, RedisKey      time.Duration // of a look-up, at redis-server
	RedisSave                time.Duration // of a URL that is new: lease, result, end of the lease

	ListCheck time.Duration // of a check by hc check, and at its target on the same machine
	Target    time.Duration // how long the target of the trials takes: no CPU
}

// record is what was measured on one day.
type record struct {
	costs

	check64, check256, check1000 float64 // URLs/s of hc check
	oneHost                      float64
	throttled                    float64 // seconds
	oneWorker, twoWorkers        float64 // URLs/s
	killed                       float64 // seconds
}

// measured has the figures of docs/scaling.md, which has the command of each.
func measured() record {
	const us, ns = time.Microsecond, time.Nanosecond
	return record{
		costs: costs{
			GatewayBatch: 86 * us, GatewayURL: 5_900 * ns, GatewayNew: 13 * us,
			WorkerGroup: 90 * us, WorkerURL: 4_100 * ns,
			Check:     122 * us,
			RedisTrip: 13 * us, RedisKey: 450 * ns, RedisSave: 14 * us,
			ListCheck: 182 * us, Target: 50_250 * us,
		},
		check64: 1241, check256: 4847, check1000: 10_980,
		oneHost:   197.6,
		throttled: 3.992,
		oneWorker: 1241, twoWorkers: 2381,
		killed: 2.012,
	}
}
