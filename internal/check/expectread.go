package check

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseExpect reads the text that [Expect.String] gives. The parts stand in its
// order: codes, "<latency", "body=", any number of "header=Name:", "cert_days=".
func ParseExpect(s string) (Expect, error) {
	var e Expect
	var err error
	if word, rest, _ := strings.Cut(s, " "); word != "" && isDigit(word[0]) {
		if e.Codes, err = ParseCodes(word); err != nil {
			return Expect{}, err
		}
		s = rest
	}
	if word, rest, _ := strings.Cut(s, " "); strings.HasPrefix(word, "<") {
		if e.Latency, err = time.ParseDuration(word[1:]); err != nil || e.Latency <= 0 {
			return Expect{}, fmt.Errorf("%q is no latency: write <300ms", word)
		}
		s = rest
	}
	if i := lastPart(s, "cert_days="); i >= 0 {
		if days, err := strconv.Atoi(s[i+len("cert_days="):]); err == nil && days > 0 {
			e.CertDays, s = days, before(s, i)
		}
	}
	s, e.Header = cutHeaderRules(s)
	if s == "" {
		return e, nil
	}
	body, ok := strings.CutPrefix(s, "body=")
	if !ok {
		return Expect{}, fmt.Errorf("%.64q is no expectation: write codes, <latency, body=, header= and cert_days= in this order", s)
	}
	if e.Body, err = regexp.Compile(body); err != nil {
		return Expect{}, fmt.Errorf("body: %w", err)
	}
	return e, nil
}

// cutHeaderRules takes the rules from the end of s. Their expressions may hold
// spaces and even "header=": what is no rule belongs to the part before it.
func cutHeaderRules(s string) (rest string, rules []HeaderRule) {
	for i := lastPart(s, "header="); i >= 0; {
		rule, ok := parseHeaderRule(s[i+len("header="):])
		if !ok {
			i = lastPart(before(s, i), "header=")
			continue
		}
		rules = append(rules, rule)
		s = before(s, i)
		i = lastPart(s, "header=")
	}
	slices.Reverse(rules)
	return s, rules
}

func parseHeaderRule(s string) (HeaderRule, bool) {
	name, expr, ok := strings.Cut(s, ":")
	if !ok || name == "" || strings.Contains(name, " ") {
		return HeaderRule{}, false
	}
	re, err := regexp.Compile(expr)
	return HeaderRule{Name: name, Match: re}, err == nil
}

// lastPart is where the last part of that name begins, else -1.
func lastPart(s, name string) int {
	if i := strings.LastIndex(s, " "+name); i >= 0 {
		return i + 1
	}
	if strings.HasPrefix(s, name) {
		return 0
	}
	return -1
}

// before is what stands in front of the part at i.
func before(s string, i int) string { return strings.TrimSuffix(s[:i], " ") }
