package check

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets whose width is 1/64 of their value, so
// that a quantile is off by less than 1 %. Below 128 µs it counts each
// microsecond. It is as long as its slowest value needs: 317 buckets for 1 ms,
// 1 400 for a minute.
type histogram struct {
	counts []uint32
	n      int64
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	i := bucket(d)
	if i >= len(h.counts) {
		h.counts = append(h.counts, make([]uint32, i+1-len(h.counts))...)
	}
	h.counts[i]++
	h.n++
	h.max = max(h.max, d)
}

// quantile is the value of the smallest bucket that at least percent of all
// values do not exceed: the nearest rank. It is 0 where nothing was counted.
func (h *histogram) quantile(percent int64) time.Duration {
	rank := (h.n*percent + 99) / 100
	for i, c := range h.counts {
		if rank -= int64(c); rank <= 0 {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

// bucket numbers the microseconds 0 to 127 by themselves, and from there on 64
// buckets for each doubling.
func bucket(d time.Duration) int {
	us := uint64(d / time.Microsecond)
	shift := max(bits.Len64(us)-7, 0)
	return shift*64 + int(us>>shift)
}

// middle is the middle of the values that fall into bucket i.
func middle(i int) time.Duration {
	shift := max(i/64-1, 0)
	low := time.Duration(i-shift*64) << shift
	width := time.Duration(1) << shift
	return low*time.Microsecond + (width-1)*time.Microsecond/2
}
