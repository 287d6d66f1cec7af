package cache

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hc-health/hc/internal/check"
)

// full is a Result with every field set that a cache keeps.
func full() check.Result {
	return check.Result{
		Target:        check.Target{URL: "https://a.test/", Method: "GET", Timeout: 10 * time.Second},
		FinalURL:      "https://a.test/there",
		Outcome:       check.Fail,
		Reason:        check.HTTPStatus,
		Error:         "404 Not Found",
		StatusCode:    404,
		Attempts:      2,
		Protocol:      "HTTP/2.0",
		RemoteIP:      netip.MustParseAddr("2001:db8::1"),
		ContentLength: -1,
		Redirects:     []check.Hop{{URL: "https://a.test/", StatusCode: 301}, {URL: "https://a.test/b", StatusCode: 302}},
		CheckedAt:     time.Date(2026, 3, 4, 5, 6, 7, 890, time.UTC),
		Timing:        check.Timing{Queue: 1, Resolve: 2, Connect: 3, TLS: 4, Processing: 5 * time.Second, Transfer: 6, Reused: true},
		TLS:           &check.TLS{Version: "1.3", Issuer: "CN=R3", NotAfter: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)},
		Worker:        "worker-1",
		Late:          true,
	}
}

func heldFull() held {
	h := held{full(), terms{time.UnixMilli(1_800_000_000_000), time.Second}}
	h.res.Target = check.Target{}
	return h
}

var sameHeld = cmp.Options{
	cmp.AllowUnexported(held{}, terms{}),
	cmpopts.EquateComparable(netip.Addr{}),
	cmpopts.IgnoreFields(check.Result{}, "Outcome"), // Load gives the default of the reason
}

func readValue(s string) (h held, ok bool) {
	h.terms, ok = new(decoder).value(s, &h.res)
	return h, ok
}

func TestValueKeepsAllOfAResult(t *testing.T) {
	want := heldFull()
	// A field added to Result is kept as well, or named here.
	left := []string{"Target", "Cached", "CacheAge", "Temporary", "RetryAfter", "Text"}
	for i, v := 0, reflect.ValueOf(want.res); i < v.NumField(); i++ {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && !slices.Contains(left, name) {
			t.Errorf("full has no %s", name)
		}
	}
	b, ok := appendValue(nil, &want)
	if !ok {
		t.Fatal("it does not fit")
	}
	got, ok := readValue(string(b))
	if !ok {
		t.Fatal("it is a miss")
	}
	if diff := cmp.Diff(want, got, sameHeld); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedValueIsAMiss(t *testing.T) {
	h := heldFull()
	whole, _ := appendValue(nil, &h)
	for name, s := range map[string]string{
		"empty":           "",
		"one byte":        "\x01",
		"cut":             string(whole[:len(whole)-1]),
		"longer":          string(whole) + "\x00",
		"another version": "\x02" + string(whole[1:]),
		"text":            `{"outcome":"pass"}`,
		"a megabyte":      strings.Repeat("x", 1<<20),
		"a zeroed page":   strings.Repeat("\x00", maxValue),
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := readValue(s); ok {
				t.Error("it was read")
			}
		})
	}
	for i := range whole {
		for bit := range 8 {
			damaged := slices.Clone(whole)
			damaged[i] ^= 1 << bit
			if _, ok := readValue(string(damaged)); ok {
				t.Errorf("bit %d of byte %d is wrong, and it was read", bit, i)
			}
		}
	}
}

func TestValueAboveFourKiBIsNotWritten(t *testing.T) {
	h := heldFull()
	h.res.Error = strings.Repeat("x", maxValue)
	before := []byte("before")
	b, ok := appendValue(before, &h)
	if ok || string(b) != "before" {
		t.Errorf("%d bytes, %v", len(b), ok)
	}
}

