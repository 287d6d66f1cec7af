package check

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check/checktest/hostile"
)

// A hostileURL is one of [hostile.URLs], with the reason that it gives: that of
// a name is "" before it is looked up, see TestGuardJudgesAddresses.
type hostileURL struct {
	name, raw string
	want      Reason
}

func hostileURLs() []hostileURL {
	var rows []hostileURL
	for _, u := range hostile.URLs() {
		rows = append(rows, hostileURL{u.Name, u.Raw, Reason(u.Reason)})
	}
	return rows
}

// judge is what a service does with a URL before it looks a name up.
func judge(g *Guard, raw string) (u *url.URL, reason Reason, err error) {
	canonical, err := Normalize(raw)
	if err != nil {
		return nil, InvalidURL, err
	}
	if u, err = url.Parse(canonical); err != nil {
		return nil, InvalidURL, err
	}
	reason, err = g.CheckURL(u)
	if byText, textErr := g.CheckText(canonical); byText != reason || fmt.Sprint(textErr) != fmt.Sprint(err) {
		return u, "", fmt.Errorf("CheckText(%q) is %q, %w, and CheckURL %q, %w", canonical, byText, textErr, reason, err)
	}
	return u, reason, err
}

// offline is a Guard that knows no address of this machine, so that its
// verdicts are the same everywhere.
func offline(t testing.TB, cfg GuardConfig) *Guard {
	t.Helper()
	if cfg.Local == nil {
		cfg.Local = func() []netip.Addr { return nil }
	}
	g, err := NewGuard(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func prefixes(ss ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range ss {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestGuardJudgesHostileURLs(t *testing.T) {
	g := offline(t, GuardConfig{})
	for _, row := range hostileURLs() {
		t.Run(row.name, func(t *testing.T) {
			_, reason, err := judge(g, row.raw)
			if reason != row.want || (err == nil) != (row.want == "") {
				t.Errorf("%.80q: %q, %v, want %q", row.raw, reason, err, row.want)
			}
			if reason == BlockedAddress && err != ErrBlocked {
				t.Errorf("the error is %q, want the one text", err)
			}
		})
	}
}

// TestGuardRefusesRawURLs hands CheckURL what net/url reads without Normalize
// having seen it, as a redirect's Location might be.
func TestGuardRefusesRawURLs(t *testing.T) {
	g := offline(t, GuardConfig{})
	rows := []struct {
		name, raw string
		want      Reason
	}{
		{"circled digits", "http://①②⑦.⓪.⓪.①/", BlockedAddress},
		{"zone", "http://[fe80::1%25lo]/", InvalidURL},
		{"opaque", "http:127.0.0.1/", InvalidURL},
		{"relative", "/x", InvalidURL},
		{"no host", "http:///x", InvalidURL},
		{"only a port", "http://:80/", InvalidURL},
		{"port 0", "http://8.8.8.8:0/", InvalidURL},
		{"port 080", "http://8.8.8.8:080/", ""},
		{"upper-case hexadecimal", "http://0X7F.1/", InvalidURL},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			u, err := url.Parse(row.raw)
			if err != nil {
				t.Fatal(err)
			}
			if reason, err := g.CheckURL(u); reason != row.want || (err == nil) != (row.want == "") {
				t.Errorf("CheckURL(%q) = %q, %v, want %q", row.raw, reason, err, row.want)
			}
		})
	}
}

// TestGuardJudgesAddresses has the last address outside, the first and the last
// inside, and the first outside of each denied network.
func TestGuardJudgesAddresses(t *testing.T) {
	g := offline(t, GuardConfig{})
	rows := []struct {
		name            string
		allowed, denied []string
	}{
		{"this network", []string{"1.0.0.0"}, []string{"0.0.0.0", "0.255.255.255"}},
		{"10/8", []string{"9.255.255.255", "11.0.0.0"}, []string{"10.0.0.0", "10.255.255.255"}},
		{"100.64/10", []string{"100.63.255.255", "100.128.0.0"}, []string{"100.64.0.0", "100.127.255.255"}},
		{"127/8", []string{"126.255.255.255", "128.0.0.0"}, []string{"127.0.0.0", "127.255.255.255"}},
		{"169.254/16", []string{"169.253.255.255", "169.255.0.0"}, []string{"169.254.0.0", "169.254.255.255"}},
		{"172.16/12", []string{"172.15.255.255", "172.32.0.0"}, []string{"172.16.0.0", "172.31.255.255"}},
		{"192.0.0/24", []string{"191.255.255.255", "192.0.1.0"}, []string{"192.0.0.0", "192.0.0.255"}},
		{"192.0.2/24", []string{"192.0.1.255", "192.0.3.0"}, []string{"192.0.2.0", "192.0.2.255"}},
		{"192.31.196/24", []string{"192.31.195.255", "192.31.197.0"}, []string{"192.31.196.0", "192.31.196.255"}},
		{"192.52.193/24", []string{"192.52.192.255", "192.52.194.0"}, []string{"192.52.193.0", "192.52.193.255"}},
		{"192.88.99/24", []string{"192.88.98.255", "192.88.100.0"}, []string{"192.88.99.0", "192.88.99.255"}},
		{"192.168/16", []string{"192.167.255.255", "192.169.0.0"}, []string{"192.168.0.0", "192.168.255.255"}},
		{"192.175.48/24", []string{"192.175.47.255", "192.175.49.0"}, []string{"192.175.48.0", "192.175.48.255"}},
		{"198.18/15", []string{"198.17.255.255", "198.20.0.0"}, []string{"198.18.0.0", "198.19.255.255"}},
		{"198.51.100/24", []string{"198.51.99.255", "198.51.101.0"}, []string{"198.51.100.0", "198.51.100.255"}},
		{"203.0.113/24", []string{"203.0.112.255", "203.0.114.0"}, []string{"203.0.113.0", "203.0.113.255"}},
		{"224/3", []string{"223.255.255.255"}, []string{"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255"}},
		{"Azure", []string{"168.63.129.15", "168.63.129.17"}, []string{"168.63.129.16"}},
		{"mapped", []string{"::ffff:8.8.8.8"}, []string{"::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:168.63.129.16"}},
		{"outside 2000::/3", []string{"2003::"}, []string{"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "::", "::1", "64:ff9b::808:808", "fc00::", "fe80::1", "ff02::1"}},
		{"2001::/23", []string{"2001:200::"}, []string{"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"}},
		{"2001:db8::/32", []string{"2001:db7:ffff::", "2001:db9::"}, []string{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"}},
		{"6to4", []string{"2001:ffff::", "2003::1"}, []string{"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}},
		{"2620:4f:8000::/48", []string{"2620:4f:7fff::", "2620:4f:8001::"}, []string{"2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"}},
		{"3fff::/20", []string{"3ffe:ffff::"}, []string{"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"}},
		{"ISATAP", []string{"2a00::5efe:7f00:1:0", "2a00::1:5efe:808:808"}, []string{"2a00::5efe:808:808", "2a00::200:5efe:7f00:1"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for _, a := range row.allowed {
				if err := g.Control("tcp", netip.AddrPortFrom(netip.MustParseAddr(a), 443).String(), nil); err != nil {
					t.Errorf("%s: %v, want it allowed", a, err)
				}
			}
			for _, a := range row.denied {
				if err := g.Control("tcp", netip.AddrPortFrom(netip.MustParseAddr(a), 443).String(), nil); err != ErrBlocked {
					t.Errorf("%s: %v, want %v", a, err, ErrBlocked)
				}
			}
		})
	}
}

func TestGuardControl(t *testing.T) {
	public, private, six := "8.8.8.8", "10.1.2.3", "[2606:4700::1111]"
	rows := []struct {
		name    string
		cfg     GuardConfig
		network string
		address string
		rule    string // "" is allowed
	}{
		{name: "80", address: public + ":80"},
		{name: "443 v6", network: "tcp6", address: six + ":443"},
		{name: "another port", address: public + ":8080", rule: "port"},
		{name: "allowed port", cfg: GuardConfig{Ports: []uint16{8080}}, address: public + ":8080"},
		{name: "allowed port opens no network", cfg: GuardConfig{Ports: []uint16{8080}}, address: private + ":8080", rule: "special"},
		{name: "allowed ports come on top", cfg: GuardConfig{Ports: []uint16{8080}}, address: public + ":80"},
		{name: "allowed network, every port", cfg: GuardConfig{Allow: prefixes("10.1.0.0/16")}, address: private + ":22"},
		{name: "allowed network, nothing else", cfg: GuardConfig{Allow: prefixes("10.1.0.0/16")}, address: "10.2.0.0:80", rule: "special"},
		{name: "allowed network, ports elsewhere", cfg: GuardConfig{Allow: prefixes("10.1.0.0/16")}, address: public + ":22", rule: "port"},
		{name: "allowed network, mapped address", cfg: GuardConfig{Allow: prefixes("10.1.0.0/16")}, address: "[::ffff:10.1.2.3]:80"},
		{name: "allowed network, mapped prefix", cfg: GuardConfig{Allow: prefixes("::ffff:10.1.0.0/112")}, address: private + ":80"},
		{name: "allowed network, zone", cfg: GuardConfig{Allow: prefixes("fe80::/10")}, address: "[fe80::1%lo]:80"},
		{name: "denied network", cfg: GuardConfig{Deny: prefixes("8.8.0.0/16")}, address: public + ":80", rule: "deny"},
		{name: "denied network, mapped address", cfg: GuardConfig{Deny: prefixes("8.8.0.0/16")}, address: "[::ffff:8.8.8.8]:80", rule: "deny"},
		{name: "denied network, mapped prefix", cfg: GuardConfig{Deny: prefixes("::ffff:8.8.0.0/112")}, address: public + ":80", rule: "deny"},
		{name: "denied wins over allowed", cfg: GuardConfig{Allow: prefixes("10.0.0.0/8"), Deny: prefixes("10.1.0.0/16")}, address: private + ":80", rule: "deny"},
		{name: "open", cfg: GuardConfig{Open: true, Deny: prefixes("10.1.0.0/16")}, address: "127.0.0.1:22"},
		{name: "open but denied", cfg: GuardConfig{Open: true, Deny: prefixes("10.1.0.0/16")}, address: private + ":22", rule: "deny"},
		{name: "own address", cfg: GuardConfig{Local: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr(public)} }}, address: public + ":443", rule: "local"},
		{name: "own address, allowed", cfg: GuardConfig{Allow: prefixes("8.8.8.8/32"), Local: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr(public)} }}, address: public + ":443"},
		{name: "own address, mapped", cfg: GuardConfig{Local: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr(public)} }}, address: "[::ffff:8.8.8.8]:443", rule: "local"},
		{name: "not TCP", network: "udp4", address: public + ":443", rule: "special"},
		{name: "socket", network: "unix", address: "/run/docker.sock", rule: "special"},
		{name: "no address", address: ":80", rule: "special"},
		{name: "a name", address: "localhost:80", rule: "special"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var rules []string
			row.cfg.Blocked = func(rule string) { rules = append(rules, rule) }
			if row.network == "" {
				row.network = "tcp4"
			}
			err := offline(t, row.cfg).Control(row.network, row.address, nil)
			if row.rule == "" && (err != nil || rules != nil) {
				t.Errorf("%v by %q, want it allowed", err, rules)
			}
			if row.rule != "" && (err != ErrBlocked || !slices.Equal(rules, []string{row.rule})) {
				t.Errorf("%v by %q, want %v by %q", err, rules, ErrBlocked, row.rule)
			}
			if row.rule != "" && !slices.Contains(GuardRules(), row.rule) {
				t.Errorf("rule %q is not in GuardRules", row.rule)
			}
		})
	}
}

func TestGuardCheckURLByPolicy(t *testing.T) {
	rows := []struct {
		name string
		cfg  GuardConfig
		raw  string
		want Reason
	}{
		{"closed port of a name", GuardConfig{}, "http://ok.test:8080/", BlockedAddress},
		{"allowed port of a name", GuardConfig{Ports: []uint16{8080}}, "http://ok.test:8080/", ""},
		{"a name may be in the allowed network", GuardConfig{Allow: prefixes("10.0.0.0/8")}, "http://ok.test:8080/", ""},
		{"allowed network", GuardConfig{Allow: prefixes("127.0.0.0/8")}, "http://127.0.0.1:8080/", ""},
		{"allowed network, user all the same", GuardConfig{Allow: prefixes("127.0.0.0/8")}, "http://u@127.0.0.1:8080/", InvalidURL},
		{"allowed network, number all the same", GuardConfig{Allow: prefixes("127.0.0.0/8")}, "http://127.1/", InvalidURL},
		{"open takes a user", GuardConfig{Open: true}, "http://u:p@127.0.0.1:22/", ""},
		{"open takes a number", GuardConfig{Open: true}, "http://127.1:22/", ""},
		{"open takes a zone", GuardConfig{Open: true}, "http://[fe80::1%25lo]/", ""},
		{"open but denied", GuardConfig{Open: true, Deny: prefixes("fe80::/10")}, "http://[fe80::1%25lo]/", BlockedAddress},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, reason, err := judge(offline(t, row.cfg), row.raw); reason != row.want || (err == nil) != (row.want == "") {
				t.Errorf("%q, %v, want %q", reason, err, row.want)
			}
		})
	}
}

