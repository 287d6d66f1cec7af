package report

import (
	"bufio"
	"encoding/csv"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// csvOut is a header and a row per result: the scalars of the result's schema
// in the schema's order, nested names with dots; an absent value is an empty
// cell. Quoting is RFC 4180's; lines end in LF, as Unix tools want, which its
// readers take too.
//
// A text cell that a spreadsheet would take for a formula, since it begins with
// = + - @ TAB or CR, gets an apostrophe in front (OWASP, "CSV injection"). Only
// what a list or a server wrote can begin so, and no URL does. "-" alone, which
// is stdin, is no formula.
type csvOut struct {
	rows    *csv.Writer
	columns []column
	cells   []string // reused
}

// column is a name of the schema and how its cell is made of a result.
type column struct {
	name string
	cell func(*check.Result) string
}

// columns is the table of the format. TestCSVHasTheScalarsOfTheSchema compares
// each with [check.Result.AppendJSON].
func columns() []column {
	phase := func(name string, of func(check.Timing) time.Duration) column {
		return column{"timing_ms." + name, func(r *check.Result) string { return cellMS(of(r.Timing), r.Timing) }}
	}
	return []column{
		{"type", func(*check.Result) string { return "result" }},
		{"v", func(*check.Result) string { return "1" }},
		{"seq", func(r *check.Result) string { return strconv.FormatInt(r.Target.Seq, 10) }},
		{"source.file", func(r *check.Result) string { return cellText(r.Target.Source.File) }},
		{"source.line", func(r *check.Result) string { return cellInt(int64(r.Target.Source.Line)) }},
		{"input", func(r *check.Result) string { return cellText(check.MaskText(r.Target.Input)) }},
		{"url", func(r *check.Result) string { return cellText(check.MaskURL(r.Target.URL)) }},
		{"final_url", func(r *check.Result) string { return cellText(check.MaskURL(r.FinalURL)) }},
		{"method", func(r *check.Result) string { return cellText(method(r)) }},
		{"expect", func(r *check.Result) string { return cellText(r.Target.Expect.String()) }},
		{"outcome", func(r *check.Result) string { return string(r.Outcome) }},
		{"reason", func(r *check.Result) string { return string(r.Reason) }},
		{"error", func(r *check.Result) string { return cellText(check.MaskText(r.Error)) }},
		{"status_code", func(r *check.Result) string { return cellInt(int64(r.StatusCode)) }},
		{"attempts", func(r *check.Result) string { return cellInt(int64(r.Attempts)) }},
		{"protocol", func(r *check.Result) string { return cellText(r.Protocol) }},
		{"remote_ip", func(r *check.Result) string { return cellIP(r.RemoteIP) }},
		{"content_length", func(r *check.Result) string { return cellInt(r.ContentLength) }},
		{"cached", func(r *check.Result) string { return cellBool(r.Cached) }},
		{"cache_age_ms", cellCacheAge},
		{"checked_at", func(r *check.Result) string { return cellTime(r.CheckedAt, "2006-01-02T15:04:05.000Z07:00") }},
		{"late", func(r *check.Result) string { return cellBool(r.Late) }},
		phase("queue", func(t check.Timing) time.Duration { return t.Queue }),
		phase("resolve", func(t check.Timing) time.Duration { return t.Resolve }),
		phase("connect", func(t check.Timing) time.Duration { return t.Connect }),
		phase("tls", func(t check.Timing) time.Duration { return t.TLS }),
		phase("processing", func(t check.Timing) time.Duration { return t.Processing }),
		phase("transfer", func(t check.Timing) time.Duration { return t.Transfer }),
		phase("total", check.Timing.Total),
		{"timing_ms.reused", func(r *check.Result) string { return cellBool(r.Timing.Reused) }},
		{"tls.version", cellTLS(func(t *check.TLS, _ time.Time) string { return cellText(t.Version) })},
		{"tls.issuer", cellTLS(func(t *check.TLS, _ time.Time) string { return cellText(t.Issuer) })},
		{"tls.not_after", cellTLS(func(t *check.TLS, _ time.Time) string { return cellTime(t.NotAfter, time.RFC3339) })},
		{"tls.days_left", cellTLS(func(t *check.TLS, at time.Time) string { return strconv.Itoa(t.DaysLeft(at)) })},
		{"worker", func(r *check.Result) string { return cellText(r.Worker) }},
	}
}

func newCSV(w io.Writer, _ OutputOptions) (Writer, error) {
	c := &csvOut{rows: csv.NewWriter(bufio.NewWriterSize(w, 64<<10)), columns: columns()}
	for _, col := range c.columns {
		c.cells = append(c.cells, col.name)
	}
	return c, c.rows.Write(c.cells)
}

func (c *csvOut) Write(r check.Result) error {
	for i, col := range c.columns {
		c.cells[i] = col.cell(&r)
	}
	return c.rows.Write(c.cells)
}

func (c *csvOut) Flush() error {
	c.rows.Flush()
	return c.rows.Error()
}

func (c *csvOut) Close(check.Summary) error { return c.Flush() }

// cellText is what somebody wrote, made harmless.
func cellText(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) > 1 && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// cellInt, and the ones below, are empty for what the JSON leaves out.
func cellInt(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func cellBool(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// cellMS is empty where there is no timing at all; else a phase of no time is 0.
func cellMS(d time.Duration, of check.Timing) string {
	if of == (check.Timing{}) {
		return ""
	}
	return strconv.FormatFloat(float64(d.Round(time.Microsecond))/float64(time.Millisecond), 'f', -1, 64)
}

func cellCacheAge(r *check.Result) string {
	if !r.Cached {
		return ""
	}
	return strconv.FormatInt(r.CacheAge.Milliseconds(), 10)
}

func cellTime(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

func cellIP(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

// cellTLS shows a part of the certificate's data as of the time of the check.
func cellTLS(show func(*check.TLS, time.Time) string) func(*check.Result) string {
	return func(r *check.Result) string {
		if r.TLS == nil {
			return ""
		}
		return show(r.TLS, r.CheckedAt)
	}
}
