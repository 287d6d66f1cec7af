package check

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Bounds of a host name and of one of its labels, RFC 1035 §2.3.4.
const (
	maxName  = 253
	maxLabel = 63
)

// appendUserinfo appends "user:password@" encoded as net/url does it, so that
// one secret has one text. An empty one is dropped.
func appendUserinfo(b []byte, s string) ([]byte, error) {
	u, err := url.Parse("//" + s + "@host")
	if err != nil {
		return nil, errors.New("user or password before the @ is malformed: percent-encode its special characters")
	}
	if text := u.User.String(); text != "" && text != ":" {
		b = append(append(b, text...), '@')
	}
	return b, nil
}

func appendAuthority(b []byte, scheme, s string) ([]byte, error) {
	var err error
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 || i+1 < len(s) && s[i+1] != ':' {
			return nil, errors.New("the IPv6 address in brackets is malformed")
		}
		if b, err = appendIPv6(b, s[1:i]); err != nil {
			return nil, err
		}
		return appendPort(b, scheme, strings.TrimPrefix(s[i+1:], ":"))
	}
	host, port, _ := strings.Cut(s, ":")
	if b, err = appendName(b, host); err != nil {
		return nil, err
	}
	return appendPort(b, scheme, port)
}

// appendIPv6 takes what stands in the brackets; a zone follows "%25" (RFC 6874).
func appendIPv6(b []byte, s string) ([]byte, error) {
	text, zone, zoned := strings.Cut(s, "%25")
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() || addr.Zone() != "" || zoned && !isZone(zone) {
		return nil, errors.New("the IPv6 address in brackets is malformed")
	}
	b = addr.AppendTo(append(b, '['))
	if zoned {
		b = append(append(b, "%25"...), zone...)
	}
	return append(b, ']'), nil
}

func isZone(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("-._~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// appendName appends a host name or IPv4 address in lower-case ASCII. Names are
// letters, digits, "-", "_" and "." whatever DNS says: underscores and double
// hyphens are met in real lists and do resolve.
func appendName(b []byte, name string) ([]byte, error) {
	start := len(b)
	plain := true
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		plain = plain && isNameByte(c)
		b = append(b, c)
	}
	if host := b[start:]; !plain || hasPunycode(host) {
		ascii, err := asciiName(string(host))
		if err != nil {
			return nil, err
		}
		b = append(b[:start], ascii...)
	}
	return b, checkName(b[start:])
}

// hasPunycode looks for a label that claims to be encoded, and so must decode.
func hasPunycode(host []byte) bool {
	for i := 0; i+4 <= len(host); i++ {
		if string(host[i:i+4]) == "xn--" && (i == 0 || host[i-1] == '.') {
			return true
		}
	}
	return false
}

// asciiName maps a name to ASCII with the rules for lookup (UTS #46), less those
// that registries need and resolvers do not.
func asciiName(name string) (string, error) {
	if strings.Contains(name, "%") {
		decoded, err := url.PathUnescape(name)
		if err != nil {
			return "", errors.New("the host holds a malformed percent-encoding")
		}
		name = decoded
	}
	if len(name) > maxName*utf8.UTFMax { // encoding takes time by the square of the length
		return "", fmt.Errorf("the host has %d bytes, at most %d are possible", len(name), maxName)
	}
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false), idna.StrictDomainName(false))
	ascii, err := profile.ToASCII(name)
	if err == nil {
		// Package idna encodes what it would not decode (invalid UTF-8, for one).
		name, err = profile.ToASCII(ascii)
	}
	if err != nil || name != ascii {
		return "", errors.New("the host is no valid international domain name")
	}
	return ascii, nil
}

func checkName(name []byte) error {
	if n := len(name); n > 0 && name[n-1] == '.' {
		name = name[:n-1] // a root dot is no label
	}
	if len(name) == 0 {
		return errors.New("there is no host: write https://host/path")
	}
	if len(name) > maxName {
		return fmt.Errorf("the host has %d bytes, at most %d are possible", len(name), maxName)
	}
	label := 0
	for i := range len(name) + 1 {
		c := byte('.') // behind the last label
		if i < len(name) {
			c = name[i]
		}
		switch {
		case c != '.' && !isNameByte(c):
			return fmt.Errorf("the host holds %q: only letters, digits, - _ and . make a host name", c)
		case c != '.':
			label++
		case label == 0:
			return errors.New("the host has an empty label: two dots in a row, or one in front")
		case label > maxLabel:
			return fmt.Errorf("a label of the host has %d bytes, at most %d are possible", label, maxLabel)
		default:
			label = 0
		}
	}
	return nil
}

// appendPort appends ":port" unless it is the scheme's default. What is no
// number is not repeated in the error: it may be a piece of a password.
func appendPort(b []byte, scheme, s string) ([]byte, error) {
	if s == "" {
		return b, nil
	}
	if !isDigits(s) {
		return nil, errors.New("the port after the host is no number")
	}
	port, err := strconv.ParseUint(s, 10, 16)
	switch {
	case err != nil || port == 0:
		return nil, fmt.Errorf("port %.10s is not 1 to 65535", s)
	case scheme == "http" && port == 80, scheme == "https" && port == 443:
		return b, nil
	default:
		return strconv.AppendUint(append(b, ':'), port, 10), nil
	}
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' || c == '.' || c == '_'
}
