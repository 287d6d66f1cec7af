package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Expect is what a good answer looks like. The zero value accepts 200 to 299
// and asks nothing else.
type Expect struct {
	Codes    Codes
	Latency  time.Duration  // slower fails with [LatencyExceeded]; 0 is no bound
	Body     *regexp.Regexp // must match within the body read; nil asks nothing
	Header   []HeaderRule   // each must hold
	CertDays int            // fewer days left fails with [CertExpired]; 0 asks nothing
}

// HeaderRule asks that some value of the named header matches.
type HeaderRule struct {
	Name  string
	Match *regexp.Regexp
}

// Plain reports whether e is the zero value: any 2xx will do.
func (e *Expect) Plain() bool {
	return e.Codes == "" && e.Latency == 0 && e.Body == nil && e.Header == nil && e.CertDays == 0
}

// String is the canonical text of the expectation, in the words of a txt target
// line: "200-299,403 <300ms body=ok". It is "" for the zero value. Equal
// expectations have equal texts, so it may stand in a key.
func (e Expect) String() string {
	var parts []string
	if c := e.Codes.String(); c != defaultCodes {
		parts = append(parts, c)
	}
	if e.Latency > 0 {
		parts = append(parts, "<"+e.Latency.String())
	}
	if e.Body != nil {
		parts = append(parts, "body="+e.Body.String())
	}
	for _, h := range e.Header {
		parts = append(parts, "header="+h.Name+":"+h.Match.String())
	}
	if e.CertDays > 0 {
		parts = append(parts, "cert_days="+strconv.Itoa(e.CertDays))
	}
	return strings.Join(parts, " ")
}

const defaultCodes = "200-299"

// Codes is a set of status codes as canonical text: "200-299,403". The zero
// value is 200-299. Values come from [ParseCodes], so that they compare.
type Codes string

// ParseCodes reads "200-299,403", "2xx" or "200..299" (lychee's and curl's
// users write all three). Codes lie in 100 to 999, as net/http accepts them.
func ParseCodes(s string) (Codes, error) {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		lo, hi, ok := parseRange(part)
		if !ok {
			return "", fmt.Errorf("%q is no status code or range: write 200, 200-299 or 2xx, separated by commas", part)
		}
		if lo == hi {
			out = append(out, strconv.Itoa(lo))
		} else {
			out = append(out, strconv.Itoa(lo)+"-"+strconv.Itoa(hi))
		}
	}
	return Codes(strings.Join(out, ",")), nil
}

func parseRange(s string) (lo, hi int, ok bool) {
	if len(s) == 3 && s[0] >= '1' && s[0] <= '9' && strings.EqualFold(s[1:], "xx") {
		lo = int(s[0]-'0') * 100
		return lo, lo + 99, true
	}
	from, to, ranged := strings.Cut(s, "..")
	if !ranged {
		from, to, ranged = strings.Cut(s, "-")
	}
	to = strings.TrimPrefix(to, "=") // 200..=299, as lychee writes it
	if !ranged {
		to = from
	}
	lo, err := strconv.Atoi(from)
	if err != nil || len(from) != 3 {
		return 0, 0, false
	}
	hi, err = strconv.Atoi(to)
	if err != nil || len(to) != 3 {
		return 0, 0, false
	}
	return lo, hi, lo >= 100 && lo <= hi
}

// String gives the canonical text, "200-299" for the zero value.
func (c Codes) String() string {
	if c == "" {
		return defaultCodes
	}
	return string(c)
}

// Accepts reports whether code is in the set.
func (c Codes) Accepts(code int) bool { return c.overlaps(code, code) }

// Redirects reports whether a 3xx is in the set; then the redirect is the
// answer and is not followed.
func (c Codes) Redirects() bool { return c != "" && c.overlaps(300, 399) }

func (c Codes) overlaps(from, to int) bool {
	if c == "" {
		return from <= 299 && to >= 200
	}
	for part := range strings.SplitSeq(string(c), ",") {
		if lo, hi, ok := parseRange(part); ok && from <= hi && to >= lo {
			return true
		}
	}
	return false
}
