package main

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
)

// The parsers of the settings. Each says what it wants; who called says where
// the text stood. None repeats a text that may hold a secret.

// duration reads "1.5s", "200ms", or a bare number of seconds as curl does; at
// least low.
func duration(low time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if seconds, bare := strconv.ParseFloat(s, 64); bare == nil {
			d, err = time.Duration(seconds*float64(time.Second)), nil
			if math.IsNaN(seconds) || math.Abs(seconds) > math.MaxInt64/1e9 {
				return 0, fmt.Errorf("%q is no duration", s)
			}
		}
		switch {
		case err != nil:
			return 0, fmt.Errorf("%q is no duration: write 500ms, 10s, 1m30s or a number of seconds", s)
		case d < 0:
			return 0, fmt.Errorf("%q is negative: write a duration such as 10s", s)
		case d < low:
			return 0, fmt.Errorf("%q is too short: at least %s", s, low)
		}
		return d, nil
	}
}

// orNone lets words stand for the zero value.
func orNone[T any](word string, parse func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		if strings.EqualFold(s, word) {
			var zero T
			return zero, nil
		}
		return parse(s)
	}
}

// number reads a whole number of at least low. Nothing that is counted here has
// use for more than a million.
func number(low int) func(string) (int, error) {
	const high = 1_000_000
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("%q is not a whole number from %d to %d", s, low, high)
		}
		return n, nil
	}
}

// orLess makes 0 say "none", where the zero value says "auto".
func orLess(parse func(string) (int, error)) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := parse(s)
		if n == 0 {
			n = -1
		}
		return n, err
	}
}

// rate reads events per second: "100", "100/s", "6000/m" or "90/h", as vegeta
// and curl write it. 0 is no limit.
func rate(s string) (float64, error) {
	count, unit, _ := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(count), 64)
	seconds, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[strings.TrimSpace(unit)]
	if err != nil || !known || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%q is no rate: write 100, 100/s, 6000/m or off", s)
	}
	return n / seconds, nil
}

// size reads bytes: "65536", "64KiB", "1MiB", "10MB". K, M and G alone are
// binary, as in curl.
func size(s string) (int64, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit, known := map[string]float64{
		"": 1, "b": 1,
		"k": 1 << 10, "kib": 1 << 10, "kb": 1e3,
		"m": 1 << 20, "mib": 1 << 20, "mb": 1e6,
		"g": 1 << 30, "gib": 1 << 30, "gb": 1e9,
	}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || n <= 0 || math.IsInf(n, 0) || n*unit < 1 || n*unit > 1<<40 {
		return 0, fmt.Errorf("%q is no size: write 65536, 64KiB or 1MiB", s)
	}
	return int64(n * unit), nil
}

// boolean reads YAML's words as well as Go's.
func boolean(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

// oneOf reads a word of a closed list.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", fmt.Errorf("%q is not one of %s%s", s, strings.Join(words, ", "), meant(s, words))
		}
		return s, nil
	}
}

func outcomes(s string) ([]check.Outcome, error) {
	words := outcomeWords()
	var out []check.Outcome
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if !slices.Contains(words, word) {
			return nil, fmt.Errorf("%q is no outcome: the outcomes are %s%s", word, strings.Join(words, ", "), meant(word, words))
		}
		out = append(out, check.Outcome(word))
	}
	return out, nil
}

func outcomeWords() []string {
	var words []string
	for _, o := range check.Outcomes() {
		words = append(words, string(o))
	}
	return words
}

func reasonWords() []string {
	var words []string
	for _, r := range check.Reasons() {
		words = append(words, string(r))
	}
	return words
}

// reasons reads "dns,timeout", all or none, and adds the nearest word to
// check's own error.
func reasons(s string) ([]check.Reason, error) {
	switch s {
	case "all":
		return check.Reasons(), nil
	case "none":
		s = ""
	}
	rs, err := check.ParseReasons(s)
	if err == nil {
		return rs, nil
	}
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if !slices.Contains(reasonWords(), word) && nearest(word, reasonWords()) != "" {
			return nil, fmt.Errorf("%w%s", err, meant(word, reasonWords()))
		}
	}
	return nil, err
}

// method reads an HTTP method, a token of RFC 9110 §5.6.2, or auto.
func method(s string) (string, error) {
	token := s != ""
	for _, r := range s {
		token = token && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	}
	if !token {
		return "", fmt.Errorf("%q is no HTTP method: write GET, HEAD, POST … or auto", s)
	}
	return strings.ToUpper(s), nil
}

// header reads "Name: value". The error names no value: it may be a secret.
func header(s string) (check.Field, error) {
	name, val, ok := strings.Cut(s, ":")
	name, val = strings.TrimSpace(name), strings.TrimSpace(val)
	if _, err := method(name); err != nil || !ok || strings.ContainsFunc(val, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return check.Field{}, fmt.Errorf("not a header line: write 'Name: value'")
	}
	return check.Field{Name: name, Value: val}, nil
}

// prefix reads 10.0.0.0/8 or one address.
func prefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no network: write 10.0.0.0/8, fd00::/8 or one address", s)
	}
	return p.Masked(), nil
}

func port(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no port: write a number from 1 to 65535", s)
	}
	return uint16(n), nil
}

// pin is curl's --resolve.
type pin struct{ host, addr string }

// resolve reads "host:port:address"; an IPv6 address may stand in brackets.
func resolve(s string) (pin, error) {
	bad := fmt.Errorf("%q is not HOST:PORT:ADDRESS: write example.com:443:192.0.2.1", s)
	host, rest, ok := strings.Cut(s, ":")
	number, address, ok2 := strings.Cut(rest, ":")
	if _, err := port(number); err != nil || !ok || !ok2 || host == "" {
		return pin{}, bad
	}
	addr, err := netip.ParseAddr(strings.Trim(address, "[]"))
	if err != nil {
		return pin{}, bad
	}
	return pin{strings.ToLower(host) + ":" + number, netip.AddrPortFrom(addr, mustPort(number)).String()}, nil
}

// mustPort is for a text that port has read.
func mustPort(s string) uint16 { n, _ := port(s); return n }

// proxyURL reads a proxy's address; a bare host:port is http, as in curl. The
// error repeats nothing: the URL may hold a password.
func proxyURL(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, fmt.Errorf("not a proxy address: write http://host:port, https://… or socks5://…")
	}
	return u, nil
}

// extra is one --report.
type extra struct{ format, file string }

func reportSpec(s string) (extra, error) {
	format, file, ok := strings.Cut(s, "=")
	if !ok || file == "" {
		return extra{}, fmt.Errorf("%q is not FORMAT=FILE: write junit=report.xml", s)
	}
	if _, err := oneOf(report.Formats()...)(format); err != nil {
		return extra{}, err
	}
	return extra{format, file}, nil
}

func text(s string) (string, error) { return s, nil }

// visible reads a text that goes into a request head.
func visible(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%q has a control character in it", s)
	}
	return s, nil
}

// cacheAddress reads where results are remembered. What stands behind redis://
// is the cache's to judge.
func cacheAddress(s string) (string, error) {
	scheme, _, ok := strings.Cut(s, "://")
	if s == "off" || s == "memory" || ok && (strings.HasPrefix(scheme, "redis") || scheme == "unix") {
		return s, nil
	}
	return "", fmt.Errorf("not a cache: write off, memory or redis://host:6379/0")
}
