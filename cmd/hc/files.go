package main

import (
	"iter"
	"sync"

	"github.com/hc-health/hc/internal/check"
)

// fewTargets need no more descriptors than the 64 that Linux gives a process to begin
// with, some of which hc has open itself.
const fewTargets = 48

// growing passes ts on, and calls grow beside it where ts is more than a few. It ends
// after grow has.
func growing(ts iter.Seq[check.Target], grow func()) iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		var growth sync.WaitGroup
		defer growth.Wait()
		n := 0
		for t := range ts {
			if n++; n == fewTargets+1 {
				growth.Go(grow)
			}
			if !yield(t) {
				return
			}
		}
	}
}
