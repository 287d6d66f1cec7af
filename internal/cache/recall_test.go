package cache

import (
	"testing"

	"github.com/hc-health/hc/internal/check"
)

func TestRecallGivesWhatLoadGivesAndCountsHitsOnly(t *testing.T) {
	counts := map[string]int{}
	s := NewMemory(MemoryConfig{Observe: Observer{Requests: func(_, result string, n int) { counts[result] += n }}})
	ts := targets(2)
	if _, ok := s.Recall(ts[0]); ok || len(counts) != 0 {
		t.Errorf("an empty memory recalls something, or counts: %v", counts)
	}
	if err := s.Save(t.Context(), passed(ts[:1])); err != nil {
		t.Fatal(err)
	}
	r, ok := s.Recall(ts[0])
	if !ok || !r.Cached || r.Target.URL != ts[0].URL || r.Outcome != check.Pass {
		t.Errorf("%v %+v", ok, r)
	}
	fresh := ts[0]
	fresh.Fresh = true
	if _, ok := s.Recall(fresh); ok {
		t.Error("what is asked for anew is recalled")
	}
	if counts["hit"] != 1 || counts["miss"] != 0 {
		t.Errorf("counted %v, want a hit", counts)
	}
}
