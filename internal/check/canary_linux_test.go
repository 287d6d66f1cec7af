package check

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/hc-health/hc/internal/check/checktest/hostile"
)

// TestNothingReachesTheCanary lets the guard loose in a network of its own, where
// every address there is, of either kind, belongs to one server: whatever is
// dialled is answered, and seen. Hostile URLs, names that change or mix their
// addresses, and redirects reach its public addresses or nothing.
func TestNothingReachesTheCanary(t *testing.T) {
	if !hostile.InHouse(t) {
		return
	}
	c := hostile.OpenCanary(t, nil)
	public := newPublicChecker(t)

	t.Run("the canary sees what no guard holds back", func(t *testing.T) {
		if r := checkOne(t, HTTPConfig{}, get("http://127.0.0.1/")); r.Outcome != Pass {
			t.Fatalf("%s: %s", r.Reason, r.Error)
		}
		if hits := c.TakeHits(); len(hits) != 1 || hits[0] != netip.MustParseAddr("127.0.0.1") {
			t.Fatalf("hits %v, want one at 127.0.0.1", hits)
		}
	})
	for _, row := range hostileURLs() {
		t.Run(row.name, func(t *testing.T) {
			canonical, err := Normalize(row.raw)
			if err != nil {
				return // no target is made of it
			}
			r := public.Check(t.Context(), get(canonical))
			nothing(t, c, r)
			if row.want != "" && r.Reason != row.want {
				t.Errorf("%q (%s), want %s", r.Reason, r.Error, row.want)
			}
		})
	}
	for _, row := range hostile.Visits() {
		t.Run(row.Name, func(t *testing.T) {
			for i, want := range row.Reasons {
				r := public.Check(t.Context(), get(row.URL))
				nothing(t, c, r)
				if r.Reason != Reason(want) {
					t.Errorf("check %d: %q (%s), want %q", i+1, r.Reason, r.Error, want)
				}
			}
		})
	}
}

// nothing must have been dialled but what is public.
func nothing(t *testing.T, c *hostile.Canary, r Result) {
	t.Helper()
	if hits := c.TakeHits(); len(hits) > 0 {
		t.Errorf("%s dialled %v (%s %s)", r.Target.URL, hits, r.Reason, r.Error)
	}
}

// newPublicChecker is a checker as a service has it, that asks the canary's name
// server.
func newPublicChecker(t *testing.T) *HTTP {
	guard, err := NewGuard(GuardConfig{})
	if err != nil {
		t.Fatal(err)
	}
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", "127.0.0.1:53")
	}}
	return newHTTP(t, HTTPConfig{Guard: guard, Resolver: resolver, MaxRedirects: 10})
}
