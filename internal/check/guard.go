package check

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrBlocked is the one error for an address the guard denies. It says neither
// which address nor why: a difference between refusals would make the service a
// scanner of the network it stands in.
var ErrBlocked = errors.New("blocked: the address of this host is not allowed here")

// GuardConfig says which addresses may be asked. The zero value lets through the
// public internet on ports 80 and 443.
type GuardConfig struct {
	Allow []netip.Prefix // opened on every port, whatever else says no but Deny
	Deny  []netip.Prefix // closed, whatever else says yes
	Ports []uint16       // open beside 80 and 443

	// Open lets through what Deny does not name, and takes any URL: for a user
	// who guards only against single networks.
	Open bool

	// Local gives the addresses of this machine, which are denied even where
	// they are public. nil asks the network interfaces.
	Local func() []netip.Addr

	// Blocked, if set, is told the rule, one of [GuardRules], of each refused
	// address. It must be quick and safe for concurrent use.
	Blocked func(rule string)
}

// GuardRules lists why an address may be refused: it is denied by the user, on
// another port than is open, of a special-purpose network, of this machine.
func GuardRules() []string { return []string{ruleDeny, rulePort, ruleSpecial, ruleLocal} }

const (
	ruleDeny    = "deny"
	rulePort    = "port"
	ruleSpecial = "special"
	ruleLocal   = "local"
)

// A Guard keeps checks away from addresses that are nobody's business: loopback,
// private networks, cloud metadata. [Guard.Control] decides, on the address that
// is dialled, so that neither DNS rebinding nor a redirect gets around it;
// [Guard.CheckURL] refuses earlier what can be refused by its text. It is safe
// for concurrent use.
type Guard struct {
	cfg     GuardConfig
	special *ssrf.Guardian
	local   localAddrs
}

// azureWire answers for Azure's host agent from a public address, which no
// registry of special addresses knows.
var azureWire = netip.MustParsePrefix("168.63.129.16/32")

// NewGuard checks cfg and returns its Guard.
func NewGuard(cfg GuardConfig) (*Guard, error) {
	var err error
	if cfg.Allow, err = unmapPrefixes(cfg.Allow); err != nil {
		return nil, fmt.Errorf("allowed network: %w", err)
	}
	if cfg.Deny, err = unmapPrefixes(cfg.Deny); err != nil {
		return nil, fmt.Errorf("denied network: %w", err)
	}
	if slices.Contains(cfg.Ports, 0) {
		return nil, errors.New("allowed port 0: ports are 1 to 65535")
	}
	if cfg.Local == nil {
		cfg.Local = interfaceAddrs
	}
	return &Guard{
		cfg:     cfg,
		special: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azureWire)),
		local:   localAddrs{ask: cfg.Local},
	}, nil
}

// Control is a net.Dialer's Control: it sees the very address that is about to
// be dialled, of each attempt and each hop. Its only error is [ErrBlocked].
func (g *Guard) Control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return g.blocked(ruleSpecial)
	}
	return g.checkAddr(to.Addr(), to.Port())
}

// checkAddr is the policy. An IPv4 address mapped into IPv6 is dialled as IPv4,
// so it is judged as that.
func (g *Guard) checkAddr(addr netip.Addr, port uint16) error {
	addr = addr.Unmap().WithZone("")
	switch {
	case contains(g.cfg.Deny, addr):
		return g.blocked(ruleDeny)
	case g.cfg.Open, contains(g.cfg.Allow, addr):
		return nil
	case !g.openPort(port):
		return g.blocked(rulePort)
	case g.special.SafeAddr(addr) != nil, isISATAP(addr):
		return g.blocked(ruleSpecial)
	case g.local.contain(addr):
		return g.blocked(ruleLocal)
	default:
		return nil
	}
}

func (g *Guard) openPort(port uint16) bool {
	return port == 80 || port == 443 || slices.Contains(g.cfg.Ports, port)
}

func (g *Guard) blocked(rule string) error {
	if g.cfg.Blocked != nil {
		g.cfg.Blocked(rule)
	}
	return ErrBlocked
}

// isISATAP finds the interface identifiers of RFC 5214 §6.1, which hold an IPv4
// address that a router of that network would pass on to.
func isISATAP(addr netip.Addr) bool {
	b := addr.As16()
	return addr.Is6() && b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func contains(ps []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// unmapPrefixes turns ::ffff:10.0.0.0/104 into 10.0.0.0/8, since addresses are
// unmapped as well.
func unmapPrefixes(ps []netip.Prefix) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(ps))
	for _, p := range ps {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if !p.IsValid() {
			return nil, errors.New("not valid: write 10.0.0.0/8 or fd00::/8")
		}
		out = append(out, p)
	}
	return out, nil
}
