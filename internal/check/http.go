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
	"strconv"
	"strings"
	"time"
)

const (
	defaultTimeout = 10 * time.Second
	defaultBody    = 64 << 10
	// defaultIdle is 40 MiB of idle plain connections, if that many hosts come
	// back.
	defaultIdle = 16384
	// maxHead bounds a response head, all 1xx before it included. net/http's
	// default of 10 MiB let one hostile answer allocate 84 MB.
	maxHead = 64 << 10
	// What is read of an unwanted body to keep its connection, and how long.
	// Bodies above or slower cost less as a new connection.
	maxDrain     = 64 << 10
	maxDrainTime = 100 * time.Millisecond
)

// HTTPConfig says how targets are asked. The zero value is what a visitor
// would get: GET, redirects followed, certificates verified.
type HTTPConfig struct {
	Timeout        time.Duration // whole check, where neither ctx nor target bound it; 0 is 10 s
	ConnectTimeout time.Duration // name resolution and TCP together; 0 is 5 s
	TLSTimeout     time.Duration // handshake; 0 is 10 s
	MaxRedirects   int           // hops followed; 0 follows none: a redirect is the answer
	MaxBody        int64         // bytes an expectation on the body sees; 0 is 64 KiB

	UserAgent string // "" is "hc"

	TLS      *tls.Config                      // nil: verified, TLS 1.2 or later; ALPN is set here
	Proxy    func(*url.URL) (*url.URL, error) // http, https or socks5; nil is none
	Resolve  map[string]string                // "host:port" → "ip:port" or "[ip]:port", as curl's --resolve
	Network  string                           // "tcp", "tcp4" or "tcp6"; "" is tcp
	Guard    *Guard                           // nil lets every address through
	Resolver *net.Resolver                    // nil is the system's
	MaxIdle  int                              // idle connections kept at most for their host's next target, an eighth as many over TLS; 0 is 16384, negative keeps none
	now      func() time.Time                 // tests of certificate dates
}

// HTTP checks HTTP and HTTPS targets. It owns its connections: it dials, writes
// a request and reads the answer on the caller's goroutine, so that each moment
// belongs to a known phase, and each error too. docs/adr/0002 says why it is
// not a net/http.Transport.
type HTTP struct {
	cfg  HTTPConfig
	dial dialer
	idle *shelf
}

// NewHTTP gives a Checker that asks once per Check (no retries). Close it when
// no Check runs any more.
func NewHTTP(cfg HTTPConfig) *HTTP {
	cfg.Timeout = cmp.Or(cfg.Timeout, defaultTimeout)
	cfg.ConnectTimeout = cmp.Or(cfg.ConnectTimeout, 5*time.Second)
	cfg.TLSTimeout = cmp.Or(cfg.TLSTimeout, 10*time.Second)
	cfg.MaxBody = cmp.Or(cfg.MaxBody, defaultBody)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "hc")
	cfg.Network = cmp.Or(cfg.Network, "tcp")
	cfg.MaxIdle = cmp.Or(cfg.MaxIdle, defaultIdle)
	if cfg.now == nil {
		cfg.now = time.Now
	}
	idle := newShelf(cfg.MaxIdle)
	return &HTTP{cfg: cfg, dial: newDialer(cfg, idle), idle: idle}
}

// Close closes the idle connections.
func (h *HTTP) Close() { h.idle.close() }

