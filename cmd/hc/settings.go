package main

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
	"github.com/hc-health/hc/internal/rpc"
)

// Settings is what flags, environment and files say.
// It is filled once, by [load], and read-only from then on. The zero value of a
// field is its "auto", "none" or "off".
type Settings struct {
	// How much at once.
	Concurrency int
	PerHost     int
	Rate        float64 // checks per second
	HostRate    float64
	MaxIdle     int // connections; negative is none

	// How long.
	Timeout        time.Duration
	ConnectTimeout time.Duration
	Deadline       time.Duration
	Retries        int
	RetryWait      time.Duration

	// What is sent.
	Method       string
	Header       []check.Field
	UserAgent    string
	MaxRedirects int
	MaxBody      int64
	Proxy        *url.URL
	Resolve      []pin
	IPv4, IPv6   bool
	Insecure     bool
	CACert       string
	Cert, Key    string

	// What is good.
	Accept      check.Codes
	FailOn      []check.Reason
	WarnOn      []check.Reason
	FailFast    bool
	MaxFailures int
	Baseline    string

	// What is checked.
	NoDedup bool
	Resume  string
	DryRun  bool

	// What is shown.
	Format   string
	Output   string
	Report   []extra
	Only     []check.Outcome
	Ordered  bool
	Progress string
	Color    string
	Quiet    bool
	Verbose  bool

	// What is remembered.
	Cache         string
	CacheTTL      cache.TTL
	Refresh       bool
	CacheRequired bool

	// What may be asked.
	DenyPrivate bool
	AllowCIDR   []netip.Prefix
	DenyCIDR    []netip.Prefix
	AllowPort   []uint16

	// Who checks.
	Workers []string
	TLS     rpc.TLSFiles

	Service serviceSettings
}

// The flags, in groups as help shows them. A command takes the groups it needs;
// a key in a file may be of any.

// allFlags declares every setting there is.
func (s *Settings) allFlags() *pflag.FlagSet {
	fs := s.checkFlags()
	s.Service.flags(fs)
	return fs
}

// checkFlags are what hc check takes.
func (s *Settings) checkFlags() *pflag.FlagSet {
	fs := newFlags()
	s.loadFlags(fs)
	s.timeFlags(fs)
	s.deadlineFlag(fs)
	s.requestFlags(fs)
	s.visitFlags(fs)
	s.verdictFlags(fs)
	s.inputFlags(fs)
	s.outputFlags(fs)
	s.cacheFlags(fs)
	s.guardToggle(fs)
	s.guardFlags(fs)
	s.workerFlags(fs)
	return fs
}

func newFlags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	fs.SortFlags = false
	return fs
}

// loadFlags, timeFlags and visitFlags are what a service takes too.
func (s *Settings) loadFlags(fs *pflag.FlagSet) {
	g := group{fs, "How much at once"}
	add(g, &s.Concurrency, "concurrency", "c", "auto", "N", orNone("auto", number(1)),
		"checks in flight; auto is 256, less where file descriptors are scarce")
	add(g, &s.PerHost, "per-host", "", "10", "N", number(1), "checks in flight on one host")
	add(g, &s.Rate, "rate", "", "off", "R/s", orNone("off", rate), "checks begun per second, over all hosts: 100, 100/s or 6000/m")
	add(g, &s.HostRate, "host-rate", "", "off", "R/s", orNone("off", rate), "the same for each host")
	add(g, &s.MaxIdle, "max-idle", "", "auto", "N", orNone("auto", orLess(number(0))),
		"idle connections kept for their host's next target; auto is 16384, less where file descriptors are scarce")
}

func (s *Settings) timeFlags(fs *pflag.FlagSet) {
	g := group{fs, "How long"}
	add(g, &s.Timeout, "timeout", "t", "10s", "D", duration(time.Nanosecond),
		"for a check, all attempts and redirects included; a bare number is seconds")
	add(g, &s.ConnectTimeout, "connect-timeout", "", "5s", "D", duration(time.Nanosecond), "to reach a host: DNS and TCP")
	add(g, &s.Retries, "retries", "", "1", "N", number(0),
		"further attempts after a refused or reset connection, a timeout, a temporary DNS error, 408, 429, 502, 503 or 504")
	add(g, &s.RetryWait, "retry-wait", "", "500ms", "D", duration(0),
		"longest wait before the second attempt, doubling after it; the actual one is random. Retry-After is honoured up to 60s")
}

