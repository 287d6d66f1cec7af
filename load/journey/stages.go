package main

import (
	"time"

	"github.com/hc-health/hc/load/internal/drive"
	"github.com/hc-health/hc/load/internal/lab"
)

// A stage is a service on the way from the seed's first version to hc.
type stage struct {
	name, note string
	service    lab.Arrangement
}

func stages() []stage {
	return []stage{
		{"V1", "no cache", lab.Arrangement{Straight: true}},
		{"V2", "Redis, a GET for each URL", lab.Arrangement{Straight: true, Redis: true}},
		{"host-ready pool", "hc without a cache", lab.Arrangement{}},
		{"grouped I/O", "hc, Redis behind the worker", lab.Arrangement{Redis: true}},
		{"front cache", "hc, memory in the gateway too", lab.Arrangement{Redis: true, Front: true}},
		{"one process", "hc serve gateway alone", lab.Arrangement{One: true}},
	}
}

// The load: as many users at most, each with batches of so many URLs, out of so
// many, that answer in between so much time.
const (
	users   = 100
	batch   = 5
	urls    = 50
	fastest = 200 * time.Millisecond
	slowest = 2 * time.Second
)

// ramps are those of the crash test: users come, stay and go.
func ramps(short bool) []drive.Ramp {
	if short {
		return []drive.Ramp{{To: 10, For: time.Second}, {To: 0, For: time.Second}}
	}
	return []drive.Ramp{{To: users, For: 6 * time.Second}, {To: users, For: 12 * time.Second}, {To: 0, For: 2 * time.Second}}
}
