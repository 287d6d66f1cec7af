package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/pool"
)

// What the settings mean to each room.

const (
	// maxConcurrency is where auto stops: more gains little on a list of many
	// hosts and is hard on one of few.
	maxConcurrency = 256
	// spareFiles are left for inputs, outputs, the resolver and Redis.
	spareFiles = 64
	// maxIdle connections are kept at most unless the user says how many, and
	// where there are descriptors for them: [check.FirstIdle] as they come, more only
	// for hosts that come back, then some 2 KiB each.
	maxIdle = 16384
)

// sockets shares out the descriptors that are not spared: checks in flight first,
// idle connections from what is left. idle is negative where there is no room for any.
func (s *Settings) sockets(c *console, limit, spare int) (busy, idle int) {
	budget := limit - spare
	if limit == 0 {
		budget = 1 << 20
	}
	budget = max(budget, 1)
	busy = min(cmp.Or(s.Concurrency, maxConcurrency), budget)
	if busy < s.Concurrency {
		c.warn("--concurrency %d is cut to %d: this process may open %d files (ulimit -n), %d are kept for other uses",
			s.Concurrency, busy, limit, spare)
	}
	if idle = min(cmp.Or(s.MaxIdle, maxIdle), budget-busy); idle == 0 {
		idle = -1
	}
	return busy, idle
}

// http says how targets are asked. blocked, where not nil, is told the rule of
// each address that the guard refuses. The error is about a file or a setting.
func (s *Settings) http(idle int, blocked func(rule string)) (check.HTTPConfig, error) {
	cfg := check.HTTPConfig{
		Timeout:        s.Timeout,
		ConnectTimeout: s.ConnectTimeout,
		MaxRedirects:   s.MaxRedirects,
		MaxBody:        s.MaxBody,
		UserAgent:      s.UserAgent,
		Network:        s.network(),
		Proxy:          s.proxy(),
		MaxIdle:        idle,
	}
	for _, p := range s.Resolve {
		if cfg.Resolve == nil {
			cfg.Resolve = map[string]string{}
		}
		cfg.Resolve[p.host] = p.addr
	}
	var err error
	if cfg.TLS, err = s.tls(); err != nil {
		return cfg, err
	}
	cfg.Guard, err = s.guard(blocked)
	return cfg, err
}

func (s *Settings) network() string {
	switch {
	case s.IPv4:
		return "tcp4"
	case s.IPv6:
		return "tcp6"
	default:
		return "tcp"
	}
}

// proxy takes that of -x for every target, else what HTTP_PROXY, HTTPS_PROXY and
// NO_PROXY say. Under the guard there is none: it would see the proxy's address
// only.
func (s *Settings) proxy() func(*url.URL) (*url.URL, error) {
	switch {
	case s.Proxy != nil:
		return func(*url.URL) (*url.URL, error) { return s.Proxy, nil }
	case s.guarded():
		return nil
	default:
		return func(u *url.URL) (*url.URL, error) { return http.ProxyFromEnvironment(&http.Request{URL: u}) }
	}
}

func (s *Settings) tls() (*tls.Config, error) {
	cfg := &tls.Config{InsecureSkipVerify: s.Insecure} //nolint:gosec // -k is asked for
	if s.CACert != "" {
		pem, err := os.ReadFile(s.CACert)
		if err != nil {
			return nil, fmt.Errorf("--cacert: %w", &unreadable{s.CACert, cause(err)})
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--cacert: %s holds no certificate in PEM form", s.CACert)
		}
	}
	if s.Cert != "" {
		pair, err := tls.LoadX509KeyPair(s.Cert, cmp.Or(s.Key, s.Cert))
		if err != nil {
			return nil, fmt.Errorf("--cert %s: %w", s.Cert, err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// realm names what of the settings can change an answer beside the target
// itself, so that a cache shared with runs that set it otherwise never mixes
// them up: a pass under -k is none under verification. It is "" at the defaults.
func (s *Settings) realm() string {
	var parts []string
	add := func(differs bool, format string, args ...any) {
		if differs {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(s.Insecure, "insecure")
	add(s.CACert != "", "cacert=%q", s.CACert)
	add(s.Cert != "", "cert=%q", s.Cert)
	add(s.Proxy != nil, "proxy=%v", s.Proxy)
	for _, p := range s.Resolve {
		add(true, "resolve=%s:%s", p.host, p.addr)
	}
	add(s.IPv4 || s.IPv6, "network=%s", s.network())
	add(s.MaxRedirects != 10, "redirects=%d", s.MaxRedirects)
	add(s.UserAgent != "hc/"+buildVersion(), "agent=%q", s.UserAgent)
	return strings.Join(parts, " ")
}

func (s *Settings) guarded() bool { return s.DenyPrivate || len(s.DenyCIDR) > 0 }

// guard is nil where every address may be asked.
func (s *Settings) guard(blocked func(rule string)) (*check.Guard, error) {
	if !s.guarded() {
		return nil, nil
	}
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		if os.Getenv(name) != "" {
			return nil, fmt.Errorf("%s is set: under the address guard nothing may go through a proxy, which dials for us; unset it", name)
		}
	}
	return check.NewGuard(check.GuardConfig{
		Allow:   s.AllowCIDR,
		Deny:    s.DenyCIDR,
		Ports:   s.AllowPort,
		Open:    !s.DenyPrivate,
		Blocked: blocked,
	})
}

func (s *Settings) retry() check.RetryConfig {
	return check.RetryConfig{Max: s.Retries, Wait: cmp.Or(s.RetryWait, 1), Timeout: s.Timeout}
}

func (s *Settings) policy() check.Policy { return check.Policy{FailOn: s.FailOn, WarnOn: s.WarnOn} }

// conflicts finds settings that contradict each other.
func (s *Settings) conflicts() error {
	switch {
	case s.IPv4 && s.IPv6:
		return errors.New("--ipv4 and --ipv6 exclude each other: leave both out for either kind of address")
	case s.Key != "" && s.Cert == "":
		return errors.New("--key without --cert: name the certificate too")
	case s.CacheRequired && s.Cache == "off":
		return errors.New("--cache-required without a cache: add --cache redis://host:6379/0")
	case s.Proxy != nil && s.guarded():
		return errors.New("--proxy under --deny-private or --deny-cidr: a proxy dials for us, so no address could be refused; leave one out")
	case s.Quiet && s.Verbose:
		return errors.New("--quiet and --verbose exclude each other")
	}
	return nil
}

// readAhead is how many targets may be read whose results are not written
// yet, less the groups that wait to be written.
func readAhead(busy int) int { return 4*busy + 4096 - 2*groupSize }

// pool says how many checks run at once, busy at most. Its window leaves room
// for what the cache reads ahead.
func (s *Settings) pool(busy int) pool.Config {
	window := readAhead(busy)
	if s.Cache != "off" {
		window -= cache.Config{}.ReadAhead()
	}
	return pool.Config{
		Concurrency: busy,
		PerHost:     s.PerHost,
		Rate:        s.Rate,
		HostRate:    s.HostRate,
		Window:      window,
	}
}

// inOrder puts results into the order of the input, where that is wanted.
func (s *Settings) inOrder(next check.Runner, busy int) check.Runner {
	if !s.Ordered {
		return next
	}
	return pool.Ordered(next, readAhead(busy))
}
