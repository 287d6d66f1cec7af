package check

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// CheckURL refuses a URL by its text, before any name is looked up: with
// [InvalidURL] what is no business of a service's (another scheme, user and
// password, a zone) or has two readings (a host such as 127.1 or 0x7f000001, an
// address to some resolvers and a name to others), with [BlockedAddress] and
// [ErrBlocked] an address that is denied. An empty Reason is not yet a yes: a
// name is judged by [Guard.Control], once it is an address.
func (g *Guard) CheckURL(u *url.URL) (Reason, error) {
	if !g.cfg.Open {
		if err := checkPlain(u); err != nil {
			return InvalidURL, err
		}
	}
	host, port, err := dialAddress(u)
	if err != nil {
		return InvalidURL, err
	}
	return g.checkHost(host, port)
}

// CheckText is [Guard.CheckURL] for a URL as [Normalize] gives it, which needs no
// parsing: a quarter of the time (BenchmarkGuard). FuzzURLPolicy holds the two against
// each other.
func (g *Guard) CheckText(canonical string) (Reason, error) {
	scheme, authority, _ := strings.Cut(canonical, "://")
	if i := strings.IndexAny(authority, "/?"); i >= 0 {
		authority = authority[:i]
	}
	u := url.URL{Scheme: scheme, Host: authority}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		u.Host, u.User = authority[i+1:], &url.Userinfo{}
	}
	if !g.cfg.Open {
		if err := checkPlain(&u); err != nil {
			return InvalidURL, err
		}
	}
	return g.checkHost(u.Hostname(), portOf(&u))
}

func (g *Guard) checkHost(host string, port uint16) (Reason, error) {
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		err = g.checkAddr(addr, port)
	case !g.cfg.Open && endsInNumber(host):
		return InvalidURL, errors.New("the host looks like a number but is no address: write four decimal numbers with dots")
	case !g.cfg.Open && len(g.cfg.Allow) == 0 && !g.openPort(port):
		err = g.blocked(rulePort) // whatever address the name has, the port is closed
	default:
		err = nil
	}
	if err != nil {
		return BlockedAddress, err
	}
	return "", nil
}

func checkPlain(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("scheme %.32q is not http or https", u.Scheme)
	case u.User != nil:
		return errors.New("a user or password in the URL is not taken here")
	case strings.Contains(u.Host, "%"):
		return errors.New("an IPv6 zone in the URL is not taken here")
	default:
		return nil
	}
}

// dialAddress gives host and port as they would be dialled: the name in ASCII,
// an address without brackets.
func dialAddress(u *url.URL) (host string, port uint16, err error) {
	b, err := appendAuthority(nil, u.Scheme, strings.Replace(u.Host, "%", "%25", 1))
	if err != nil {
		return "", 0, err
	}
	canonical := url.URL{Scheme: u.Scheme, Host: string(b)}
	return canonical.Hostname(), portOf(&canonical), nil
}

// portOf gives the port of a canonical URL, which has none or a number.
func portOf(u *url.URL) uint16 {
	if s := u.Port(); s != "" {
		n, _ := strconv.ParseUint(s, 10, 16)
		return uint16(n)
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// endsInNumber is the test of the WHATWG URL standard (§3.5) for hosts that
// browsers and C resolvers read as IPv4 addresses.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if isDigits(last) {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}
