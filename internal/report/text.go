package report

import (
	"cmp"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hc-health/hc/internal/check"
)

// text is for people on a terminal. A result is a row of columns where it fits
// into the width; where it does not, the address stands alone, whole, so that
// it can be copied, and the rest is indented below it.
type text struct {
	stream
	opt OutputOptions
}

// unknownWidth is taken for the width of what does not say.
const unknownWidth = 100

func newText(w io.Writer, opt OutputOptions) (Writer, error) {
	opt.Width = cmp.Or(opt.Width, unknownWidth)
	return &text{newStream(w), opt}, nil
}

func (t *text) Write(r check.Result) error {
	b := appendRow(t.row, &r, t.opt)
	if phases := phasesText(&r); t.opt.Verbose && phases != "" {
		b = append(b, "    "+paint(t.opt.Color, dim, phases)+"\n"...)
	}
	return t.put(b)
}

func (t *text) Close(s check.Summary) error {
	if !t.opt.Quiet {
		_ = t.put(AppendSummary(t.row, s, t.opt.Color)) // bufio keeps the error for Flush
	}
	return t.Flush()
}

// The widths of the columns. The address takes two fifths of the terminal, the
// error the rest.
const (
	maxAddressColumn = 48 // more would keep the rest from fitting beside it
	verdictColumn    = 15 // the longest usual one, connect_refused
	tookColumn       = 7
)

// appendRow appends what there is to say about r in one line or two.
func appendRow(b []byte, r *check.Result, opt OutputOptions) []byte {
	addressColumn := min(opt.Width*2/5, maxAddressColumn)
	url, why, from := address(r), detail(r), origin(r)
	if r.FinalURL != "" {
		why = joinNonEmpty(" ", why, "→ "+clean(check.MaskURL(r.FinalURL)))
	}
	rest := joinNonEmpty("  ", why, from)
	width := 2 + max(addressColumn, runes(url)) + 2 + verdictColumn + 2 + tookColumn + 2 + runes(rest)
	b = append(b, paint(opt.Color, hue(r.Outcome), glyph(r.Outcome))...)
	b = append(b, ' ')
	b = append(b, url...)
	if runes(url) <= addressColumn && width <= opt.Width {
		b = pad(b, addressColumn+2-runes(url))
	} else {
		b = append(b, "\n    "...)
	}
	what := verdict(r)
	b = append(b, paint(opt.Color, hue(r.Outcome), what)...)
	b = pad(b, verdictColumn+2-runes(what)+tookColumn-runes(took(r)))
	b = append(b, took(r)...)
	for _, part := range [...]string{why, paint(opt.Color, dim, from)} {
		if part != "" {
			b = append(append(b, "  "...), part...)
		}
	}
	return append(b, '\n')
}

// AppendSummary appends the block that ends the text format: the counts, why
// targets did not pass, and how long they took. The command shows it on stderr
// where the records on stdout have no summary of their own.
func AppendSummary(b []byte, s check.Summary, color bool) []byte {
	word, hueOf := headline(s)
	counts := []string{
		plural(s.Total, "url"),
		paint(color && s.Pass > 0, green, count(s.Pass)+" ok"),
		paint(color && s.Warn > 0, yellow, count(s.Warn)+" warn"),
		paint(color && s.Fail > 0, red, count(s.Fail)+" failed"),
	}
	for _, extra := range [...]struct {
		n    int64
		what string
	}{{s.Skip, "skipped"}, {s.Incomplete, "not checked"}, {s.Cached, "from cache"}} {
		if extra.n > 0 {
			counts = append(counts, count(extra.n)+" "+extra.what)
		}
	}
	b = append(b, "──\n"...)
	b = append(b, paint(color, hueOf, word)...)
	b = append(b, "  "...)
	b = append(b, strings.Join(counts, " · ")...)
	b = append(b, "   in "+span(s.Duration)+" ("+perSecond(s.Rate())+")"...)
	b = append(b, '\n')
	for _, line := range [...]struct{ head, body string }{
		{"by reason", reasonsText(s)},
		{"latency", latencyText(s.Latency)},
		{"duplicates", duplicatesText(s.Duplicates)},
	} {
		if line.body != "" {
			b = append(b, "      "...)
			b = append(b, paint(color, dim, line.head+":")...)
			b = append(append(append(b, ' '), line.body...), '\n')
		}
	}
	return b
}

// headline is the run in a word: what it failed of weighs more than what it
// left undone.
func headline(s check.Summary) (string, style) {
	switch {
	case s.Fail > 0:
		return "FAIL", red
	case s.Incomplete > 0 || s.Skip > 0:
		return "INCOMPLETE", yellow
	case s.Warn > 0:
		return "WARN", yellow
	default:
		return "PASS", green
	}
}

// reasonsText lists the reasons there were, the most frequent first.
func reasonsText(s check.Summary) string {
	var parts []string
	for _, reason := range byCount(s.ByReason) {
		parts = append(parts, string(reason)+" "+count(s.ByReason[reason]))
	}
	return clean(strings.Join(parts, " · "))
}

// latencyText is "" where nothing was asked.
func latencyText(l check.Latency) string {
	if l.Max == 0 {
		return ""
	}
	return "p50 " + span(l.P50) + " · p90 " + span(l.P90) + " · p95 " + span(l.P95) +
		" · p99 " + span(l.P99) + " · max " + span(l.Max)
}

func duplicatesText(n int64) string {
	if n == 0 {
		return ""
	}
	return count(n) + " left out"
}

// perSecond shows a rate, with a decimal where it would round to little.
func perSecond(rate float64) string {
	if rate < 10 {
		return decimal(rate, 1) + "/s"
	}
	return count(int64(rate+0.5)) + "/s"
}

// runes is the width of s on a terminal, of wide East Asian characters half of
// it: addresses have none, since theirs are encoded.
func runes(s string) int { return utf8.RuneCountInString(s) }

// pad appends n spaces, one at least.
func pad(b []byte, n int) []byte {
	for range max(n, 1) {
		b = append(b, ' ')
	}
	return b
}
