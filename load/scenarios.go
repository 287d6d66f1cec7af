package main

import (
	"time"

	"github.com/hc-health/hc/load/internal/drive"
)

// What the seed of this project reported of itself, on hardware that it did not
// name: what its rate is taken from, and no ratio.
const (
	seedRate   = 971 // requests per second
	seedMedian = 2690 * time.Microsecond
)

// batch is how many URLs a request asks for, here and in examples/k6.
const batch = 5

// A scenario is a course of rates, as that of the same name in examples/k6.
type scenario struct {
	Name, Says string
	stages     []drive.Stage
}

const (
	steady  = "steady"
	crash   = "crash"
	overRPC = "gRPC"
)

// scenarios are those at rates that take no notice of the answers.
func scenarios(short bool) []scenario {
	unit := 5 * time.Second
	if short {
		unit = time.Second
	}
	return []scenario{
		{steady, "the rate that the seed of this project reached", []drive.Stage{
			{From: seedRate, To: seedRate, For: 4 * unit},
		}},
		{"spike", "eight times the usual rate within a moment, and back", []drive.Stage{
			{From: 250, To: 250, For: unit},
			{From: 250, To: 2000, For: unit / 2},
			{From: 2000, To: 2000, For: unit},
			{From: 2000, To: 250, For: unit / 2},
			{From: 250, To: 250, For: unit},
		}},
		{"soak", "a usual rate for a long while", []drive.Stage{
			{From: 500, To: 500, For: 6 * unit},
		}},
	}
}

// crashRamps are users without a pause, more and more of them, as the seed's
// crash test had: what a service gives when all is asked of it.
func crashRamps(short bool) []drive.Ramp {
	unit := time.Second
	if short {
		unit /= 2
	}
	return []drive.Ramp{{To: 64, For: 2 * unit}, {To: 64, For: 2 * unit}, {To: 0, For: unit}}
}

// crashRounds are taken in turns with what hc is compared with.
const crashRounds = 3

// rpcRate is calls per second.
const rpcRate = 500

func rpcTime(short bool) time.Duration {
	if short {
		return 2 * time.Second
	}
	return 10 * time.Second
}
