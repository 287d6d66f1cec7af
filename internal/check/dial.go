package check

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"golang.org/x/net/proxy"
)

// dialer opens connections: name, TCP, proxy, TLS, each to its own phase of the
// stopwatch and its own kind of error.
type dialer struct {
	cfg     HTTPConfig
	pin     pin
	tcp     net.Dialer // looks names up
	direct  net.Dialer // the same for addresses, ended by a deadline alone
	tls     *tls.Config
	idle    *shelf
	buffers *buffers
}

// pin says where to dial a probe's own host, and by which name to greet it.
type pin struct {
	host       string     // "" pins nothing
	addr       netip.Addr // invalid looks host up
	serverName string     // "" is host
}

func newDialer(cfg HTTPConfig, idle *shelf) dialer {
	d := dialer{
		cfg:     cfg,
		tls:     baseTLS(cfg.TLS),
		idle:    idle,
		buffers: newBuffers(),
		tcp: net.Dialer{
			Timeout:   cfg.ConnectTimeout,
			KeepAlive: -1, // a check is shorter than any keep-alive period; saves four system calls
			Resolver:  cfg.Resolver,
		},
	}
	if cfg.Guard != nil {
		d.tcp.Control = cfg.Guard.Control
		if cfg.Resolver == nil {
			// The C resolver turns 127.1 and 0x7f000001 into 127.0.0.1; Go's does not.
			d.tcp.Resolver = &net.Resolver{PreferGo: true}
		}
	}
	d.direct = d.tcp
	d.direct.Timeout, d.direct.FallbackDelay = 0, -1
	return d
}

// baseTLS is given with HTTP/2 and HTTP/1.1 offered and, unless the caller chose
// curves, one classical key share: leaving out Go's hybrid X25519MLKEM768 share
// is 18 % of a handshake's CPU, and a checker keeps no secret worth harvesting.
func baseTLS(given *tls.Config) *tls.Config {
	cfg := &tls.Config{}
	if given != nil {
		cfg = given.Clone()
	}
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	cfg.NextProtos = []string{"h2", "http/1.1"}
	if cfg.CurvePreferences == nil {
		cfg.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	}
	return cfg
}

// dial opens a connection on which u can be asked.
func (d *dialer) dial(ctx context.Context, u *url.URL, w *stopwatch) (*conn, error) {
	raw, proxied, err := d.reach(ctx, u, w)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, raw: raw, buffers: d.buffers, absolute: proxied && u.Scheme == "http"}
	if addr, ok := raw.RemoteAddr().(*net.TCPAddr); ok && !proxied {
		c.remote = addr.AddrPort().Addr().Unmap()
	}
	if c.absolute {
		c.proxyAuth = d.proxyAuth(u)
	}
	if u.Scheme == "https" {
		if err := d.secure(ctx, c, u.Hostname(), w); err != nil {
			_ = raw.Close()
			return nil, err
		}
	}
	return c, nil
}

// reach opens the TCP connection, to u's host or through its proxy.
func (d *dialer) reach(ctx context.Context, u *url.URL, w *stopwatch) (raw net.Conn, proxied bool, err error) {
	via, err := d.proxy(u)
	if err != nil {
		return nil, false, &phaseError{phaseProxy, err}
	}
	if via != nil {
		raw, err = d.tunnel(ctx, via, u, w)
		return raw, true, err
	}
	raw, err = d.connect(ctx, hostPort(u), w)
	if err != nil && errors.Is(err, syscall.EMFILE) && d.idle.shrink() {
		raw, err = d.connect(ctx, hostPort(u), w)
	}
	if err != nil {
		return nil, false, &phaseError{phaseDial, err}
	}
	return raw, false, nil
}

func (d *dialer) proxy(u *url.URL) (*url.URL, error) {
	if d.cfg.Proxy == nil {
		return nil, nil
	}
	return d.cfg.Proxy(u)
}

// connect resolves and dials "host:port". Not DialTCP, which binds a local port
// before it connects and so runs out of them (vegeta on many hosts).
func (d *dialer) connect(ctx context.Context, address string, w *stopwatch) (net.Conn, error) {
	defer w.lap(&w.Connect)
	address = d.pinned(cmp.Or(d.cfg.Resolve[address], address))
	if _, err := netip.ParseAddrPort(address); err == nil {
		return d.direct.DialContext(by(ctx, w.last.Add(d.cfg.ConnectTimeout)), d.cfg.Network, address)
	}
	// The resolver reports back on this goroutine, so the stopwatch is safe.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(httptrace.DNSDoneInfo) { w.lap(&w.Resolve) },
	})
	return d.tcp.DialContext(ctx, d.cfg.Network, address)
}

// deadline is a context that names an earlier end and does not end by it: enough for
// a connect, which waits in the poller until a deadline anyway, and without what
// [context.WithDeadline] takes: a timer, 600 bytes and 2 µs (bench distinct-100k).
type deadline struct {
	context.Context
	at time.Time
}

