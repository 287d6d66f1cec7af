package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// serviceSettings are what only hc serve takes. As in [Settings], the zero value
// of a field is its "auto", "none" or "off".
type serviceSettings struct {
	Listen       string // "host:port"
	AdminListen  string
	DrainDelay   time.Duration
	DrainTimeout time.Duration
	MaxTimeout   time.Duration
	Reflection   bool

	KeysFile       string
	AllowAnonymous bool
	KeyRate        float64 // URLs per second
	KeyBurst       int     // URLs
	MaxPending     int     // URLs
	MaxURLs        int
	MaxRequest     int64 // bytes
	ProbeConfig    string
}

// flags declares all of them.
func (v *serviceSettings) flags(fs *pflag.FlagSet) {
	v.bothFlags(fs)
	v.workerFlags(fs)
	v.gatewayFlags(fs)
}

func (v *serviceSettings) bothFlags(fs *pflag.FlagSet) {
	g := group{fs, "How it is served"}
	add(g, &v.Listen, "listen", "", "auto", "ADDR", orNone("auto", listenAddress),
		"where to listen; auto is "+gatewayListen+" for a gateway, "+workerListen+" for a worker")
	add(g, &v.AdminListen, "admin-listen", "", "off", "ADDR", orNone("off", listenAddress),
		"port of its own for /metrics and /debug/pprof/, which the public one does not have")
	add(g, &v.DrainDelay, "drain-delay", "", "5s", "D", duration(0),
		"full service after SIGTERM or SIGINT while we say that we are not ready")
	add(g, &v.DrainTimeout, "drain-timeout", "", "30s", "D", duration(time.Millisecond), "for what still runs after that")
	add(g, &v.MaxTimeout, "max-timeout", "", "60s", "D", duration(time.Nanosecond), "longest timeout a caller may ask for")
}

func (v *serviceSettings) workerFlags(fs *pflag.FlagSet) {
	toggle(group{fs, "How it is served"}, &v.Reflection, "reflection", "", "answer gRPC reflection, for grpcurl and the like")
}

func (v *serviceSettings) gatewayFlags(fs *pflag.FlagSet) {
	g := group{fs, "Who may ask, and how much"}
	add(g, &v.KeysFile, "keys-file", "", "", "FILE", text,
		"NAME SHA256-HEX a line, read again when it changes; or HC_KEYS, its content")
	toggle(g, &v.AllowAnonymous, "allow-anonymous", "", "listen beyond this machine without keys")
	add(g, &v.KeyRate, "key-rate", "", "off", "R/s", orNone("off", rate), "URLs per second for each key, or each address where there are no keys")
	add(g, &v.KeyBurst, "key-burst", "", "auto", "N", orNone("auto", number(1)), "URLs of one key at once; auto is twice --key-rate")
	add(g, &v.MaxPending, "max-pending", "", "20000", "N", number(1), "URLs admitted and unanswered, of all callers together")
	add(g, &v.MaxURLs, "max-urls", "", "1000", "N", number(1), "URLs in a batch")
	add(g, &v.MaxRequest, "max-request", "", "1MiB", "SIZE", size, "of a body")
	add(g, &v.ProbeConfig, "probe-config", "", "", "FILE", text, "blackbox.yml with the modules of /probe; without it there is http_2xx")
}

// listen is where a service listens that does so at auto by default.
func (v *serviceSettings) listen(auto string) string { return cmp.Or(v.Listen, auto) }

// logFlags are hc check's words for how much is told.
func (s *Settings) logFlags(fs *pflag.FlagSet) {
	g := group{fs, "What is logged"}
	toggle(g, &s.Quiet, "quiet", "q", "warnings and errors only")
	toggle(g, &s.Verbose, "verbose", "v", "requests for /healthz and /readyz, and trouble with single connections, too")
}

// engineFlags are those of hc check that a service takes: all that is about
// neither one run nor what comes with each target.
func (s *Settings) engineFlags(fs *pflag.FlagSet) {
	s.loadFlags(fs)
	s.timeFlags(fs)
	s.visitFlags(fs)
	s.cacheFlag(fs, "memory")
	s.cacheTTLFlag(fs)
	always(fs)
	s.guardFlags(fs)
}

// always takes --deny-private where the guard is on anyway. It is no setting: a
// file or variable that leaves the guard out of hc check leaves it in a service.
func always(fs *pflag.FlagSet) {
	on := true
	toggle(group{fs, "What may be asked"}, &on, "deny-private", "", "always on in a service; open single networks with --allow-cidr")
	f := fs.Lookup("deny-private")
	f.Value, f.Hidden = onlyTrue{f.Value}, true
}

type onlyTrue struct{ pflag.Value }

// Set implements pflag.Value.
func (v onlyTrue) Set(s string) error {
	if on, err := boolean(s); err != nil || !on {
		return errors.New("the address guard of a service cannot be switched off: open single networks with --allow-cidr")
	}
	return nil
}

// listenAddress reads host:port; without a host it is every address of this
// machine.
func listenAddress(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", fmt.Errorf("%q is no address to listen on: write 127.0.0.1:8080, :9090 or [::1]:8080", s)
	}
	return s, nil
}

// serviceConflicts finds settings of a service that contradict each other.
func (s *Settings) serviceConflicts() error {
	if s.Timeout > s.Service.MaxTimeout {
		return fmt.Errorf("--timeout %s is longer than --max-timeout %s: raise that one too", s.Timeout, s.Service.MaxTimeout)
	}
	return s.conflicts()
}
