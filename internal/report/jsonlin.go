package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// decodeJSONL reads one JSON object per line, as [TargetsSchema] describes it, or
// one string, which is a URL. Blank lines and # comments are none. An object
// costs about 4 µs (BenchmarkJSONL).
func decodeJSONL(r *bufio.Reader, d Defaults, emit func(check.Target) bool) error {
	l := lines{r: r}
	for l.scan() {
		text := bytes.TrimSpace(l.text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		var t check.Target
		if l.long {
			t = d.tooLong(l.number, showable(text))
		} else {
			t = d.json(l.number, text)
		}
		if !emit(t) {
			return nil
		}
	}
	return l.err
}

// json reads one element of JSONL or YAML.
func (d Defaults) json(line int, text []byte) check.Target {
	it, err := parseItem(text)
	switch {
	case err != nil && it.url != "":
		return d.bad(line, it.url, err)
	case err != nil:
		return d.bad(line, string(showable(text)), err)
	case it.url == "":
		return d.bad(line, string(showable(text)), errors.New("no url"))
	}
	return d.target(line, it.url, it)
}

// showable is the part of a JSON text that may be shown: what is sent to the
// target may be secret, and is left out with all that follows.
func showable(text []byte) []byte {
	for _, key := range []string{`"headers"`, `"body"`} {
		text, _, _ = bytes.Cut(text, []byte(key))
	}
	return text
}

// jsonItem is an object of [TargetsSchema].
type jsonItem struct {
	URL           string            `json:"url"`
	Method        string            `json:"method"`
	Accept        codes             `json:"accept"`
	MaxLatency    float64           `json:"max_latency_ms"`
	Timeout       float64           `json:"timeout_ms"`
	Headers       map[string]string `json:"headers"`
	Body          string            `json:"body"`
	Tags          []string          `json:"tags"`
	ExpectBody    string            `json:"expect_body"`
	ExpectHeaders map[string]string `json:"expect_headers"`
	CertDays      int               `json:"cert_days"`
}

const fields = "url, method, accept, max_latency_ms, timeout_ms, headers, body, tags, expect_body, expect_headers, cert_days"

// parseItem gives the url with most errors, too.
func parseItem(text []byte) (it item, err error) {
	if text[0] == '"' {
		err := json.Unmarshal(text, &it.url)
		return it, jsonError(err)
	}
	var j jsonItem
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err = dec.Decode(&j)
	it = item{url: j.URL, method: j.Method, header: j.Headers, body: j.Body, tags: j.Tags}
	it.expect.Codes = check.Codes(j.Accept)
	it.expect.CertDays = j.CertDays
	if err != nil {
		return it, jsonError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return it, errors.New("something stands after the target: write one per line")
	}
	if it.expect.Latency, err = parseMillis(j.MaxLatency); err != nil {
		return it, fmt.Errorf("max_latency_ms: %w", err)
	}
	if it.timeout, err = parseMillis(j.Timeout); err != nil {
		return it, fmt.Errorf("timeout_ms: %w", err)
	}
	if j.ExpectBody != "" {
		if it.expect.Body, err = parsePattern(j.ExpectBody); err != nil {
			return it, fmt.Errorf("expect_body: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(j.ExpectHeaders)) {
		rule, err := parseHeaderRule(name, j.ExpectHeaders[name])
		if err != nil {
			return it, fmt.Errorf("expect_headers: %w", err)
		}
		it.expect.Header = append(it.expect.Header, rule)
	}
	return it, nil
}

// jsonError puts an error of encoding/json into words for people who write
// lists, not Go.
func jsonError(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Field == "":
		return fmt.Errorf("a target is a JSON object or a string, not a JSON %s", wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is no JSON %s", wrong.Field, wrong.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON object is cut short")
	}
	what := strings.TrimPrefix(err.Error(), "json: ")
	if strings.HasPrefix(what, "unknown field") {
		return fmt.Errorf("%s: the fields are %s", what, fields)
	}
	return fmt.Errorf("no valid target in JSON: %s", what)
}

// parseMillis reads milliseconds; 0 is nothing said.
func parseMillis(ms float64) (time.Duration, error) {
	d := time.Duration(ms * float64(time.Millisecond))
	if ms < 0 || ms > maxMillis || ms > 0 && d == 0 {
		return 0, fmt.Errorf("%v is not above 0 and at most %d", ms, int64(maxMillis))
	}
	return d, nil
}

// maxMillis is a day: more is a slip of the unit.
const maxMillis = 24 * 60 * 60 * 1000

// codes is an accept field: 200, "200-299,403" or a list of such.
type codes check.Codes

// UnmarshalJSON implements [json.Unmarshaler].
func (c *codes) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	var parts []string
	for _, v := range list {
		switch v := v.(type) {
		case float64:
			parts = append(parts, strconv.FormatFloat(v, 'f', -1, 64))
		case string:
			parts = append(parts, v)
		default:
			return errors.New("accept is a code, a text of codes and ranges, or a list of both")
		}
	}
	if parts == nil {
		return nil
	}
	parsed, err := check.ParseCodes(strings.Join(parts, ","))
	*c = codes(parsed)
	return err
}
