package cache

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

func TestMemoryForgetsWhenTheTTLEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewMemory(MemoryConfig{TTL: TTL{Pass: time.Hour, Fail: time.Minute}})
		ts := targets(20)
		rs := passed(ts)
		for i := range rs[:10] {
			rs[i].Reason = check.DNS
		}
		if err := s.Save(t.Context(), rs); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for _, row := range []struct {
			after time.Duration
			held  int
		}{{0, 20}, {53 * time.Second, 20}, {67 * time.Second, 10}, {53 * time.Minute, 10}, {67 * time.Minute, 0}} {
			time.Sleep(time.Until(begin.Add(row.after)))
			if n := loaded(t, s, ts); n != row.held {
				t.Errorf("%d of 20 are served after %v, want %d", n, row.after, row.held)
			}
		}
	})
}

func TestMemoryIsBoundedInBytes(t *testing.T) {
	const bound = 16 << 20
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	s := NewMemory(MemoryConfig{Bytes: bound})
	kept := 0
	for i := range 200 {
		ts := make([]check.Target, 500)
		for j := range ts {
			ts[j] = checktest.Target(i*500+j, 1000)
		}
		rs := passed(ts)
		for j := range rs {
			rs[j].FinalURL = strings.Repeat("u", 100) + fmt.Sprint(j)
		}
		if err := s.Save(t.Context(), rs); err != nil {
			t.Fatal(err)
		}
		if i >= 100 { // whether a new result finds a place is otter's to say
			kept += loaded(t, s, ts)
		}
	}
	if kept == 0 {
		t.Error("of the last 50 000 results none was held")
	}
	if grown := heap() - before; grown > bound*5/4 || grown < bound/2 {
		t.Errorf("100 000 results take %d bytes of %d", grown, bound)
	}
	runtime.KeepAlive(s)
}