func TestNoSecretIsKept(t *testing.T) {
	r := full()
	r.CheckedAt = time.Now()
	r.FinalURL = "https://user:pa55word@a.test/?token=s3cret"
	r.Redirects = []check.Hop{{URL: "https://a.test/?api_key=s3cret", StatusCode: 302}}
	h, ok := hold(r, TTL{}.orDefault(), time.Now())
	if !ok {
		t.Fatal("it is not kept")
	}
	b, _ := appendValue(nil, &h)
	for _, secret := range []string{"pa55word", "s3cret"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%q stands in %q", secret, b)
		}
	}
	if r.Redirects[0].URL != "https://a.test/?api_key=s3cret" {
		t.Error("the caller's own Result was changed")
	}
}

func TestWhomAHeldResultAnswers(t *testing.T) {
	now := time.Now()
	passed := held{check.Result{CheckedAt: now.Add(-3 * time.Second)}, terms{expires: now.Add(time.Minute)}}
	timedOut := held{check.Result{CheckedAt: now, Reason: check.Timeout}, terms{now.Add(time.Minute), time.Second}}
	for name, row := range map[string]struct {
		held   held
		target check.Target
		at     time.Time
		want   bool
	}{
		"anyone":                           {passed, check.Target{}, now, true},
		"who takes older ones":             {passed, check.Target{MaxAge: 4 * time.Second}, now, true},
		"not who wants younger ones":       {passed, check.Target{MaxAge: 2 * time.Second}, now, false},
		"not who wants a fresh one":        {passed, check.Target{Fresh: true}, now, false},
		"nobody when it is no longer good": {passed, check.Target{}, now.Add(time.Minute), false},
		"who has more time, of a pass":     {passed, check.Target{Timeout: time.Hour}, now, true},
		"who has as little time":           {timedOut, check.Target{Timeout: time.Second}, now, true},
		"not who has more time":            {timedOut, check.Target{Timeout: 2 * time.Second}, now, false},
	} {
		t.Run(name, func(t *testing.T) {
			var r check.Result
			ok := row.held.answer(&row.target, row.at, &r)
			if ok != row.want {
				t.Fatalf("answered: %v", ok)
			}
			if ok && (!r.Cached || r.CacheAge != row.at.Sub(row.held.res.CheckedAt) || r.Outcome != r.Reason.Default()) {
				t.Errorf("cached %v, age %v, %s", r.Cached, r.CacheAge, r.Outcome)
			}
		})
	}
}

func TestAClockAheadMakesNoNegativeAge(t *testing.T) {
	now := time.Now()
	h := held{check.Result{CheckedAt: now.Add(time.Hour)}, terms{expires: now.Add(2 * time.Hour)}}
	var r check.Result
	if ok := h.answer(&check.Target{MaxAge: time.Second}, now, &r); !ok || r.CacheAge != 0 {
		t.Errorf("answered %v, age %v", ok, r.CacheAge)
	}
}

// FuzzDecode holds that no bytes make it panic, that what is read is what was
// written, and that garbage, whose sum does not match, is never a result.
func FuzzDecode(f *testing.F) {
	h := heldFull()
	whole, _ := appendValue(nil, &h)
	small, _ := appendValue(nil, &held{res: check.Result{CheckedAt: time.Unix(0, 1)}})
	for _, seed := range [][]byte{nil, whole, small, whole[:20], append(whole, 0)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values := [][]byte{b}
		// The same bytes behind a sum that matches reach the fields.
		if len(b) > valueHead && len(b) <= maxValue {
			sealed := slices.Clone(b)
			seal(sealed)
			values = append(values, sealed)
		}
		for _, value := range values {
			got, ok := readValue(string(value))
			if !ok {
				continue
			}
			again, fits := appendValue(nil, &got)
			if back, ok := readValue(string(again)); !fits || !ok || !cmp.Equal(got, back, sameHeld) {
				t.Errorf("read %+v, written and read again %+v", got, back)
			}
		}
	})
}