func TestNewGuardRefusesBadSettings(t *testing.T) {
	for name, cfg := range map[string]GuardConfig{
		"invalid allow": {Allow: []netip.Prefix{{}}},
		"invalid deny":  {Deny: []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr("10.0.0.0"), 33)}},
		"port 0":        {Ports: []uint16{0}},
	} {
		if _, err := NewGuard(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestGuardKnowsItsOwnInterfaces(t *testing.T) {
	addrs := interfaceAddrs()
	if !slices.Contains(addrs, netip.MustParseAddr("127.0.0.1")) {
		t.Fatalf("interfaces have %v, want 127.0.0.1 among them", addrs)
	}
	g, err := NewGuard(GuardConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if err := g.Control("tcp", netip.AddrPortFrom(a, 80).String(), nil); !errors.Is(err, ErrBlocked) {
			t.Errorf("own address %s: %v", a, err)
		}
	}
}

func TestGuardNoticesANewAddressOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var own []netip.Addr
		asked := 0
		g := offline(t, GuardConfig{Local: func() []netip.Addr { asked++; return own }})
		if err := g.Control("tcp4", "8.8.8.8:80", nil); err != nil {
			t.Fatal(err)
		}
		own = []netip.Addr{netip.MustParseAddr("8.8.8.8")}
		time.Sleep(localAddrsAge + 1)
		for range 3 {
			if err := g.Control("tcp4", "8.8.8.8:80", nil); err != ErrBlocked {
				t.Errorf("%v, want %v", err, ErrBlocked)
			}
		}
		if asked != 2 {
			t.Errorf("the interfaces were asked %d times, want 2", asked)
		}
	})
}

