package check

import (
	"errors"
	"fmt"
	"strings"
)

// MaxURL is the longest URL [Normalize] takes, in bytes. It is far above what
// servers take (8 KiB is common) and only bounds memory.
const MaxURL = 64 << 10

// Normalize gives the canonical form of a URL as people write it, so that equal
// URLs have equal texts: scheme and host in lower case, the host in ASCII
// (IDNA), an IPv6 address as RFC 5952 writes it, no default port, "/" for an
// empty path, no fragment. Text without a scheme is read as https. What is
// percent-encoded stays as written; what must be encoded and is not, becomes
// so. User and password are kept: the service's [Guard] refuses them, the
// command sends them.
//
// The error says what is wrong in words fit for a report and repeats nothing
// that may be secret. Normalize(Normalize(x)) is Normalize(x). A canonical URL
// is returned as it is, without allocating (BenchmarkNormalize).
func Normalize(raw string) (string, error) {
	raw = strings.Trim(raw, " \t\r\n\v\f")
	if raw == "" {
		return "", errors.New("the URL is empty")
	}
	if len(raw) > MaxURL {
		return "", fmt.Errorf("the URL has %d bytes, at most %d are taken", len(raw), MaxURL)
	}
	if err := checkBytes(raw); err != nil {
		return "", err
	}
	scheme, rest, err := cutScheme(raw)
	if err != nil {
		return "", err
	}
	rest, _, _ = strings.Cut(rest, "#")
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	path, query, queried := strings.Cut(tail, "?")

	var stack [256]byte // most URLs fit, and then nothing is allocated on the way
	b := append(append(stack[:0], scheme...), "://"...)
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		if b, err = appendUserinfo(b, authority[:i]); err != nil {
			return "", err
		}
		authority = authority[i+1:]
	}
	if b, err = appendAuthority(b, scheme, authority); err != nil {
		return "", err
	}
	if b, err = appendPath(b, path); err != nil {
		return "", err
	}
	if queried {
		b = appendQuery(append(b, '?'), query)
	}
	if string(b) == raw {
		return raw, nil
	}
	return string(b), nil
}

// Host is the authority of the target's URL without user and password: "host",
// or "host:port" where the port is not the scheme's default. It is the name
// under which hosts take turns. It is "" for an Invalid target.
func (t Target) Host() string {
	_, rest, ok := strings.Cut(t.URL, "://")
	if !ok || t.Invalid != "" {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:]
}

// checkBytes refuses what no URL may hold anywhere. A backslash is refused and
// not read as "/", as browsers do: two readings of one text are how guards are
// led astray.
func checkBytes(s string) error {
	for i := range len(s) {
		switch c := s[i]; {
		case c > ' ' && c != '\\' && c != 0x7f:
		case c == '\\':
			return fmt.Errorf(`byte %d of the URL is a backslash: write / or %%5C`, i+1)
		case c == ' ':
			return fmt.Errorf("byte %d of the URL is a space: write %%20", i+1)
		case c == 0:
			return fmt.Errorf("byte %d of the URL is NUL", i+1)
		default:
			return fmt.Errorf("byte %d of the URL is the control character 0x%02x", i+1, c)
		}
	}
	return nil
}

// cutScheme splits "scheme://rest", with https for text that has no scheme.
func cutScheme(raw string) (scheme, rest string, err error) {
	if before, after, ok := strings.Cut(raw, "://"); ok && isScheme(before) {
		switch {
		case strings.EqualFold(before, "https"):
			return "https", after, nil
		case strings.EqualFold(before, "http"):
			return "http", after, nil
		default:
			return "", "", fmt.Errorf("scheme %s is not http or https", strings.ToLower(before))
		}
	}
	head := raw
	if i := strings.IndexAny(raw, "/?#"); i >= 0 {
		head = raw[:i]
	}
	// Without "//" a colon may only stand before a port, else "mailto:x",
	// "http:/x" and "user:password@host" would be hosts.
	name, port, colon := strings.Cut(head[strings.LastIndexByte(head, ']')+1:], ":")
	switch {
	case head == "":
		return "", "", errors.New("there is no host: write https://host/path")
	case colon && (strings.EqualFold(name, "http") || strings.EqualFold(name, "https")):
		return "", "", fmt.Errorf("two slashes are missing: write %s://host/path", strings.ToLower(name))
	case colon && (port == "" || !isDigits(port)):
		return "", "", errors.New("what stands before the colon is no host: write http:// or https:// in front of it")
	default:
		return "https", raw, nil
	}
}

// isScheme follows RFC 3986 §3.1; longer than any registered scheme is none.
func isScheme(s string) bool {
	if s == "" || len(s) > 32 || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// appendPath keeps what net/url would send as it is and encodes the rest.
func appendPath(b []byte, path string) ([]byte, error) {
	if path == "" {
		return append(b, '/'), nil
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%':
			if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
				return nil, errors.New("the path holds a % that begins no percent-encoding: write %25")
			}
			b = append(b, c)
		case isPathByte(c):
			b = append(b, c)
		default:
			b = appendEscaped(b, c)
		}
	}
	return b, nil
}

// appendQuery keeps the query as written, but for what browsers encode (WHATWG
// URL, query percent-encode set).
func appendQuery(b []byte, query string) []byte {
	for i := range len(query) {
		if c := query[i]; c >= 0x80 || c == '"' || c == '<' || c == '>' {
			b = appendEscaped(b, c)
		} else {
			b = append(b, c)
		}
	}
	return b
}

func appendEscaped(b []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(b, '%', hex[c>>4], hex[c&15])
}

// isPathByte: pchar of RFC 3986 §3.3, "/", and the brackets that net/url leaves alone.
func isPathByte(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("-._~!$&'()*+,;=:@/[]", c) >= 0
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