func (s *Settings) deadlineFlag(fs *pflag.FlagSet) {
	add(group{fs, "How long"}, &s.Deadline, "deadline", "", "none", "D", orNone("none", duration(0)),
		"for the whole run; what is left over then is exit 4")
}

// requestFlags are about what comes with each target in a service, and the proxy,
// which the guard excludes.
func (s *Settings) requestFlags(fs *pflag.FlagSet) {
	g := group{fs, "What is sent"}
	add(g, &s.Method, "method", "X", "GET", "M", method, "GET, HEAD, …; auto is HEAD, then GET where HEAD is refused")
	repeat(g, &s.Header, "header", "H", "'K: V'", "", header, "header line to send to each target; may repeat").masked(maskHeader)
	add(g, &s.Proxy, "proxy", "x", "", "PROXY", orNone("", proxyURL),
		"http, https or socks5 proxy; without it HTTP_PROXY, HTTPS_PROXY and NO_PROXY count").masked(check.MaskURL)
}

func (s *Settings) visitFlags(fs *pflag.FlagSet) {
	g := group{fs, "What is sent"}
	add(g, &s.UserAgent, "user-agent", "A", "hc/"+buildVersion(), "UA", visible, "what to call ourselves")
	add(g, &s.MaxRedirects, "max-redirects", "", "10", "N", number(0), "redirects followed; with 0 a redirect is the answer")
	add(g, &s.MaxBody, "max-body", "", "64KiB", "SIZE", size, "how much of a body an expectation sees")
	repeat(g, &s.Resolve, "resolve", "", "H:P:IP", "", resolve, "take IP for host H on port P; may repeat")
	toggle(g, &s.IPv4, "ipv4", "4", "use IPv4 only")
	toggle(g, &s.IPv6, "ipv6", "6", "use IPv6 only")
	toggle(g, &s.Insecure, "insecure", "k", "do not verify certificates")
	add(g, &s.CACert, "cacert", "", "", "FILE", text, "PEM file of the authorities to trust, in place of the system's")
	add(g, &s.Cert, "cert", "", "", "FILE", text, "PEM file of the client certificate")
	add(g, &s.Key, "key", "", "", "FILE", text, "PEM file of its key; without it, the key is looked for in --cert")
}

func (s *Settings) verdictFlags(fs *pflag.FlagSet) {
	g := group{fs, "What is good"}
	add(g, &s.Accept, "accept", "", "200-299", "CODES", check.ParseCodes,
		"good status codes: 200-299,403 or 2xx. With a 3xx among them redirects are not followed")
	add(g, &s.FailOn, "fail-on", "", "auto", "REASONS", orNone("auto", reasons),
		"only these reasons fail and all others warn; auto is all but those of --warn-on; all and none are words too").amongMany(reasonWords())
	add(g, &s.WarnOn, "warn-on", "", "rate_limited", "REASONS", reasons, "reasons that warn").amongMany(reasonWords())
	toggle(g, &s.FailFast, "fail-fast", "", "stop at the first failure")
	add(g, &s.MaxFailures, "max-failures", "", "off", "N", orNone("off", number(0)), "stop after so many failures")
	add(g, &s.Baseline, "baseline", "", "", "FILE", text, "earlier JSONL output: a failure known from there only warns")
}

func (s *Settings) inputFlags(fs *pflag.FlagSet) {
	g := group{fs, "What is checked"}
	toggle(g, &s.NoDedup, "no-dedup", "", "a result for each line, duplicates too")
	add(g, &s.Resume, "resume", "", "", "FILE", text, "earlier JSONL output: what has pass, warn or fail there is not checked again")
	toggle(g, &s.DryRun, "dry-run", "n", "read, drop duplicates, count, check nothing")
}

