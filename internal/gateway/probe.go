package gateway

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

const (
	// What blackbox_exporter calls the module of those who name none.
	defaultModule = "http_2xx"
	// A probe ends this much before its scrape does, so that the answer is still
	// read.
	scrapeMargin = 500 * time.Millisecond
	// longestScrape is how long a scrape that says nothing may take.
	longestScrape = 2 * time.Minute
)

// ProbeConfig of a Probe. The zero value has one module, http_2xx.
type ProbeConfig struct {
	Modules []check.Module   // nil is http_2xx with its defaults
	HTTP    check.HTTPConfig // of which Guard, Resolver and UserAgent count

	// AtOnce is how many probes run at the same time; 0 is 256. One more is
	// refused: a probe that waited here would tell of us, not of its target.
	AtOnce int

	// Result, if set, is told what each probe came to, with its request's ctx.
	Result func(context.Context, check.Result)
}

// A Probe is the handler of GET /probe?target=…&module=…, by blackbox_exporter's
// contract and in its words, so that its scrape configurations,
// dashboards and alerts work unchanged. It asks the target each time: there is no
// cache in front of it, and no connection outlives a probe.
type Probe struct {
	probers map[string]*check.Prober
	running chan struct{}
	result  func(context.Context, check.Result)
}

// NewProbe makes a Probe. The error names the module that cannot be.
func NewProbe(cfg ProbeConfig) (*Probe, error) {
	if cfg.Modules == nil {
		cfg.Modules = []check.Module{{Name: defaultModule, Text: "prober: http\n"}}
	}
	p := &Probe{
		probers: make(map[string]*check.Prober, len(cfg.Modules)),
		running: make(chan struct{}, cmp.Or(cfg.AtOnce, 256)),
		result:  cfg.Result,
	}
	for _, m := range cfg.Modules {
		prober, err := check.NewProber(m, cfg.HTTP)
		if err != nil {
			return nil, err
		}
		p.probers[m.Name] = prober
	}
	return p, nil
}

// ServeHTTP implements [http.Handler]. Whatever the target does is 200 with a
// probe_success; other statuses say that there was no probe.
func (p *Probe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refused := p.serve(w, r); refused != nil {
		refused.write(w, r)
	}
}

func (p *Probe) serve(w http.ResponseWriter, r *http.Request) *problem {
	asked := r.URL.Query()
	name := cmp.Or(asked.Get("module"), defaultModule)
	prober, known := p.probers[name]
	if !known {
		return badProbe(fmt.Sprintf("module %.64q is not known here: there are %s", name, strings.Join(p.names(), ", ")))
	}
	module := prober.Module()
	target, host := asked.Get("target"), asked.Get("hostname")
	if target == "" {
		return badProbe("the parameter target is missing: write /probe?target=https://example.com/&module=" + name)
	}
	if host != "" && conflicts(module.Header, host) {
		return badProbe("the parameter hostname and the module's header Host differ: leave one of them out")
	}
	timeout, err := probeTimeout(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), module.Timeout)
	if err != nil {
		return badProbe(err.Error())
	}
	select {
	case p.running <- struct{}{}:
		defer func() { <-p.running }()
	default:
		return tooManyProbes(cap(p.running))
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout + writePatience)) // a recorder has none

	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	began := time.Now()
	found := prober.Probe(ctx, target, host)
	out := probed{Probed: found, took: time.Since(began), timeout: timeout}
	if p.result != nil {
		p.result(r.Context(), found.Result)
	}
	if r.Context().Err() != nil {
		return cutOff() // by us or by the caller: it says nothing of the target
	}
	text := out.exposition()
	contentType := "text/plain; version=0.0.4; charset=utf-8"
	if asked.Get("debug") == "true" {
		text, contentType = out.debug(module, text), "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text) // a caller who is gone misses nothing
	return nil
}

func (p *Probe) names() []string { return slices.Sorted(maps.Keys(p.probers)) }

// conflicts reports whether the module sends another Host.
func conflicts(header []check.Field, host string) bool {
	return slices.ContainsFunc(header, func(f check.Field) bool {
		return http.CanonicalHeaderKey(f.Name) == "Host" && f.Value != host
	})
}

// probeTimeout is the module's, within what the scrape leaves. scrape is in
// seconds, "" where the scraper says nothing.
func probeTimeout(scrape string, module time.Duration) (time.Duration, error) {
	longest := longestScrape
	if scrape != "" {
		seconds, err := strconv.ParseFloat(scrape, 64)
		if err != nil || !(seconds >= 0) { // not a number is no number of seconds either
			return 0, errors.New("the header X-Prometheus-Scrape-Timeout-Seconds is no number of seconds")
		}
		if seconds > 0 {
			longest = time.Duration(min(seconds, longestScrape.Seconds()) * float64(time.Second))
		}
	}
	if longest > scrapeMargin {
		longest -= scrapeMargin
	}
	if module > 0 {
		return min(module, longest), nil
	}
	return longest, nil
}

// probed is what a probe came to, on its way out.
type probed struct {
	check.Probed
	took    time.Duration
	timeout time.Duration
}

// debug tells people what was done, what would have been answered (text) and by
// which module. It holds no secret: URLs and the configuration are masked.
func (p *probed) debug(m check.Module, text []byte) []byte {
	var out bytes.Buffer
	out.WriteString("Logs for the probe:\n")
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey { // that of writing, which says nothing
				return slog.Attr{}
			}
			return a
		},
	})).With("module", m.Name, "target", check.MaskURL(p.Target.Input))
	log.Info("Beginning probe", "probe", "http", "timeout_seconds", p.timeout.Seconds())
	if p.Addr.IsValid() {
		log.Info("Resolved target address", "ip", p.Addr, "took", p.Lookup)
	}
	for _, hop := range p.Result.Redirects {
		log.Info("Received redirect", "url", check.MaskURL(hop.URL), "status_code", hop.StatusCode)
	}
	if p.StatusCode != 0 {
		log.Info("Received HTTP response", "url", check.MaskURL(cmp.Or(p.FinalURL, p.Target.URL)), "status_code", p.StatusCode,
			"version", p.Protocol, "content_length", p.ContentLength, "body_bytes", p.BodyBytes)
	}
	t := p.Timing
	log.Info("Response timings", "resolve", t.Resolve, "connect", t.Connect, "tls", t.TLS, "processing", t.Processing, "transfer", t.Transfer)
	if p.Reason == "" {
		log.Info("Probe succeeded", "duration_seconds", p.took.Seconds())
	} else {
		log.Error("Probe failed", "duration_seconds", p.took.Seconds(), "reason", p.Reason, "err", p.Error)
	}
	out.WriteString("\n\n\nMetrics that would have been returned:\n")
	out.Write(text)
	out.WriteString("\n\n\nModule configuration:\n")
	out.WriteString(m.Text)
	return out.Bytes()
}

func badProbe(detail string) *problem {
	return &problem{kind: "bad-probe", status: http.StatusBadRequest, title: "Bad probe", detail: detail}
}

func tooManyProbes(limit int) *problem {
	return &problem{
		kind: "too-many-probes", status: http.StatusServiceUnavailable, title: "Too many probes",
		detail: fmt.Sprintf("%d probes are running, and no more run at once: spread the scrapes, or ask another gateway", limit), limit: int64(limit),
		header: retryAfter(time.Second),
	}
}

func cutOff() *problem {
	return &problem{
		kind: "cut-off", status: http.StatusServiceUnavailable, title: "Cut off",
		detail: "the probe was cut off before its target had answered: the service is stopping",
		header: retryAfter(time.Second),
	}
}
