package report

import (
	"cmp"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hc-health/hc/internal/check"
)

// maxWhy bounds the text of [check.Target.Invalid], which may quote the line.
const maxWhy = 512

// item is what one line or element of an input says of a target, whatever the
// format. What is zero is left to the defaults.
type item struct {
	url     string
	method  string
	expect  check.Expect
	timeout time.Duration
	header  map[string]string // to send
	body    string            // to send
	tags    []string
}

// target completes what it says with the defaults. input is the line, or the
// part of it that may be shown.
func (d Defaults) target(line int, input string, it item) check.Target {
	t := d.bare(line, it.url)
	t.Input = clip(input, maxInput)
	t.Tags = it.tags
	if t.Invalid != "" {
		return t
	}
	if it.method != "" {
		method, err := parseMethod(it.method)
		if err != nil {
			return invalid(t, err)
		}
		t.Method = method
	}
	var err error
	if t.Request, err = d.request(it.header, it.body); err != nil {
		return invalid(t, err)
	}
	if t.Expect, err = d.expect(it.expect); err != nil {
		return invalid(t, err)
	}
	t.Timeout = cmp.Or(it.timeout, d.Timeout)
	return t
}

// bare gives the Target of a URL that stands alone.
func (d Defaults) bare(line int, raw string) check.Target {
	t := check.Target{
		Source:  check.Source{Line: line},
		Input:   clip(raw, maxInput),
		Method:  d.Method,
		Expect:  d.Expect,
		Timeout: d.Timeout,
		Request: d.Request,
	}
	var err error
	if t.URL, err = check.Normalize(raw); err != nil {
		return invalid(t, err)
	}
	return t
}

// bad gives the Target of a line that says no target.
func (d Defaults) bad(line int, input string, why error) check.Target {
	t := check.Target{Source: check.Source{Line: line}, Input: clip(input, maxInput), Method: d.Method}
	return invalid(t, why)
}

func (d Defaults) tooLong(line int, head []byte) check.Target {
	return d.bad(line, string(head), fmt.Errorf("longer than %d KiB", maxLine>>10))
}

// invalid marks t as no target, for a reason that holds no secret.
func invalid(t check.Target, why error) check.Target {
	t.URL = ""
	t.Invalid = clip(check.MaskText(why.Error()), maxWhy)
	return t
}

// clip cuts s to at most n bytes, between characters, and lets go of the rest.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}

// methods are those of RFC 9110 §9 and RFC 5789 that can be asked of a target,
// and hc's own.
const methods = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE " + check.Auto

func parseMethod(s string) (string, error) {
	for m := range strings.FieldsSeq(methods) {
		if strings.EqualFold(m, s) {
			return m, nil
		}
	}
	return "", fmt.Errorf("unknown method %q: write one of %s", clip(s, 32), methods)
}

func parsePattern(s string) (*regexp.Regexp, error) {
	if s == "" {
		return nil, errors.New("an empty pattern matches everything: leave it out")
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, fmt.Errorf("%w: RE2 syntax is wanted, see https://golang.org/s/re2syntax", err)
	}
	return re, nil
}

func parseHeaderRule(name, pattern string) (check.HeaderRule, error) {
	if !isToken(name) {
		return check.HeaderRule{}, fmt.Errorf("%q is no header name", clip(name, 64))
	}
	re, err := parsePattern(pattern)
	return check.HeaderRule{Name: textproto.CanonicalMIMEHeaderKey(name), Match: re}, err
}

// maxCertDays bounds cert_days: more, a century, is a slip.
const maxCertDays = 36500

func parseDays(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of days", clip(s, 64))
	}
	return n, nil
}

// expect completes what a target expects.
func (d Defaults) expect(own check.Expect) (check.Expect, error) {
	if own.CertDays < 0 || own.CertDays > maxCertDays {
		return own, fmt.Errorf("cert_days %d is not 1 to %d", own.CertDays, maxCertDays)
	}
	own.Codes = cmp.Or(own.Codes, d.Expect.Codes)
	own.Latency = cmp.Or(own.Latency, d.Expect.Latency)
	own.Body = cmp.Or(own.Body, d.Expect.Body)
	own.CertDays = cmp.Or(own.CertDays, d.Expect.CertDays)
	if own.Header == nil {
		own.Header = d.Expect.Header
	}
	return own, nil
}

// request gives what d sends plus what one target says: header lines in the
// order of their names, so that equal requests have equal keys.
func (d Defaults) request(header map[string]string, body string) (*check.Request, error) {
	if len(header) == 0 && body == "" {
		return d.Request, nil
	}
	var own []check.Field
	for name, value := range header {
		if !isToken(name) {
			return nil, fmt.Errorf("%q is no header name", clip(name, 64))
		}
		if strings.ContainsFunc(value, isControl) {
			return nil, fmt.Errorf("the value of header %s holds a control character", clip(name, 64))
		}
		own = append(own, check.Field{Name: textproto.CanonicalMIMEHeaderKey(name), Value: value})
	}
	slices.SortFunc(own, func(a, b check.Field) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(own); i++ {
		if own[i].Name == own[i-1].Name {
			return nil, fmt.Errorf("header %s stands twice", own[i].Name)
		}
	}
	r := &check.Request{Body: body}
	if d.Request != nil {
		for _, f := range d.Request.Header {
			if !slices.ContainsFunc(own, func(o check.Field) bool { return strings.EqualFold(o.Name, f.Name) }) {
				r.Header = append(r.Header, f)
			}
		}
		if body == "" {
			r.Body = d.Request.Body
		}
	}
	r.Header = append(r.Header, own...)
	return r, nil
}

// isToken follows RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isControl tells what may not stand in a header value, RFC 9110 §5.5.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
