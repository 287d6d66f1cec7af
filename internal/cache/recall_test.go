package cache

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
)

func TestRecallGivesWhatLoadGivesAndCountsWhatItIsTold(t *testing.T) {
	counts := map[string]int{}
	s := NewMemory(MemoryConfig{Observe: Observer{Requests: func(_, result string, n int) { counts[result] += n }}})
	ts := targets(2)
	var r check.Result
	if s.Recall(&ts[0], ts[0].Key(), time.Now(), &r) || len(counts) != 0 {
		t.Errorf("an empty memory recalls something, or counts: %v", counts)
	}
	if err := s.Save(t.Context(), passed(ts[:1])); err != nil {
		t.Fatal(err)
	}
	ok := s.Recall(&ts[0], ts[0].Key(), time.Now(), &r)
	if !ok || !r.Cached || r.Text == nil || r.Outcome != check.Pass {
		t.Errorf("%v %+v", ok, r)
	}
	s.Recalled(3)
	fresh := ts[0]
	fresh.Fresh = true
	if s.Recall(&fresh, fresh.Key(), time.Now(), &r) {
		t.Error("what is asked for anew is recalled")
	}
	if counts["hit"] != 3 || counts["miss"] != 0 {
		t.Errorf("counted %v, want the 3 hits", counts)
	}
}

// TestRecallSaysWhatLoadSays, in a text that is put together once, and again for a
// newer result.
func TestRecallSaysWhatLoadSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewMemory(MemoryConfig{})
		target := targets(1)[0]
		target.Tags = []string{"a"}
		for _, code := range []int{200, 204} {
			res := passed([]check.Target{target})
			res[0].StatusCode = code
			if err := s.Save(t.Context(), res); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				time.Sleep(time.Second)
				loaded, err := s.Load(t.Context(), []check.Target{target})
				if err != nil {
					t.Fatal(err)
				}
				var r check.Result
				if !s.Recall(&target, target.Key(), time.Now(), &r) || r.Text == nil {
					t.Fatal("not recalled")
				}
				r.Target = target
				if got, want := string(r.AppendJSONVerbatim(nil)), string(loaded[0].AppendJSONVerbatim(nil)); got != want {
					t.Errorf("\n%s, want\n%s", got, want)
				}
			}
		}
	})
}