func (d deadline) Deadline() (time.Time, bool) { return d.at, true }

func by(ctx context.Context, at time.Time) context.Context {
	if end, ok := ctx.Deadline(); ok && end.Before(at) {
		return ctx
	}
	return deadline{ctx, at}
}

// pinned puts the pinned address in the place of its name.
func (d *dialer) pinned(address string) string {
	if !d.pin.addr.IsValid() {
		return address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host != d.pin.host {
		return address
	}
	return net.JoinHostPort(d.pin.addr.String(), port)
}

// secure does the TLS handshake and, where the server chose HTTP/2, makes c
// speak it.
func (d *dialer) secure(ctx context.Context, c *conn, host string, w *stopwatch) error {
	cfg := d.tls.Clone()
	if host == d.pin.host {
		cfg.ServerName = d.pin.serverName
	}
	cfg.ServerName = cmp.Or(cfg.ServerName, host)
	secured := tls.Client(c.raw, cfg)
	_ = c.raw.SetDeadline(time.Now().Add(d.cfg.TLSTimeout))
	stop := context.AfterFunc(ctx, func() { _ = c.raw.SetDeadline(past) })
	err := secured.Handshake() // not HandshakeContext, which costs a goroutine
	w.lap(&w.TLS)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		return &phaseError{phaseTLS, err}
	}
	_ = c.raw.SetDeadline(time.Time{})
	state := secured.ConnectionState()
	c.Conn = secured
	c.tls = describeTLS(&state)
	if state.NegotiatedProtocol == "h2" {
		if c.h2, err = speakHTTP2(ctx, secured); err != nil {
			return &phaseError{phaseTLS, err}
		}
	}
	return nil
}

func describeTLS(state *tls.ConnectionState) *TLS {
	t := &TLS{Version: tls.VersionName(state.Version)[len("TLS "):]}
	if len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		t.Issuer, t.NotAfter = leaf.Issuer.String(), leaf.NotAfter
	}
	return t
}

// tunnel reaches u through a proxy: SOCKS5, or HTTP with CONNECT for https. For
// plain http the proxy is asked itself, in absolute form (RFC 9112 §3.2.2).
// Whatever fails here is the proxy's fault.
func (d *dialer) tunnel(ctx context.Context, via, u *url.URL, w *stopwatch) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) { return nil, &phaseError{phaseProxy, err} }
	switch via.Scheme {
	case "socks5", "socks5h":
		through, err := proxy.FromURL(via, &d.tcp)
		if err != nil {
			return fail(err)
		}
		c, err := through.(proxy.ContextDialer).DialContext(ctx, "tcp", hostPort(u))
		w.lap(&w.Connect)
		if err != nil {
			return fail(err)
		}
		return c, nil
	case "http", "https":
	default:
		return fail(fmt.Errorf("scheme %s is not http, https or socks5", via.Scheme))
	}
	c, err := d.connect(ctx, hostPort(via), w)
	if err != nil {
		return fail(err)
	}
	defer w.lap(&w.Connect)
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(past) })
	if via.Scheme == "https" {
		cfg := d.tls.Clone()
		cfg.ServerName, cfg.NextProtos = via.Hostname(), nil
		c = tls.Client(c, cfg)
	}
	if u.Scheme == "https" {
		err = handshakeConnect(c, via, u)
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		_ = c.Close()
		return fail(err)
	}
	return c, nil
}

// handshakeConnect asks the proxy on c for a tunnel to u (RFC 9110 §9.3.6). The
// reader may not be kept: in TLS the client speaks first, so nothing of the
// target's is in it.
func handshakeConnect(c net.Conn, via, u *url.URL) error {
	ask := "CONNECT " + hostPort(u) + " HTTP/1.1\r\nHost: " + hostPort(u) + "\r\n"
	if auth := basicAuth(via.User); auth != "" {
		ask += "Proxy-Authorization: " + auth + "\r\n"
	}
	if _, err := c.Write([]byte(ask + "\r\n")); err != nil {
		return err
	}
	head := bufio.NewReader(&limited{Reader: c, left: maxHead})
	resp, err := http.ReadResponse(head, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered CONNECT with %s", resp.Status)
	}
	return nil
}

// proxyAuth is the Proxy-Authorization of plain http requests through a proxy.
func (d *dialer) proxyAuth(u *url.URL) string {
	if via, err := d.proxy(u); err == nil && via != nil {
		return basicAuth(via.User)
	}
	return ""
}

// basicAuth is the header value for user, "" for none (RFC 7617).
func basicAuth(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// hostPort is u's "host:port", the scheme's default port filled in.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		switch u.Scheme {
		case "https":
			port = "443"
		case "socks5", "socks5h":
			port = "1080"
		default:
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
