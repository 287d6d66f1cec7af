package check

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// probeTimeout ends a probe whose ctx does not. It is blackbox_exporter's for a
// caller that says nothing.
const probeTimeout = 120 * time.Second

// probeRedirects is blackbox_exporter's bound.
const probeRedirects = 10

// A Prober checks as blackbox_exporter does, which differs from [HTTP] in what a
// monitor needs: a name is looked up once and one of its addresses is asked, with
// no second try at another; each request has a connection of its own, so that
// every probe sees the listener and the certificate of now; the body is read to
// its end; and rules of its [Module] judge the answer. It is safe for concurrent
// use and holds no connection between probes.
type Prober struct {
	module   Module
	http     *HTTP
	resolver *net.Resolver
}

// NewProber makes the Prober of a module. Of cfg it takes Guard, Resolver and
// UserAgent; all else the module says. A module that uses a proxy cannot be
// guarded: the proxy would dial, not we.
func NewProber(m Module, cfg HTTPConfig) (*Prober, error) {
	proxy := m.proxy()
	if proxy != nil && cfg.Guard != nil {
		return nil, fmt.Errorf("module %s uses a proxy, which dials for us, so no address could be refused: leave it out of the module, or the guard out of the service", m.Name)
	}
	redirects := probeRedirects
	if m.NoRedirects {
		redirects = 0
	}
	engine := NewHTTP(HTTPConfig{
		Timeout:        probeTimeout,
		ConnectTimeout: probeTimeout, // ctx bounds each phase
		TLSTimeout:     probeTimeout,
		MaxRedirects:   redirects,
		MaxIdle:        -1,
		UserAgent:      cfg.UserAgent,
		TLS:            m.TLS,
		Proxy:          proxy,
		Guard:          cfg.Guard,
		Resolver:       cfg.Resolver,
	})
	if m.TLS != nil && m.TLS.MinVersion != 0 {
		engine.dial.tls.MinVersion = m.TLS.MinVersion // to see whether an old one is still spoken
	}
	engine.dial.tls.ServerName = "" // for the target's own host only, see pin
	if m.NoHTTP2 {
		engine.dial.tls.NextProtos = []string{"http/1.1"}
	}
	return &Prober{m, engine, cmp.Or(engine.dial.tcp.Resolver, new(net.Resolver))}, nil
}

// Module is what NewProber was given.
func (p *Prober) Module() Module { return p.module }

func (m *Module) proxy() func(*url.URL) (*url.URL, error) {
	switch {
	case m.ProxyEnv:
		return httpproxy.FromEnvironment().ProxyFunc()
	case m.Proxy == nil:
		return nil
	case m.NoProxy != "":
		via := m.Proxy.String()
		return (&httpproxy.Config{HTTPProxy: via, HTTPSProxy: via, NoProxy: m.NoProxy}).ProxyFunc()
	default:
		return func(*url.URL) (*url.URL, error) { return m.Proxy, nil }
	}
}

// Probed is what a probe found. Its Result has no reason where the probe was a
// success.
type Probed struct {
	Result

	Addr         netip.Addr    // the one that was chosen, whether or not it answered; invalid for none
	Lookup       time.Duration // that took to find it; part of Timing.Resolve
	Redirects    int           // answers that were redirects; an 11th is counted and not followed
	BodyBytes    int64         // read, after decompression
	FailedRegexp bool          // a rule on header or body was broken
	LastModified time.Time     // as the last answer says
	Conn         *tls.ConnectionState
}

