package gateway

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"math/bits"
	"math/rand/v2"
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
	places  []int32        // of [batch.pair]: the last item of those that are equal, from 1
	seed    [2]uint64      // of [batch.hash]
	res     check.Result   // from the memory

	now      time.Time // when the memory is asked
	recalled int       // leaders that it had

	left int // items that take no room any more, since they are answered

	timeout time.Duration // of a target that says none
	maxAge  time.Duration
	fresh   bool
}

func newBatch() *batch { return &batch{seed: [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1}} }

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

// pair finds equal items: those of one key and one timeout. They differ in nothing that
// the answer depends on; input and tags are each item's own. It looks for them in a table
// of its own: keys are hashes already, and a map would hash each twice more, 4 % of a hot
// batch of 100 (make bench-service, hot-100).
func (b *batch) pair() {
	b.again = slices.Grow(b.again, len(b.targets))[:len(b.targets)]
	clear(b.again)
	width := 1 + bits.Len(uint(len(b.targets))) // at least twice the places that are taken
	b.places = slices.Grow(b.places, 1<<width)[:1<<width]
	clear(b.places)
	for i := range b.targets {
		at := b.hash(i) >> (64 - width)
		for b.places[at] != 0 && !b.equal(b.places[at]-1, i) {
			at = (at + 1) % uint64(len(b.places))
		}
		if before := b.places[at] - 1; before < 0 {
			b.leaders = append(b.leaders, int32(i))
		} else {
			b.again[before] = int32(i)
		}
		b.places[at] = int32(i) + 1
	}
}

// hash is another one in each batch's memory, so that nobody can send items that all
// have the same.
func (b *batch) hash(i int) uint64 {
	return binary.NativeEndian.Uint64(b.keys[i][:])*b.seed[0] + uint64(b.targets[i].Timeout)*b.seed[1]
}

func (b *batch) equal(i int32, j int) bool {
	return b.keys[i] == b.keys[j] && b.targets[i].Timeout == b.targets[j].Timeout
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
