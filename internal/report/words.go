package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hc-health/hc/internal/check"
)

// The words in which formats for people show a result. Everything a target or
// a server may have written passes through clean.

// clean makes s safe to show on a terminal and in a log: what does not print
// (control characters, bidirectional marks, line separators, invalid UTF-8) is
// written as Go would in a string, "\x1b". Otherwise a list or a server could
// move the cursor, forge lines, or turn a URL around.
func clean(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, `\x`...)
			b = append(b, "0123456789abcdef"[s[0]>>4], "0123456789abcdef"[s[0]&15])
		case hidden(r):
			quoted := strconv.QuoteRuneToGraphic(r)
			b = append(b, quoted[1:len(quoted)-1]...)
		default:
			b = append(b, s[:size]...)
		}
		s = s[size:]
	}
	return string(b)
}

func hidden(r rune) bool { return !strconv.IsGraphic(r) }

// shorten cuts s after limit characters, where it is longer, and says so.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > limit {
			return s[:i] + "…"
		}
	}
	return s
}

// address is what a result is about: its URL, or what was written where that
// is none; masked and clean.
func address(r *check.Result) string {
	if r.Target.URL == "" {
		return clean(check.MaskText(r.Target.Input))
	}
	return clean(check.MaskURL(r.Target.URL))
}

// verdict is the shortest answer to "what happened?": the status where that
// says it all, else the reason.
func verdict(r *check.Result) string {
	switch r.Reason {
	case "", check.HTTPStatus, check.RateLimited:
		if r.StatusCode > 0 {
			return strconv.Itoa(r.StatusCode)
		}
	}
	if r.Reason == "" {
		return clean(string(r.Outcome))
	}
	return clean(string(r.Reason))
}

// fault is the error of r, masked and clean.
func fault(r *check.Result) string { return clean(check.MaskText(r.Error)) }

// method is what the target was asked with; "" is GET, see [check.Target].
func method(r *check.Result) string { return cmp.Or(r.Target.Method, "GET") }

// request is the method and the address; what is no URL has no method.
func request(r *check.Result) string {
	if r.Target.URL == "" {
		return address(r)
	}
	return clean(method(r)) + " " + address(r)
}

// knownPrefix begins the error of a failure that the baseline has too.
const knownPrefix = "known: "

// detail says what was wanted or what went wrong, and how often it was tried. It
// goes beside [verdict], so that a status refused is not told twice.
func detail(r *check.Result) string {
	if r.Reason == check.HTTPStatus && r.StatusCode > 0 && !strings.HasPrefix(r.Error, knownPrefix) {
		return joinNonEmpty(" ", "want "+r.Target.Expect.Codes.String(), tries(r))
	}
	return joinNonEmpty(" ", fault(r), tries(r))
}

// tries says how often the target was asked, where that was more than once.
func tries(r *check.Result) string {
	if r.Attempts < 2 {
		return ""
	}
	return "(" + strconv.Itoa(r.Attempts) + " attempts)"
}

// origin is where the target was written, "file:line"; "" when unknown.
func origin(r *check.Result) string {
	s := r.Target.Source
	if s.File == "" || s.Line == 0 {
		return clean(s.File)
	}
	return clean(s.File) + ":" + strconv.Itoa(s.Line)
}

// isFile tells a target written in a file from one of an argument or of stdin.
func isFile(s check.Source) bool { return s.File != "" && s.File != "-" }

// took is the time a target took, "cached" where it was not asked for that, or
// "-" where it was not asked at all.
func took(r *check.Result) string {
	switch {
	case r.Cached:
		return "cached"
	case r.Attempts == 0:
		return "-"
	default:
		return span(r.Timing.Latency())
	}
}

// span shows d as shortly as it makes sense: 0.4ms, 212ms, 1.2s, 5m7s.
func span(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d < time.Millisecond:
		return decimal(d.Seconds()*1e3, 1) + "ms"
	case d < time.Second:
		return decimal(d.Seconds()*1e3, 0) + "ms"
	case d < time.Minute:
		return decimal(d.Seconds(), 1) + "s"
	default:
		return d.Round(time.Second).String()
	}
}

func decimal(f float64, digits int) string { return strconv.FormatFloat(f, 'f', digits, 64) }

// phasesText says where the time of r went and who answered; "" where nobody
// was asked.
func phasesText(r *check.Result) string {
	if r.Attempts == 0 || r.Cached {
		return ""
	}
	var parts []string
	for _, phase := range [...]struct {
		name string
		time time.Duration
	}{
		{"queue", r.Timing.Queue},
		{"resolve", r.Timing.Resolve},
		{"connect", r.Timing.Connect},
		{"tls", r.Timing.TLS},
		{"processing", r.Timing.Processing},
		{"transfer", r.Timing.Transfer},
	} {
		if phase.time > 0 {
			parts = append(parts, phase.name+" "+span(phase.time))
		}
	}
	if r.Protocol != "" {
		parts = append(parts, clean(r.Protocol))
	}
	if r.RemoteIP.IsValid() {
		parts = append(parts, r.RemoteIP.String())
	}
	if r.TLS != nil {
		parts = append(parts, "certificate "+plural(int64(r.TLS.DaysLeft(r.CheckedAt)), "day"))
	}
	return strings.Join(parts, " · ")
}

// count shows n with commas between thousands: 1,234.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is "1 row" or "2 rows", for nouns with a plain plural.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// byCount lists the reasons counted, the most frequent first, equal ones by
// name.
func byCount(n map[check.Reason]int64) []check.Reason {
	return slices.SortedFunc(maps.Keys(n), func(a, b check.Reason) int {
		return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b))
	})
}

// joinNonEmpty is strings.Join of the parts that say something.
func joinNonEmpty(sep string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, sep)
}