// Probe probes target, an http or https URL, or "host" or "host:port", which
// means http. host, unless "", is sent as Host and as the name in TLS.
func (p *Prober) Probe(ctx context.Context, target, host string) Probed {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	engine := *p.http
	v := &visit{
		HTTP:    &engine,
		ctx:     ctx,
		timeout: probeTimeout,
		watch:   startWatch(),
		res:     Result{Attempts: 1, CheckedAt: time.Now()},
		probe:   &probe{Prober: p},
	}
	if deadline, ok := ctx.Deadline(); ok {
		v.timeout = time.Until(deadline).Round(time.Millisecond)
	}
	v.res.Target = probeTarget(target, p.module.Method)
	v.probe.run(v, host)
	out := v.probe.out
	if v.res.Reason == BlockedAddress && out.Redirects == 0 {
		out.Addr, out.Lookup = netip.Addr{}, 0 // what a refused name stands for is nobody's business
	}
	v.res.Outcome = v.res.Reason.Default()
	v.res.Error = MaskText(v.res.Error)
	v.res.Timing = v.watch.Timing
	out.Result = v.res
	return out
}

func probeTarget(text, method string) Target {
	t := Target{Input: text, Method: cmp.Or(method, http.MethodGet)}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	var err error
	if t.URL, err = Normalize(text); err != nil {
		t.Invalid = err.Error()
	}
	return t
}

// probe is one Probe in the making: what a [visit] does otherwise in one.
type probe struct {
	*Prober
	header []Field // that may still be sent
	jar    jar
	out    Probed
}

func (b *probe) run(v *visit, host string) {
	t := &v.res.Target
	if t.Invalid != "" {
		v.res.Attempts = 0
		v.fail(InvalidURL, t.Invalid)
		return
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		v.fail(InvalidURL, "not a URL")
		return
	}
	if b.header, err = b.module.fields(); err != nil {
		v.fail(Internal, err.Error())
		return
	}
	if host != "" {
		b.header = append([]Field{{"Host", host}}, b.header...)
	}
	if !v.allowed(u) {
		return
	}
	v.dial.pin = pin{host: u.Hostname(), serverName: b.serverName()}
	if v.cfg.Proxy == nil || !b.module.NoLookupForProxy {
		b.out.Addr, err = b.choose(v.ctx, u.Hostname())
		v.watch.lap(&v.watch.Resolve)
		b.out.Lookup = v.watch.Resolve
		if err != nil {
			v.failed(&phaseError{phaseDial, err})
			return
		}
		v.dial.pin.addr = b.out.Addr
	}
	t.Request = &Request{Header: b.header, Body: b.module.Body}
	v.follow(t.Method, u)
	b.out.Redirects += len(v.res.Redirects)
}

// serverName is for TLS with the target's host, "" where it is the host itself.
func (b *probe) serverName() string {
	if b.module.TLS != nil && b.module.TLS.ServerName != "" {
		return b.module.TLS.ServerName
	}
	i := slices.IndexFunc(b.header, func(f Field) bool { return http.CanonicalHeaderKey(f.Name) == "Host" })
	if i < 0 {
		return ""
	}
	name := b.header[i].Value
	if host, _, err := net.SplitHostPort(name); err == nil {
		return host
	}
	return name
}

// choose looks name up and takes the first address of the kind preferred, else
// the first of the other.
func (p *Prober) choose(ctx context.Context, name string) (netip.Addr, error) {
	addrs := []netip.Addr{}
	if literal, err := netip.ParseAddr(name); err == nil {
		addrs = append(addrs, literal)
	} else if addrs, err = p.resolver.LookupNetIP(ctx, "ip", name); err != nil {
		return netip.Addr{}, err
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	i := slices.IndexFunc(addrs, func(a netip.Addr) bool { return a.Is4() == p.module.PreferIPv4 })
	switch {
	case i >= 0:
		return addrs[i], nil
	case !p.module.NoFallback && len(addrs) > 0:
		return addrs[0], nil
	case p.module.PreferIPv4:
		return netip.Addr{}, &net.DNSError{Err: "no IPv4 address", Name: name, IsNotFound: true}
	default:
		return netip.Addr{}, &net.DNSError{Err: "no IPv6 address", Name: name, IsNotFound: true}
	}
}

var errBodyTooLarge = errors.New("the body is larger than the module takes")
