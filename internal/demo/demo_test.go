package demo

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/hc-health/hc/internal/check"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASiteShowsEachKindOfTrouble(t *testing.T) {
	s, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(s.List(), "\n"); n != len(s.Pages) {
		t.Errorf("%d lines for %d pages", n, len(s.Pages))
	}
	staged := map[check.Reason]bool{}
	for _, p := range s.Pages {
		staged[p.Reason] = true
		if p.Staged == "" || p.Outcome != p.Reason.Default() {
			t.Errorf("%+v", p)
		}
	}
	for _, reason := range []check.Reason{
		"", check.HTTPStatus, check.RateLimited, check.Timeout, check.LatencyExceeded, check.TooManyRedirects,
		check.TLSFailed, check.CertExpired, check.ConnectRefused, check.ConnectReset, check.ProtocolError,
		check.BodyMismatch, check.InvalidURL,
	} {
		if !staged[reason] {
			t.Errorf("no page fails for the reason %q", reason)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if res, err := http.Get(s.Pages[0].Line); err == nil {
		_ = res.Body.Close()
		t.Error("the site is closed and answers")
	}
}
