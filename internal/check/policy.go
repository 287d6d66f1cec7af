package check

import (
	"fmt"
	"slices"
	"strings"
)

// A Policy decides which reasons fail a run and which only warn: --fail-on and
// --warn-on. The zero value warns of [RateLimited] and fails for all others.
type Policy struct {
	// FailOn lists the reasons that fail; any other warns, and WarnOn has no
	// more to say. nil is all but those of WarnOn.
	FailOn []Reason

	// WarnOn lists the reasons that warn. nil is [RateLimited] alone.
	WarnOn []Reason
}

// Apply gives r the outcome the policy has for its reason. A pass stays one,
// and so does a skip: what was not checked to the end says nothing.
func (p Policy) Apply(r Result) Result {
	if r.Reason == "" || r.Outcome == Skip {
		return r
	}
	if p.fails(r.Reason) {
		r.Outcome = Fail
	} else {
		r.Outcome = Warn
	}
	return r
}

func (p Policy) fails(r Reason) bool {
	switch {
	case p.FailOn != nil:
		return slices.Contains(p.FailOn, r)
	case p.WarnOn != nil:
		return !slices.Contains(p.WarnOn, r)
	default:
		return r != RateLimited
	}
}

// ParseReasons reads "dns,timeout". The empty text is an empty list, not nil:
// --fail-on "" fails for nothing.
func ParseReasons(s string) ([]Reason, error) {
	out := []Reason{}
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		if !slices.Contains(Reasons(), Reason(word)) {
			return nil, fmt.Errorf("%q is no reason: the reasons are %s", word, joinReasons(Reasons()))
		}
		out = append(out, Reason(word))
	}
	return out, nil
}

func joinReasons(rs []Reason) string {
	words := make([]string, len(rs))
	for i, r := range rs {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}
