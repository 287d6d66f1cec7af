package check

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestIdentitySurvivesTheFile: what --resume reads is what the run before wrote.
func TestIdentitySurvivesTheFile(t *testing.T) {
	source := Source{"urls.txt", 7}
	rows := []struct {
		name   string
		target Target
		want   string
	}{
		{"plain", Target{URL: "https://a.test/", Source: source}, "GET https://a.test/"},
		{"method", Target{URL: "https://a.test/", Method: "POST", Source: source}, "POST https://a.test/"},
		{"expectation", Target{URL: "https://a.test/", Expect: Expect{Codes: "301", Body: regexp.MustCompile("a b")}}, "GET https://a.test/ 301 body=a b"},
		{"secret", Target{URL: "https://u:p@a.test/?token=x", Source: source}, "GET https://***@a.test/?token=*** urls.txt:7"},
		{"bad line", Target{Input: "ftp://u:p@a.test/", Invalid: "scheme", Source: source}, "GET ftp://***@a.test/ urls.txt:7"},
		{"IDN", Target{URL: "https://xn--bcher-kva.example/%C3%A4"}, "GET https://xn--bcher-kva.example/%C3%A4"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			written := Result{Target: row.target, Outcome: Pass}
			if got := written.Identity(); got != row.want {
				t.Errorf("Identity() = %q, want %q", got, row.want)
			}
			var read Result
			if err := json.Unmarshal(written.AppendJSON(nil), &read); err != nil {
				t.Fatal(err)
			}
			if got := read.Identity(); got != row.want {
				t.Errorf("read back: %q, want %q", got, row.want)
			}
		})
	}
}

func TestIdentityOfALineWrittenByHand(t *testing.T) {
	for _, line := range []string{
		`{"url":"https://a.test/"}`,
		`{"url":"HTTPS://A.test"}`,
		`{"url":"a.test","method":"GET","expect":""}`,
		`{"input":"https://a.test/"}`,
	} {
		var r Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if got, want := r.Identity(), (Result{Target: Target{URL: "https://a.test/"}}).Identity(); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// TestSecretsDoNotMakeTwoTargetsOne: a check that only differs in a secret would
// else be skipped by --resume, or forgiven by --baseline.
func TestSecretsDoNotMakeTwoTargetsOne(t *testing.T) {
	first := Result{Target: Target{URL: "https://a.test/?key=1", Source: Source{"urls.txt", 1}}}
	second := Result{Target: Target{URL: "https://a.test/?key=2", Source: Source{"urls.txt", 2}}}
	if first.Identity() == second.Identity() {
		t.Errorf("both are %q", first.Identity())
	}
	if strings.Contains(second.Identity(), "key=2") {
		t.Errorf("%q holds the secret", second.Identity())
	}
}
