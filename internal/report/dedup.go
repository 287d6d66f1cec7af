package report

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"github.com/hc-health/hc/internal/check"
)

// seen remembers which targets were read, by 64 bits of each. That takes 10 to 13
// bytes per target, and 21 with all garbage (BenchmarkTenMillionURLs).
//
// Two unequal targets among n have the same hash, and the later one is dropped,
// with odds of n²/2⁶⁵: one to four hundred thousand among ten million. Nobody
// can choose such a pair, since each process has its own seeds.
type seen struct {
	url, rest maphash.Seed
	buf       []byte
	shards    [shards]hashSet
}

// shards keeps the steps small in which the set grows: one table of 16 MB would
// need another 20 MB beside it while it is moved.
const (
	shardBits = 8
	shards    = 1 << shardBits
)

func newSeen() *seen { return &seen{url: maphash.MakeSeed(), rest: maphash.MakeSeed()} }

// add reports whether no target with t's method, URL, request and expectation
// was added before.
func (s *seen) add(t check.Target) bool {
	b := appendPart(s.buf[:0], t.Method)
	b = appendPart(b, t.Expect.String())
	if t.Request != nil {
		b = appendPart(b, t.Request.Body)
		for _, f := range t.Request.Header {
			b = appendPart(appendPart(b, f.Name), f.Value)
		}
	}
	s.buf = b
	h := maphash.String(s.url, t.URL) ^ maphash.Bytes(s.rest, b)
	return s.shards[h>>(64-shardBits)].add(h)
}

// appendPart puts the length in front, so that no two lists of parts have the
// same bytes.
func appendPart(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// hashSet is an open-addressed table. It grows by a quarter when it is four
// fifths full: of the doubling that is common, half would lie idle.
type hashSet struct {
	slots []uint64 // 0 is free
	used  int
}

func (s *hashSet) add(h uint64) bool {
	if h == 0 {
		h = 1
	}
	if s.used*5 >= len(s.slots)*4 {
		s.grow()
	}
	i := s.find(h)
	if s.slots[i] == h {
		return false
	}
	s.slots[i] = h
	s.used++
	return true
}

// find is where h is, or where it belongs. The first bits of h chose the shard;
// those after it choose the slot, by multiplication and not by division, since
// the table's length is no power of two.
func (s *hashSet) find(h uint64) int {
	n := uint64(len(s.slots))
	i, _ := bits.Mul64(h<<shardBits, n)
	for s.slots[i] != 0 && s.slots[i] != h {
		if i++; i == n {
			i = 0
		}
	}
	return int(i)
}

func (s *hashSet) grow() {
	old := s.slots
	s.slots = make([]uint64, len(old)+len(old)/4+8)
	for _, h := range old {
		if h != 0 {
			s.slots[s.find(h)] = h
		}
	}
}
