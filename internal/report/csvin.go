package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// decodeCSV reads a target per row, below a header row that names the columns in
// any order and case: url, and if wanted method, accept, max_latency_ms,
// timeout_ms, tags (separated by ";"), expect_body and cert_days; others are not
// looked at. Columns are separated by commas, semicolons or tabs, as in the
// header. A quoted field may go on over several lines.
func decodeCSV(r *bufio.Reader, d Defaults, emit func(check.Target) bool) error {
	rows := csvRows{lines: lines{r: r}}
	header := &rows.lines
	for header.scan() && len(bytes.TrimSpace(header.text)) == 0 {
	}
	if header.err != nil || len(bytes.TrimSpace(header.text)) == 0 {
		return header.err
	}
	sep, columns, ok := csvHeader(string(header.text))
	if !ok {
		return fmt.Errorf("line %d: the header has no column url, only %s: name the column of the URLs so",
			header.number, clip(strings.Join(columns, ", "), maxWhy))
	}
	rows.sep = sep
	for rows.scan() {
		if rows.blank() {
			continue
		}
		if !emit(rows.target(d, columns)) {
			return nil
		}
	}
	return rows.err
}

// csvHeader splits a header row at the separator that gives it a column url. ok
// is false where none does; then columns are those of the likeliest separator.
func csvHeader(line string) (sep byte, columns []string, ok bool) {
	for _, try := range []byte(",;\t") {
		row := csvRows{sep: try}
		row.split([]byte(line))
		var names []string
		for _, f := range row.fields {
			names = append(names, strings.ToLower(string(bytes.TrimSpace(f))))
		}
		found := slices.Contains(names, "url")
		if found && !ok || found == ok && len(names) > len(columns) {
			sep, columns, ok = try, names, found
		}
	}
	return sep, columns, ok
}

func (c *csvRows) target(d Defaults, columns []string) check.Target {
	if c.fault != nil {
		return d.bad(c.line, string(c.text), c.fault)
	}
	it, err := csvItem(columns, c.fields)
	if err != nil {
		return d.bad(c.line, it.url, err)
	}
	return d.target(c.line, it.url, it)
}

// csvItem reads a row. A short row leaves the last columns empty; a long one
// holds a separator that is not quoted, most likely in the URL. The url is given
// with an error, too.
func csvItem(columns []string, fields [][]byte) (item, error) {
	var it item
	var errs []error
	for i, column := range columns[:min(len(columns), len(fields))] {
		if err := it.addCell(column, string(bytes.TrimSpace(fields[i]))); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", column, err))
		}
	}
	switch {
	case len(errs) > 0:
		return it, errs[0]
	case len(fields) > len(columns):
		return it, fmt.Errorf("%d fields where the header has %d: put a field that holds the separator in double quotes", len(fields), len(columns))
	case it.url == "":
		return it, errors.New("no url")
	}
	return it, nil
}

func (it *item) addCell(column, value string) (err error) {
	if value == "" {
		return nil
	}
	switch column {
	case "url":
		it.url = value
	case "method":
		it.method = value
	case "accept":
		it.expect.Codes, err = check.ParseCodes(value)
	case "max_latency_ms":
		it.expect.Latency, err = csvMillis(value)
	case "timeout_ms":
		it.timeout, err = csvMillis(value)
	case "tags":
		it.tags = splitTags(value)
	case "expect_body":
		it.expect.Body, err = parsePattern(value)
	case "cert_days":
		it.expect.CertDays, err = parseDays(value)
	}
	return err
}

func csvMillis(s string) (time.Duration, error) {
	ms, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of milliseconds", clip(s, 64))
	}
	return parseMillis(ms)
}

func splitTags(s string) []string {
	var tags []string
	for tag := range strings.SplitSeq(s, ";") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// csvRows reads CSV (RFC 4180) row by row. Unlike encoding/csv it is bounded,
// and a stray quote swallows no rows: a line with which no row begins has a
// fault, and the next row begins with the next line.
type csvRows struct {
	lines
	sep byte

	line   int      // where the row begins
	fields [][]byte // valid until the next scan
	fault  error    // why no row begins with text
}

func (c *csvRows) scan() bool {
	var text []byte
	var err error
	n, open := 0, true
	for open && err == nil {
		text, err = peekMore(c.r, len(text)+1)
		n, open = c.split(text)
	}
	c.line = c.number + 1
	if errors.Is(err, bufio.ErrBufferFull) {
		c.fault = fmt.Errorf("the row, or a quoted field in it, does not end within %d KiB", maxLine>>10)
	}
	switch {
	case c.fault != nil:
		return c.lines.scan()
	case err != nil && !errors.Is(err, io.EOF):
		c.err = err
		return false
	case len(text) == 0:
		return false
	}
	c.number += bytes.Count(text[:n], []byte("\n"))
	_, c.err = c.r.Discard(n)
	return c.err == nil
}

func (c *csvRows) blank() bool {
	return c.fault == nil && len(c.fields) == 1 && len(bytes.TrimSpace(c.fields[0])) == 0
}

// split finds the fields of the row that text begins with, and the row's length
// with the line end. open says that it may go on after text.
func (c *csvRows) split(text []byte) (n int, open bool) {
	c.fields, c.fault = c.fields[:0], nil
	for i := 0; ; i++ {
		var field []byte
		quoted := i < len(text) && text[i] == '"'
		if quoted {
			end := closingQuote(text, i+1)
			if end < 0 {
				c.fault = errors.New("a quote that begins a field is not closed")
				return len(text), true
			}
			field, i = text[i+1:end], end+1
			if bytes.Contains(field, []byte(`""`)) {
				field = bytes.ReplaceAll(field, []byte(`""`), []byte(`"`))
			}
		}
		start := i
		for i < len(text) && text[i] != c.sep && text[i] != '\n' {
			i++
		}
		if !quoted {
			field = text[start:i]
		} else if len(bytes.TrimSpace(text[start:i])) > 0 {
			c.fault = errors.New(`something stands after a closing quote: write a quote in a quoted field as ""`)
		}
		c.fields = append(c.fields, field)
		if i == len(text) {
			return i, true
		}
		if text[i] == '\n' {
			return i + 1, false
		}
	}
}

// closingQuote is where the quoted field that goes on at i ends, -1 if nowhere.
func closingQuote(text []byte, i int) int {
	for {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		if i+1 >= len(text) || text[i+1] != '"' {
			return i
		}
		i += 2
	}
}
