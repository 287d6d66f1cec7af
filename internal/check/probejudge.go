package check

import (
	"compress/flate"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxHeldBody bounds what is kept in memory of a body that rules look at, where
// the module has no limit of its own: the 10 MB that blackbox_exporter's
// documentation takes as its example. Without such rules nothing is kept.
const maxHeldBody = 10 << 20

// judge holds the last answer against the module's rules. The first that is
// broken is the reason; the body is read to its end all the same, for its length
// and time are of interest too.
func (b *probe) judge(v *visit, a *answer) {
	m := &b.module
	if at, err := http.ParseTime(a.Header.Get("Last-Modified")); err == nil {
		b.out.LastModified = at
	}
	if secured, ok := a.conn.Conn.(*tls.Conn); ok {
		state := secured.ConnectionState()
		b.out.Conn = &state
	}
	b.fail(v, HTTPStatus, m.brokenCode(a.StatusCode))
	if v.res.Reason == "" {
		broken := m.brokenHeader(a.Header)
		b.out.FailedRegexp = broken != ""
		b.fail(v, HeaderMismatch, broken)
	}
	b.judgeBody(v, a)
	if len(m.Versions) > 0 && !slices.Contains(m.Versions, a.Proto) {
		b.fail(v, ProtocolError, fmt.Sprintf("%s, want %s", a.Proto, strings.Join(m.Versions, " or ")))
	}
	switch {
	case m.FailIfTLS && b.out.Conn != nil:
		b.fail(v, TLSFailed, "the last answer came over TLS")
	case m.FailIfNotTLS && b.out.Conn == nil:
		b.fail(v, TLSFailed, "the last answer did not come over TLS")
	}
}

// fail keeps the first reason.
func (b *probe) fail(v *visit, r Reason, text string) {
	if text != "" && v.res.Reason == "" {
		v.fail(r, text)
	}
}

func (b *probe) judgeBody(v *visit, a *answer) {
	m := &b.module
	rules := v.res.Reason == "" && len(m.FailIfBody)+len(m.FailIfNotBody) > 0
	if _, redirects := location(a); redirects {
		b.out.Redirects++ // counted as blackbox_exporter does, which does not read its body either
		if !rules {
			return
		}
	}
	if a.StatusCode == http.StatusSwitchingProtocols {
		return // its body has no end
	}
	body, err := m.open(a.Body)
	if err != nil {
		b.fail(v, BodyMismatch, fmt.Sprintf("the body is not %s: %v", m.Compression, err))
		body = a.Body
	}
	var held []byte
	if rules {
		limit := m.MaxBody
		if limit == 0 {
			limit = maxHeldBody
		}
		held, err = io.ReadAll(io.LimitReader(body, limit+1))
		b.out.BodyBytes = min(int64(len(held)), limit)
		if err == nil && int64(len(held)) > limit {
			err = errBodyTooLarge
		}
	} else {
		b.out.BodyBytes, err = discard(body, m.MaxBody)
	}
	if err != nil {
		b.out.FailedRegexp = b.out.FailedRegexp || rules
		b.unread(v, err)
		return
	}
	if rules {
		broken := m.brokenBody(held)
		b.out.FailedRegexp = broken != ""
		b.fail(v, BodyMismatch, broken)
	}
}

// unread fails a probe whose body did not come to its end.
func (b *probe) unread(v *visit, err error) {
	var corrupt flate.CorruptInputError
	switch {
	case v.res.Reason != "":
	case errors.Is(err, errBodyTooLarge):
		v.fail(BodyMismatch, err.Error()+": see body_size_limit")
	case errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		v.fail(BodyMismatch, fmt.Sprintf("the body is not %s: %v", b.module.Compression, err))
	default:
		v.failed(&phaseError{phaseBody, err})
	}
}

// discard reads body to its end, or to where it is larger than limit.
func discard(body io.Reader, limit int64) (n int64, err error) {
	if limit == 0 {
		return io.Copy(io.Discard, body)
	}
	n, err = io.Copy(io.Discard, io.LimitReader(body, limit+1))
	if err == nil && n > limit {
		return limit, errBodyTooLarge
	}
	return n, err
}

// open undoes the compression that the module asks for.
func (m *Module) open(body io.Reader) (io.Reader, error) {
	switch m.Compression {
	case "gzip":
		return gzip.NewReader(body)
	case "deflate":
		return flate.NewReader(body), nil
	default:
		return body, nil
	}
}

// What follows says how a rule is broken, "" where all hold.

func (m *Module) brokenCode(code int) string {
	if m.Codes.Accepts(code) {
		return ""
	}
	return fmt.Sprintf("%s, want %s", statusText(code), m.Codes)
}

func (m *Module) brokenHeader(h http.Header) string {
	for _, rule := range m.FailIfHeader {
		values := h.Values(rule.Name)
		if len(values) == 0 && !rule.AllowMissing {
			return "header " + rule.Name + " is missing"
		}
		if slices.ContainsFunc(values, rule.Match.MatchString) {
			return fmt.Sprintf("header %s matches %s", rule.Name, rule.Match)
		}
	}
	for _, rule := range m.FailIfNotHeader {
		values := h.Values(rule.Name)
		if len(values) == 0 {
			if rule.AllowMissing {
				continue
			}
			return "header " + rule.Name + " is missing"
		}
		if !slices.ContainsFunc(values, rule.Match.MatchString) {
			return fmt.Sprintf("header %s does not match %s", rule.Name, rule.Match)
		}
	}
	return ""
}

func (m *Module) brokenBody(body []byte) string {
	for _, rule := range m.FailIfBody {
		if rule.Match(body) {
			return fmt.Sprintf("the body matches %s", rule)
		}
	}
	for _, rule := range m.FailIfNotBody {
		if !rule.Match(body) {
			return fmt.Sprintf("the body does not match %s", rule)
		}
	}
	return ""
}
