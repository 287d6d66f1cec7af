package gateway

import (
	"net/http"
	"net/netip"
)

// callerName says who asks: the name of the key, else the address. That of a
// header such as X-Forwarded-For anybody can write, so it is not looked at. An
// IPv6 address stands for its /64, the least that a network gets (RFC 6177). The
// two do not mix: where there are keys, all that is counted needs one.
func callerName(rep *reply, r *http.Request) string {
	if rep.caller != "" {
		return rep.caller
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr // a socket that is none of TCP's
	}
	addr := from.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
