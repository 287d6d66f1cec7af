package gateway

import (
	"bytes"
	"cmp"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A batch is one request's targets. It is used again for other requests, so
// whatever outlives one holds no part of it.
type batch struct {
	body bytes.Buffer
	out  []byte // of the answer

	targets []check.Target // all items, in the order of the input
	leaders []int32        // those that no earlier item equals
	keys    []check.Key    // of all items
	unnamed []int32        // those that [names] may learn
	again   []int32        // the next item that equals this one; 0 for none
	asked   []int32        // leaders that the Runner is asked, by their Seq there
	done    []bool         // which of them it has answered
	seen    map[identity]int32
	res     check.Result // from the memory

	now      time.Time // when the memory is asked
	recalled int       // leaders that it had

	left int // items that take no room any more, since they are answered

	timeout time.Duration // of a target that says none
	maxAge  time.Duration
	fresh   bool
}

// identity is what makes two items one check. They differ in nothing that the
// answer depends on; input and tags are each item's own.
type identity struct {
	key     check.Key
	timeout time.Duration
}

// Larger ones are left to the garbage collector.
const (
	keptBody = 64 << 10
	keptOut  = 256 << 10
)

// reset empties b for the next request.
func (b *batch) reset() {
	b.body.Reset()
	if b.body.Cap() > keptBody {
		b.body = bytes.Buffer{}
	}
	if b.out = b.out[:0]; cap(b.out) > keptOut {
		b.out = nil
	}
	clear(b.targets)
	clear(b.seen)
	b.targets, b.leaders, b.again = b.targets[:0], b.leaders[:0], b.again[:0]
	b.keys, b.unnamed, b.res = b.keys[:0], b.unnamed[:0], check.Result{}
	b.asked, b.done = b.asked[:0], b.done[:0]
	b.recalled, b.left, b.timeout, b.maxAge, b.fresh = 0, 0, 0, 0, false
}

// complete fills in what the items do not say themselves, and finds those that
// are equal.
func (b *batch) complete(cfg Config, known *names) {
	b.keys = slices.Grow(b.keys, len(b.targets))[:len(b.targets)]
	known.find(b)
	for i := range b.targets {
		t := &b.targets[i]
		t.Seq = int64(i)
		t.Method = cmp.Or(t.Method, http.MethodGet)
		t.Timeout = min(cmp.Or(t.Timeout, b.timeout, cfg.Timeout), cfg.MaxTimeout)
		t.MaxAge, t.Fresh = b.maxAge, b.fresh
		if t.URL != "" {
			continue
		}
		url, err := check.Normalize(t.Input)
		if err != nil {
			t.Invalid = err.Error()
		}
		t.URL = url
		b.keys[i] = t.Key()
	}
	known.learn(b)
	b.pair()
}

func (b *batch) pair() {
	if len(b.targets) == 1 {
		b.leaders, b.again = append(b.leaders, 0), append(b.again, 0)
		return
	}
	if b.seen == nil {
		b.seen = make(map[identity]int32)
	}
	for i := range b.targets {
		id := identity{b.keys[i], b.targets[i].Timeout}
		at := int32(i)
		if before, equal := b.seen[id]; equal {
			b.again[before] = at
		} else {
			b.leaders = append(b.leaders, at)
		}
		b.again = append(b.again, 0)
		b.seen[id] = at
	}
}

// duplicates is the number of items that equal an earlier one.
func (b *batch) duplicates() int { return len(b.targets) - len(b.leaders) }

// ask puts a leader among those that the Runner is asked.
func (b *batch) ask(leader int32) {
	b.asked, b.done = append(b.asked, leader), append(b.done, false)
}

// toAsk gives the targets for the Runner, numbered without gaps. Their URLs are
// copies: a pool remembers hosts, and would keep the whole body for one. Input and
// tags are given back by [batch.deal].
func (b *batch) toAsk() iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		for seq, leader := range b.asked {
			t := b.targets[leader]
			t.Seq, t.URL, t.Input, t.Tags = int64(seq), strings.Clone(t.URL), "", nil
			if !yield(t) {
				return
			}
		}
	}
}

// answered takes the leader that a result of the Runner's is for, or false where
// there is none, or none any more.
func (b *batch) answered(seq int64) (leader int32, ok bool) {
	if seq < 0 || seq >= int64(len(b.asked)) || b.done[seq] {
		return 0, false
	}
	b.done[seq] = true
	return b.asked[seq], true
}

// unanswered gives the leaders that the Runner has left without a result.
func (b *batch) unanswered() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for seq := range b.asked {
			if leader, ok := b.answered(int64(seq)); ok && !yield(leader) {
				return
			}
		}
	}
}

// deal gives res, a leader's, to all items that equal it, each with its own
// target.
func (b *batch) deal(leader int32, res *check.Result, give func(*check.Result)) {
	for i := leader; ; i = b.again[i] {
		res.Target = b.targets[i]
		give(res)
		if b.again[i] == 0 {
			return
		}
	}
}