// Check asks t once, follows its redirects and judges the answer. Where ctx has
// no deadline within the timeout, the target's or the config's bounds it.
func (h *HTTP) Check(ctx context.Context, t Target) Result {
	if t.Invalid != "" {
		return Failed(t, InvalidURL, t.Invalid)
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return Failed(t, InvalidURL, "not a URL")
	}
	timeout := cmp.Or(t.Timeout, h.cfg.Timeout)
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > timeout {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	v := &visit{
		HTTP:    h,
		ctx:     ctx,
		timeout: timeout,
		watch:   startWatch(),
		res:     Result{Target: t, Attempts: 1, CheckedAt: h.cfg.now()},
	}
	v.ask(u)
	v.res.Outcome = v.res.Reason.Default()
	v.res.Error = MaskText(v.res.Error)
	v.res.Timing = v.watch.Timing
	return v.res
}

// visit is one Check in the making. It lives on one goroutine and ends with it,
// which is why it may hold ctx.
type visit struct {
	*HTTP
	ctx     context.Context
	timeout time.Duration
	watch   stopwatch
	res     Result
	probe   *probe // nil for a Check
}

// ask asks with the target's method; [Auto] with HEAD and, where that was
// refused, GET.
func (v *visit) ask(u *url.URL) {
	method := cmp.Or(v.res.Target.Method, http.MethodGet)
	if method != Auto {
		v.follow(method, u)
		return
	}
	if v.res.Target.Expect.Body == nil {
		v.follow(http.MethodHead, u)
		if !headRefused(&v.res) {
			return
		}
		v.res = Result{Target: v.res.Target, Attempts: v.res.Attempts, CheckedAt: v.res.CheckedAt}
	}
	v.follow(http.MethodGet, u)
}

// headRefused reports whether GET may give another answer: linkinator's rule,
// less the statuses that mean the same for both methods.
func headRefused(r *Result) bool {
	switch code := r.StatusCode; {
	case r.Reason == "" || code == 0 || code/100 == 2:
		return false
	default:
		return code != http.StatusUnauthorized && code != http.StatusProxyAuthRequired &&
			code != http.StatusGone && code != http.StatusTooManyRequests
	}
}

// follow asks u and each redirect's target in turn.
func (v *visit) follow(method string, u *url.URL) {
	t := &v.res.Target
	req := request{method: method, url: u, agent: v.cfg.UserAgent}
	if t.Request != nil {
		req.header, req.body = t.Request.Header, t.Request.Body
	}
	for {
		if !v.allowed(req.url) {
			return
		}
		a, ok := v.exchange(&req)
		if !ok {
			return
		}
		next, ok := v.redirect(a)
		if !ok {
			if v.probe != nil {
				v.probe.judge(v, a)
			} else {
				v.judge(a)
			}
			v.finish(a)
			return
		}
		v.res.Redirects = append(v.res.Redirects, Hop{URL: req.url.String(), StatusCode: a.StatusCode})
		v.finish(a)
		if !v.step(&req, a, next) {
			return
		}
	}
}

// allowed asks the guard's policy about the URL's text; addresses are the
// dialer's to refuse.
func (v *visit) allowed(u *url.URL) bool {
	if v.cfg.Guard == nil {
		return true
	}
	reason, err := v.cfg.Guard.CheckURL(u)
	if err != nil {
		v.fail(reason, err.Error())
	}
	return err == nil
}

// redirect reports whether a sends the visitor on, and where to. What would be
// one redirect too many is a probe's answer.
func (v *visit) redirect(a *answer) (to string, ok bool) {
	to, ok = location(a)
	if v.probe != nil {
		return to, ok && len(v.res.Redirects) < v.cfg.MaxRedirects
	}
	return to, ok && v.cfg.MaxRedirects > 0 && !v.res.Target.Expect.Codes.Redirects()
}

// location reports whether a is a redirect, and where to.
func location(a *answer) (to string, ok bool) {
	switch a.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		to = a.Header.Get("Location")
	}
	return to, to != ""
}

// step makes req the request a redirect asks for, or fails the visit.
func (v *visit) step(req *request, a *answer, location string) bool {
	if len(v.res.Redirects) > v.cfg.MaxRedirects {
		v.fail(TooManyRedirects, fmt.Sprintf("more than %d redirects", v.cfg.MaxRedirects))
		return false
	}
	next, err := req.url.Parse(location)
	if err != nil || next.Host == "" && next.Opaque == "" {
		v.fail(ProtocolError, fmt.Sprintf("redirected with %d to a Location that is no URL", a.StatusCode))
		return false
	}
	next.RawQuery = strings.ReplaceAll(next.RawQuery, " ", "%20") // as browsers send it
	canonical, err := Normalize(next.String())
	if err != nil {
		v.fail(InvalidURL, fmt.Sprintf("redirected with %d to a bad URL: %v", a.StatusCode, err))
		return false
	}
	if next, err = url.Parse(canonical); err != nil {
		v.fail(ProtocolError, fmt.Sprintf("redirected with %d to a Location that is no URL", a.StatusCode))
		return false
	}
	// RFC 9110 §15.4: 303 turns every method but HEAD into GET; 301 and 302 turn
	// POST into GET, as browsers do.
	if req.method != http.MethodHead && (a.StatusCode == http.StatusSeeOther ||
		req.method == http.MethodPost && (a.StatusCode == http.StatusMovedPermanently || a.StatusCode == http.StatusFound)) {
		req.method, req.body = http.MethodGet, ""
	}
	if v.probe != nil {
		req.header = v.probe.along(req.url, a, next)
	} else if next.Scheme != req.url.Scheme || next.Host != req.url.Host {
		req.header = nil // secrets never leave the origin they were meant for (lychee #1298)
	}
	req.url = next
	v.res.FinalURL = canonical
	return true
}

// exchange sends req and reads the head of its answer, over an idle connection
// where there is one. An idle connection that turns out dead before a byte of
// the answer came is replaced without counting as an attempt, as in net/http.
func (v *visit) exchange(req *request) (*answer, bool) {
	origin := req.origin()
	for {
		c, err := v.connect(req, origin)
		if err != nil {
			v.failed(err)
			return nil, false
		}
		v.watch.Reused = c.uses.Load() > 0
		req.last = v.probe != nil || !v.watch.Reused && v.idle.lonely(origin)
		a, err := c.roundTrip(v.ctx, req, &v.watch)
		if err == nil {
			v.describe(c, a)
			return a, true
		}
		v.drop(c)
		v.watch.lap(&v.watch.Processing)
		if c.uses.Load() > 0 && errors.Is(err, errNoResponse) && v.ctx.Err() == nil && req.idempotent() {
			continue
		}
		v.describe(c, nil)
		v.failed(err)
		return nil, false
	}
}

