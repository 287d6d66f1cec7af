package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// TestNamesMeanWhatTheirTextsMean, however often and in whatever company they are
// asked for, and what is more than a text is read as a whole.
func TestNamesMeanWhatTheirTextsMean(t *testing.T) {
	var known names
	texts := []string{
		"https://a.test/", "HTTPS://A.test:443", "a.test#top", "https://a.test/?q=1", "not a url", "", "mailto:x",
		"https://user:secret@a.test/", "https://a.test/?token=secret", "https://a.test/" + strings.Repeat("x", maxNamed),
	}
	for range 3 {
		b := new(batch)
		for _, text := range texts {
			b.targets = append(b.targets,
				check.Target{Input: text}, check.Target{Input: text, Method: "HEAD"}, check.Target{Input: text, Expect: check.Expect{Codes: "404"}})
		}
		b.complete(Config{}.withDefaults(), &known)
		for i, got := range b.targets {
			url, err := check.Normalize(got.Input)
			if got.URL != url || (got.Invalid != "") != (err != nil) || b.keys[i] != got.Key() {
				t.Errorf("%+v, want %q, %v", got, url, err)
			}
		}
		if n := len(known.young); n != 4 {
			t.Errorf("%d names are kept, want those of the 4 short texts without a secret", n)
		}
	}
	for text := range known.young {
		if strings.Contains(text, "secret") {
			t.Errorf("%s is kept", text)
		}
	}
}

// TestNamesAreBoundedAndKeepWhatIsInUse.
func TestNamesAreBoundedAndKeepWhatIsInUse(t *testing.T) {
	var known names
	ask := func(text string) (new bool) {
		b := &batch{targets: []check.Target{{Input: text}}}
		b.keys = make([]check.Key, 1)
		known.find(b)
		new = b.targets[0].URL == ""
		b.reset()
		b.targets = append(b.targets, check.Target{Input: text})
		b.complete(Config{}.withDefaults(), &known)
		return new
	}
	ask("https://used.test/")
	for i := range 5 * maxNames {
		ask(fmt.Sprintf("https://host%d.test/", i))
		if i%1000 == 0 && ask("https://used.test/") {
			t.Errorf("what is in use is forgotten after %d others", i)
		}
	}
	if n := len(known.young) + len(known.old); n > 2*maxNames {
		t.Errorf("%d names are kept", n)
	}
	if !ask("https://host0.test/") {
		t.Error("what is not in use is kept for ever")
	}
}