func (s *Settings) outputFlags(fs *pflag.FlagSet) {
	g := group{fs, "What is shown"}
	add(g, &s.Format, "format", "f", "auto", "F", orNone("auto", oneOf(report.Formats()...)),
		"of the output: text on a terminal, plain off it, or another of hc help formats").among(append(report.Formats(), "auto"))
	add(g, &s.Output, "output", "o", "", "FILE", text, "write there and not to stdout, which is -")
	repeat(g, &s.Report, "report", "", "F=FILE", "", reportSpec, "write one more report; may repeat")
	add(g, &s.Only, "only", "", "auto", "OUTCOMES", orNone("auto", outcomes),
		"outcomes shown in the main output; auto is fail,warn in text and all elsewhere").amongMany(outcomeWords())
	toggle(g, &s.Ordered, "ordered", "", "show results in input order")
	progress, color := []string{"auto", "bar", "lines", "none"}, []string{"auto", "always", "never"}
	add(g, &s.Progress, "progress", "", "auto", "HOW", oneOf(progress...), "how far we are, on stderr: auto, bar, lines or none").among(progress)
	add(g, &s.Color, "color", "", "auto", "WHEN", oneOf(color...), "auto, always or never; NO_COLOR and TERM=dumb count").among(color)
	toggle(g, &s.Quiet, "quiet", "q", "text: failures only; no progress, no warnings")
	toggle(g, &s.Verbose, "verbose", "v", "text: every result, and where its time went")
}

func (s *Settings) cacheFlags(fs *pflag.FlagSet) {
	s.cacheFlag(fs, "off")
	s.cacheTTLFlag(fs)
	g := group{fs, "What is remembered"}
	toggle(g, &s.Refresh, "refresh", "", "ask everything anew, and remember the answers")
	toggle(g, &s.CacheRequired, "cache-required", "", "exit 3 where the cache does not answer, instead of going on without")
}

// cacheFlag is what hc cache takes.
func (s *Settings) cacheFlag(fs *pflag.FlagSet, def string) {
	add(group{fs, "What is remembered"}, &s.Cache, "cache", "", def, "ADDR", cacheAddress,
		"off, memory, or redis://[:password@]host:6379/0 to share results").masked(check.MaskURL)
}

func (s *Settings) cacheTTLFlag(fs *pflag.FlagSet) {
	add(group{fs, "What is remembered"}, &s.CacheTTL, "cache-ttl", "", "pass=5m,fail=10s", "TTL", cache.ParseTTL, "how long results are remembered")
}

func (s *Settings) guardToggle(fs *pflag.FlagSet) {
	toggle(group{fs, "What may be asked"}, &s.DenyPrivate, "deny-private", "", "refuse private, loopback and metadata addresses, and ports but 80 and 443")
}

func (s *Settings) guardFlags(fs *pflag.FlagSet) {
	g := group{fs, "What may be asked"}
	repeat(g, &s.AllowCIDR, "allow-cidr", "", "C", ",", prefix, "network that may be asked all the same, on any port; may repeat")
	repeat(g, &s.DenyCIDR, "deny-cidr", "", "C", ",", prefix, "network that may not be asked; may repeat")
	repeat(g, &s.AllowPort, "allow-port", "", "N", ",", port, "port open besides 80 and 443 under --deny-private; may repeat")
}

// workerFlags say who checks in place of this process.
func (s *Settings) workerFlags(fs *pflag.FlagSet) {
	repeat(group{fs, "Who checks"}, &s.Workers, "workers", "", "ADDR", ",", text,
		"let hc serve worker processes check: host:port or dns:///host:port; may repeat")
	s.tlsFlags(fs)
}

// tlsFlags are those of the port between us and the workers.
func (s *Settings) tlsFlags(fs *pflag.FlagSet) {
	g := group{fs, "Who checks"}
	add(g, &s.TLS.Cert, "tls-cert", "", "", "FILE", text, "PEM file of our certificate for mutual TLS with the other side; without it plaintext")
	add(g, &s.TLS.Key, "tls-key", "", "", "FILE", text, "PEM file of its key")
	add(g, &s.TLS.CA, "tls-ca", "", "", "FILE", text, "PEM file of the authorities the other side's certificate must be from")
}