// connect takes an idle connection to the origin or dials one.
func (v *visit) connect(req *request, origin string) (*conn, error) {
	if c := v.idle.take(origin); c != nil {
		v.watch.lap(&v.watch.Connect)
		return c, nil
	}
	c, err := v.dial.dial(v.ctx, req.url, &v.watch)
	if err != nil {
		return nil, err
	}
	c.origin = origin
	return c, nil
}

// describe copies what the connection and the head of the answer say.
func (v *visit) describe(c *conn, a *answer) {
	v.res.RemoteIP = c.remote
	v.res.TLS = c.tls
	if a != nil {
		v.res.StatusCode = a.StatusCode
		v.res.Protocol = a.Proto
		v.res.ContentLength = a.ContentLength
	}
}

// judge compares the answer with what is expected, in the order of what says
// most: status, header, body, certificate, latency.
func (v *visit) judge(a *answer) {
	e := v.res.Target.Expect
	latency := v.watch.Latency() + time.Since(v.watch.last) // before any drain, which must not change the verdict
	if !e.Codes.Accepts(a.StatusCode) {
		v.refused(a, e.Codes)
		return
	}
	for _, rule := range e.Header {
		if !matches(a.Header.Values(rule.Name), rule) {
			v.fail(HeaderMismatch, fmt.Sprintf("header %s does not match %s", rule.Name, rule.Match))
			return
		}
	}
	if e.Body != nil {
		body, err := a.read(v.cfg.MaxBody)
		v.watch.lap(&v.watch.Transfer)
		latency = v.watch.Latency()
		if !e.Body.Match(body) {
			if err != nil {
				v.failed(err)
				return
			}
			v.fail(BodyMismatch, fmt.Sprintf("no match for %s in the first %d bytes of the body", e.Body, len(body)))
			return
		}
	}
	if c := v.res.TLS; c != nil && e.CertDays > 0 && c.DaysLeft(v.cfg.now()) < e.CertDays {
		v.fail(CertExpired, fmt.Sprintf("certificate expires in %d days, want %d", c.DaysLeft(v.cfg.now()), e.CertDays))
		return
	}
	if e.Latency > 0 && latency > e.Latency {
		v.fail(LatencyExceeded, fmt.Sprintf("answered in %s, want %s", latency.Round(time.Millisecond), e.Latency))
	}
}

func matches(values []string, rule HeaderRule) bool {
	return slices.ContainsFunc(values, rule.Match.MatchString)
}

// refused judges a status that is not accepted. 429 is the host's word on us,
// not on the page; so is 503 where it says when to come back (RFC 9110
// §15.6.4).
func (v *visit) refused(a *answer, want Codes) {
	v.res.RetryAfter = retryAfter(a.Header.Get("Retry-After"), v.cfg.now())
	asked := a.Header.Get("Retry-After") != ""
	switch {
	case a.StatusCode == http.StatusTooManyRequests,
		a.StatusCode == http.StatusServiceUnavailable && asked:
		text := "throttled: " + statusText(a.StatusCode)
		if asked {
			text += fmt.Sprintf(", Retry-After %s", v.res.RetryAfter)
		}
		v.fail(RateLimited, text)
	default:
		v.res.RetryAfter = 0
		v.fail(HTTPStatus, fmt.Sprintf("%s, want %s", statusText(a.StatusCode), want))
	}
	switch a.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		v.res.Temporary = true
	}
}

func statusText(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// retryAfter reads the header's two forms, seconds or a date (RFC 9110
// §10.2.3). What is neither, or past, is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return time.Duration(min(max(seconds, 0), 1<<31)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// finish reads what is left of the answer, within bounds, and puts the
// connection on the shelf if it can be used again.
func (v *visit) finish(a *answer) {
	reusable := a.drain(v.ctx)
	v.watch.lap(&v.watch.Transfer)
	if reusable {
		v.idle.put(a.conn)
	} else {
		v.drop(a.conn)
	}
}

// drop closes c, unless other checks share it. A probe's is its own.
func (v *visit) drop(c *conn) {
	if v.probe != nil {
		_ = c.Close()
		return
	}
	v.idle.drop(c)
}

func (v *visit) fail(r Reason, text string) {
	v.res.Reason, v.res.Error = r, text
}

// failed judges an error on the way to an answer.
func (v *visit) failed(err error) {
	f := diagnose(v.ctx, err, v.timeout)
	v.res.Reason, v.res.Error, v.res.Temporary = f.reason, f.text, f.temporary
	if v.res.Target.Request != nil && v.res.Target.Request.Body != "" || !idempotent(v.res.Target.Method) {
		// What may have reached the target is not asked twice unless asking twice
		// is harmless (RFC 9110 §9.2.2).
		v.res.Temporary = f.temporary && !f.sent
	}
	if f.reason == BlockedAddress {
		v.res.RemoteIP, v.res.Error = netip.Addr{}, f.text
	}
	if f.tls != nil {
		v.res.TLS = f.tls
	}
}
