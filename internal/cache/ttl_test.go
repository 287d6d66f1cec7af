package cache

import (
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

func TestParseTTL(t *testing.T) {
	for _, row := range []struct {
		in   string
		want TTL
		err  string
	}{
		{in: "pass=5m,fail=10s", want: TTL{5 * time.Minute, 10 * time.Second}},
		{in: "fail=1m30s", want: TTL{5 * time.Minute, 90 * time.Second}},
		{in: " pass=24h , fail=0 ", want: TTL{24 * time.Hour, 0}},
		{in: "pass=0", want: TTL{0, 10 * time.Second}},
		{in: "", err: "write pass=5m,fail=10s"},
		{in: "5m", err: "write pass=5m,fail=10s"},
		{in: "ok=5m", err: "write pass=5m,fail=10s"},
		{in: "pass=5", err: "a duration of at least 1ms"},
		{in: "pass=-5m", err: "a duration of at least 1ms"},
		{in: "fail=1us", err: "a duration of at least 1ms"},
		{in: "pass=0,fail=0", err: "--cache off"},
	} {
		t.Run(row.in, func(t *testing.T) {
			got, err := ParseTTL(row.in)
			if row.err != "" {
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Fatalf("error %v, want one with %q", err, row.err)
				}
				return
			}
			if err != nil || got != row.want {
				t.Fatalf("%v, %v, want %v", got, err, row.want)
			}
			if again, err := ParseTTL(got.String()); err != nil || again != got {
				t.Errorf("%s reads as %v, %v", got, again, err)
			}
		})
	}
}

func TestWhatIsKeptAndForHowLong(t *testing.T) {
	ttl, now := TTL{Pass: time.Hour, Fail: time.Minute}, time.Now()
	never := []check.Reason{
		check.RateLimited, check.Canceled, check.NotAttempted, check.WorkerLost, check.ResourceExhausted,
		check.Internal, check.BlockedAddress, check.InvalidURL,
	}
	want := map[check.Reason]time.Duration{"": time.Hour}
	for _, r := range check.Reasons() {
		want[r] = time.Minute
	}
	for _, r := range never {
		want[r] = 0
	}
	for reason, d := range want {
		t.Run("reason "+string(reason), func(t *testing.T) {
			// The outcome is the policy's of one reader and does not count.
			end, ok := ttl.until(&check.Result{Reason: reason, Outcome: check.Warn, CheckedAt: now}, now)
			if got := end.Sub(now); ok != (d > 0) || ok && (got < d*9/10 || got > d*11/10) {
				t.Errorf("kept %v, for %v, want %v ± 10 %%", ok, got, d)
			}
		})
	}
}

func TestNotKept(t *testing.T) {
	now := time.Now()
	for name, r := range map[string]check.Result{
		"never asked":            {},
		"a bad line":             {Target: check.Target{Invalid: "it is no URL"}, CheckedAt: now},
		"used up in another one": {CheckedAt: now, Cached: true, CacheAge: 6 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := (TTL{}).orDefault().until(&r, now); ok {
				t.Error("it is kept")
			}
		})
	}
	if _, ok := (TTL{Pass: time.Minute}).until(&check.Result{Reason: check.DNS, CheckedAt: now}, now); ok {
		t.Error("fail=0 keeps a failure")
	}
}

func TestAgeInAnotherCacheIsUsedUp(t *testing.T) {
	now := time.Now()
	end, ok := TTL{Pass: 10 * time.Minute}.until(&check.Result{CheckedAt: now, Cached: true, CacheAge: 8 * time.Minute}, now)
	if left := end.Sub(now); !ok || left > 3*time.Minute {
		t.Errorf("kept %v, for %v", ok, left)
	}
}

func TestTimeSinceTheEndOfTheCheckIsUsedUp(t *testing.T) {
	now, ttl := time.Now(), TTL{Pass: 10 * time.Minute, Fail: 10 * time.Second}
	heldUp := check.Result{CheckedAt: now.Add(-5 * time.Minute), Timing: check.Timing{Processing: 2 * time.Minute}}
	end, ok := ttl.until(&heldUp, now)
	if left := end.Sub(now); !ok || left > 8*time.Minute || left < 6*time.Minute {
		t.Errorf("three minutes after the end of its check: kept %v, for %v", ok, left)
	}
	slow := check.Result{Reason: check.Timeout, CheckedAt: now.Add(-10 * time.Second), Timing: check.Timing{Processing: 10 * time.Second}}
	if _, ok := ttl.until(&slow, now); !ok {
		t.Error("a check of 10 s that has just ended is not kept for 10 s")
	}
}

func TestResultsSavedTogetherDoNotEndTogether(t *testing.T) {
	now, ends := time.Now(), map[time.Time]bool{}
	for range 100 {
		end, _ := TTL{Pass: time.Hour}.until(&check.Result{CheckedAt: now}, now)
		ends[end] = true
	}
	if len(ends) < 90 {
		t.Errorf("100 results end at %d times", len(ends))
	}
}
