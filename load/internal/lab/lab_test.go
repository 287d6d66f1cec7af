package lab

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestTargetsAnswerWhenTheirPathSays(t *testing.T) {
	targets, err := startTargets()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := targets.close(); err != nil {
			t.Error(err)
		}
	}()
	urls := targets.URLs(3, 0, 200*time.Millisecond)
	for i, least := range []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond} {
		began := time.Now()
		resp, err := http.Get(urls[i])
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if took := time.Since(began); resp.StatusCode != http.StatusNoContent || took < least {
			t.Errorf("%s: HTTP %d after %v", urls[i], resp.StatusCode, took)
		}
	}
	if n := targets.Asked(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	if n := targets.Asked(); n != 0 {
		t.Errorf("asked %d times since", n)
	}
}

func TestHitsAreThoseOfAllTiersAndProcesses(t *testing.T) {
	page := func(text string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	gateway := page("# TYPE hc_cache_requests_total counter\n" +
		"hc_cache_requests_total{result=\"coalesced\",tier=\"memory\"} 5\n" +
		"hc_cache_requests_total{result=\"hit\",tier=\"memory\"} 1e+06\n" +
		"hc_cache_requests_total{result=\"miss\",tier=\"memory\"} 70\n")
	worker := page("hc_cache_requests_total{result=\"hit\",tier=\"redis\"} 20\n")
	hits, err := Hits(context.Background(), []string{gateway, worker})
	if err != nil || hits != 1_000_025 {
		t.Errorf("%d, %v", hits, err)
	}
	if _, err := Hits(context.Background(), []string{page("up 1\n")}); err == nil {
		t.Error("a page without the counter was taken")
	}
}
