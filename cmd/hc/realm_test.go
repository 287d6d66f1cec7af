package main

import (
	"net/url"
	"testing"
)

// TestEveryRunThatAnswersDifferentlyHasItsOwnRealm: else a shared cache would
// hand a pass of an unverified run to one that verifies.
func TestEveryRunThatAnswersDifferentlyHasItsOwnRealm(t *testing.T) {
	plain := Settings{MaxRedirects: 10, UserAgent: "hc/" + buildVersion()}
	if got := plain.realm(); got != "" {
		t.Errorf("at the defaults it is %q", got)
	}
	seen := map[string]string{"": "defaults"}
	for name, change := range map[string]func(*Settings){
		"insecure":      func(s *Settings) { s.Insecure = true },
		"cacert":        func(s *Settings) { s.CACert = "ca.pem" },
		"cert":          func(s *Settings) { s.Cert = "me.pem" },
		"proxy":         func(s *Settings) { s.Proxy = &url.URL{Scheme: "http", Host: "p.test:3128"} },
		"pinned":        func(s *Settings) { s.Resolve = []pin{{host: "x.test:80", addr: "127.0.0.1:80"}} },
		"ipv4":          func(s *Settings) { s.IPv4 = true },
		"ipv6":          func(s *Settings) { s.IPv6 = true },
		"no redirects":  func(s *Settings) { s.MaxRedirects = 0 },
		"another agent": func(s *Settings) { s.UserAgent = "Mozilla/5.0" },
	} {
		s := plain
		change(&s)
		realm := s.realm()
		if other, ok := seen[realm]; ok {
			t.Errorf("%s and %s share the realm %q", name, other, realm)
		}
		seen[realm] = name
	}
}
