package rpc

import "github.com/hc-health/hc/internal/check"

// A batch is targets that are sent, answered and given up together.
type batch struct {
	id      uint64
	targets []check.Target
	// answers has the results as they come, and is closed when no more will. It
	// has room for all of them, so that a call never waits for who reads them.
	answers chan []check.Result

	// Guarded by the call, until answers is closed.
	heard    []bool // of which targets there was a result
	answered []bool // and it was not handed back unasked
	open     int    // targets not heard of
	err      error  // why not all were heard of
}

func newBatch(id uint64, targets []check.Target) *batch {
	flags := make([]bool, 2*len(targets))
	return &batch{
		id:       id,
		targets:  targets,
		answers:  make(chan []check.Result, len(targets)),
		heard:    flags[:len(targets)],
		answered: flags[len(targets):],
		open:     len(targets),
	}
}

// hear takes the result of target seq, and reports whether it is an answer.
func (b *batch) hear(seq uint64, r *check.Result) bool {
	if seq >= uint64(len(b.targets)) || b.heard[seq] {
		return false
	}
	b.heard[seq] = true
	b.open--
	if r.Reason == check.NotAttempted {
		return false
	}
	b.answered[seq] = true
	r.Target = b.targets[seq]
	return true
}

// rest is what is not answered, once answers is closed.
func (b *batch) rest() []check.Target {
	var rest []check.Target
	for i, answered := range b.answered {
		if !answered {
			rest = append(rest, b.targets[i])
		}
	}
	return rest
}
