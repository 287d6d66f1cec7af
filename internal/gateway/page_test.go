package gateway

import (
	"regexp"
	"strings"
	"testing"
)

// TestPageLoadsNothing: it is one file, and its policy lets in what it holds and
// nothing else.
func TestPageLoadsNothing(t *testing.T) {
	s := serve(t, Config{})
	g := s.do("GET", "/", "")
	for _, from := range []string{"http://", "https://", "//"} {
		for _, attr := range []string{`src="`, `src='`, `href="` + from, `url(`, `@import`, `import(`} {
			if strings.Contains(g.body, attr) {
				t.Errorf("the page loads something: %s", attr)
			}
		}
	}
	if strings.Contains(g.body, "{{") {
		t.Error("a part is missing")
	}
	policy := g.header.Get("Content-Security-Policy")
	for tag, directive := range map[string]string{"style": "style-src", "script": "script-src"} {
		parts := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(g.body, -1)
		if len(parts) != 1 {
			t.Fatalf("%d parts of <%s>", len(parts), tag)
		}
		if want := directive + " " + hashOf(parts[0][1]); !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %q", policy, want)
		}
	}
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || regexp.MustCompile(`\son\w+="|style="`).MatchString(g.body) {
		t.Error("the page needs what its policy forbids")
	}
	if strings.Contains(pageJS, "innerHTML") || strings.Contains(pageJS, "localStorage") || strings.Contains(pageJS, "document.cookie") {
		t.Error("the script writes HTML or keeps the key")
	}
}
