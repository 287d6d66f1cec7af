package rpc

import (
	"fmt"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

const maxInput = 2 << 10

// admit makes t, as it was sent, target seq of its batch. What cannot be asked as
// it was sent becomes Invalid, which is answered and never dialled.
func (c *checker) admit(t *check.Target, seq int64) {
	t.Seq = seq
	t.Input = t.URL[:min(len(t.URL), maxInput)]
	t.Timeout = min(max(t.Timeout, 0), c.cfg.MaxTimeout)
	t.MaxAge = max(t.MaxAge, 0)
	t.Expect.Latency = max(t.Expect.Latency, 0)
	url, err := check.Normalize(t.URL)
	switch {
	case t.Invalid != "": // what it expects could not be read
	case err != nil:
		t.Invalid = err.Error()
	case !isToken(t.Method) && t.Method != "":
		t.Invalid = fmt.Sprintf("%.20q is no HTTP method", t.Method)
	case t.Request != nil:
		t.Invalid = badHeader(t.Request.Header)
	}
	if err == nil {
		t.URL = url
	}
	t.Method = strings.ToUpper(t.Method)
}

// badHeader says what cannot be a header line; it repeats no value.
func badHeader(header []check.Field) string {
	for _, h := range header {
		if !isToken(h.Name) {
			return fmt.Sprintf("%.40q is no name of a header", h.Name)
		}
		if strings.ContainsAny(h.Value, "\r\n\x00") {
			return fmt.Sprintf("header %s holds a line break or NUL", h.Name)
		}
	}
	return ""
}

// isToken follows RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter, digit := 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9'
		if !letter && !digit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
