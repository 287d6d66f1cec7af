package check

import (
	"slices"
	"strings"
	"testing"
)

func TestPolicyDecidesWhatFails(t *testing.T) {
	rows := []struct {
		name   string
		policy Policy
		result Result
		want   Outcome
	}{
		{"default pass", Policy{}, Result{Outcome: Pass}, Pass},
		{"default fail", Policy{}, Result{Outcome: Fail, Reason: DNS}, Fail},
		{"default warn", Policy{}, Result{Outcome: Warn, Reason: RateLimited}, Warn},
		{"default skip", Policy{}, Result{Outcome: Skip, Reason: Canceled}, Skip},
		{"listed in fail-on", Policy{FailOn: []Reason{DNS}}, Result{Outcome: Fail, Reason: DNS}, Fail},
		{"outside fail-on", Policy{FailOn: []Reason{DNS}}, Result{Outcome: Fail, Reason: Timeout}, Warn},
		{"rate_limited outside fail-on", Policy{FailOn: []Reason{DNS}}, Result{Outcome: Warn, Reason: RateLimited}, Warn},
		{"rate_limited in fail-on", Policy{FailOn: []Reason{RateLimited}}, Result{Outcome: Warn, Reason: RateLimited}, Fail},
		{"empty fail-on", Policy{FailOn: []Reason{}}, Result{Outcome: Fail, Reason: DNS}, Warn},
		{"listed in warn-on", Policy{WarnOn: []Reason{DNS}}, Result{Outcome: Fail, Reason: DNS}, Warn},
		{"warn-on replaces its default", Policy{WarnOn: []Reason{DNS}}, Result{Outcome: Warn, Reason: RateLimited}, Fail},
		{"empty warn-on", Policy{WarnOn: []Reason{}}, Result{Outcome: Warn, Reason: RateLimited}, Fail},
		{"in both", Policy{FailOn: []Reason{DNS}, WarnOn: []Reason{DNS}}, Result{Outcome: Fail, Reason: DNS}, Fail},
		{"skip in fail-on", Policy{FailOn: []Reason{Canceled}}, Result{Outcome: Skip, Reason: Canceled}, Skip},
		{"pass with an empty fail-on", Policy{FailOn: []Reason{}}, Result{Outcome: Pass}, Pass},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := row.policy.Apply(row.result).Outcome; got != row.want {
				t.Errorf("outcome %s, want %s", got, row.want)
			}
		})
	}
}

// TestDefaultPolicyAgreesWithReasons: applying the zero Policy changes nothing.
func TestDefaultPolicyAgreesWithReasons(t *testing.T) {
	for _, r := range Reasons() {
		if got := (Policy{}).Apply(Failed(Target{}, r, "")).Outcome; got != r.Default() {
			t.Errorf("%s: %s, want %s", r, got, r.Default())
		}
	}
}

func TestParseReasons(t *testing.T) {
	rows := []struct {
		name, text string
		want       []Reason
	}{
		{"two", "dns,timeout", []Reason{DNS, Timeout}},
		{"spaces", " dns , timeout ,", []Reason{DNS, Timeout}},
		{"none", "", []Reason{}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseReasons(row.text)
			if err != nil || got == nil || !slices.Equal(got, row.want) {
				t.Errorf("ParseReasons(%q) = %#v, %v, want %v", row.text, got, err, row.want)
			}
		})
	}
	_, err := ParseReasons("dns,slow")
	if err == nil || !strings.Contains(err.Error(), `"slow"`) {
		t.Fatalf("error %v, want the bad word in it", err)
	}
	for _, r := range Reasons() {
		if !strings.Contains(err.Error(), string(r)) {
			t.Errorf("error %q does not name %s", err, r)
		}
	}
}