// FuzzURLPolicy: a URL of an address that the text policy lets through, with all
// its readings, is one that the dialer lets through; and vice versa, nothing but
// its port and its text keeps an address from being let through.
func FuzzURLPolicy(f *testing.F) {
	for _, row := range hostileURLs() {
		if len(row.raw) < 1024 { // the fuzzer would spend its time on shortening the long ones
			f.Add(row.raw)
		}
	}
	guards := []*Guard{
		offline(f, GuardConfig{}),
		offline(f, GuardConfig{Allow: prefixes("127.0.0.0/8", "::1/128"), Deny: prefixes("127.0.0.2/32", "8.0.0.0/8"), Ports: []uint16{8080}}),
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, g := range guards {
			u, reason, err := judge(g, raw)
			if (err == nil) != (reason == "") {
				t.Fatalf("reason %q with error %v", reason, err)
			}
			if reason != "" && reason != InvalidURL && reason != BlockedAddress {
				t.Fatalf("reason %q", reason)
			}
			if u == nil {
				continue
			}
			if again, err := Normalize(u.String()); err != nil || again != u.String() {
				t.Fatalf("Normalize(%q) = %q, %v", u, again, err)
			}
			addr, err := netip.ParseAddr(u.Hostname())
			if err != nil {
				continue // a name
			}
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			to, err := netip.ParseAddrPort("[" + addr.String() + "]:" + port)
			if addr.Is4() {
				to, err = netip.ParseAddrPort(addr.String() + ":" + port)
			}
			if err != nil {
				t.Fatal(err)
			}
			dial := g.Control("tcp", to.String(), nil)
			switch {
			case reason == "" && dial != nil:
				t.Fatalf("%q is let through, its address is not", u)
			case reason == BlockedAddress && dial == nil:
				t.Fatalf("%q is blocked, its address is not", u)
			}
		}
	})
}

func BenchmarkGuardControl(b *testing.B) {
	g, err := NewGuard(GuardConfig{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Control("tcp4", "93.184.216.34:443", nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	const page = "https://www.example.com/products/1234?ref=list&page=2"
	g := offline(b, GuardConfig{})
	for name, ask := range map[string]func() (Reason, error){
		"CheckURL": func() (Reason, error) {
			u, err := url.Parse(page)
			if err != nil {
				return InvalidURL, err
			}
			return g.CheckURL(u)
		},
		"CheckText": func() (Reason, error) { return g.CheckText(page) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
