package gateway

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// probeSite is a server with a page for each thing a module can look at.
func probeSite(t testing.TB) *http.ServeMux {
	t.Helper()
	mux := http.NewServeMux()
	page := func(path string, f func(w http.ResponseWriter, r *http.Request)) { mux.HandleFunc(path, f) }
	page("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		w.Header().Set("X-Mood", "good")
		_, _ = io.WriteString(w, "all is well")
	})
	page("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.WriteHeader(code)
	})
	page("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		for range 4 {
			_, _ = w.Write(make([]byte, 100_000))
			_ = http.NewResponseController(w).Flush()
		}
	})
	page("/to/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/to"), http.StatusFound)
	})
	page("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	page("/cookie", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("seen"); err == nil && c.Value == "yes" {
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/"})
		http.Redirect(w, r, "/cookie", http.StatusFound)
	})
	page("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %q auth=%q a=%q close=%v", r.Method, r.Host, body, r.Header.Get("Authorization"), r.Header.Get("X-A"), r.Close)
	})
	page("/gzip", func(w http.ResponseWriter, _ *http.Request) {
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, strings.Repeat("well ", 1000))
		_ = z.Close()
	})
	page("/deflate", func(w http.ResponseWriter, _ *http.Request) {
		z, _ := flate.NewWriter(w, 9)
		_, _ = io.WriteString(z, strings.Repeat("well ", 1000))
		_ = z.Close()
	})
	page("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	return mux
}

// metricsOf reads an exposition, each series by its text before the value.
func metricsOf(t testing.TB, text string) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if _, twice := found[line[:i]]; twice {
			t.Errorf("%s is there twice", line[:i])
		}
		found[line[:i]] = value
	}
	return found
}

// askProbe asks for a probe by modules of which the first is named m.
func askProbe(t testing.TB, cfg ProbeConfig, target string, header ...string) (code int, text string) {
	t.Helper()
	p, err := NewProbe(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/probe?"+target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func probeWith(t testing.TB, m check.Module, target string) map[string]float64 {
	t.Helper()
	m.Name = "m"
	code, text := askProbe(t, ProbeConfig{Modules: []check.Module{m}}, url.Values{"module": {"m"}, "target": {target}}.Encode())
	if code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	return metricsOf(t, text)
}

type values = map[string]float64

func TestModulesJudgeTargets(t *testing.T) {
	plain := httptest.NewServer(probeSite(t))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(probeSite(t))
	secure.EnableHTTP2 = true
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // refused handshakes are meant
	secure.StartTLS()
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	trusting := &tls.Config{RootCAs: roots}
	insecure := &tls.Config{InsecureSkipVerify: true}
	well, ill := regexp.MustCompile("well"), regexp.MustCompile("ill$")
	res := func(re *regexp.Regexp) []*regexp.Regexp { return []*regexp.Regexp{re} }
	rules := func(name, re string, allowMissing bool) []check.ModuleHeader {
		return []check.ModuleHeader{{Name: name, Match: regexp.MustCompile(re), AllowMissing: allowMissing}}
	}
	const (
		success = "probe_success"
		regex   = "probe_failed_due_to_regex"
		status  = "probe_http_status_code"
		length  = "probe_http_uncompressed_body_length"
		content = "probe_http_content_length"
		redirs  = "probe_http_redirects"
		ssl     = "probe_http_ssl"
		version = "probe_http_version"
	)
	for name, row := range map[string]struct {
		target string
		module check.Module
		want   values
	}{
		"a page": {plain.URL, check.Module{}, values{
			success: 1, regex: 0, status: 200, length: 11, content: 11, redirs: 0, ssl: 0, version: 1.1,
			"probe_ip_protocol": 4, "probe_http_last_modified_timestamp_seconds": 1136214245,
		}},
		"no scheme means http": {strings.TrimPrefix(plain.URL, "http://"), check.Module{}, values{success: 1, ssl: 0}},
		"a name":               {strings.Replace(plain.URL, "127.0.0.1", "localhost", 1), check.Module{PreferIPv4: true}, values{success: 1, "probe_ip_protocol": 4}},
		"chunked":              {plain.URL + "/chunked", check.Module{}, values{success: 1, length: 400_000, content: -1}},
		"no content":           {plain.URL + "/status/204", check.Module{}, values{success: 1, length: 0}},
		"404":                  {plain.URL + "/status/404", check.Module{}, values{success: 0, regex: 0, status: 404}},
		"404 is fine":          {plain.URL + "/status/404", check.Module{Codes: "404"}, values{success: 1, status: 404}},
		"200 is not":           {plain.URL, check.Module{Codes: "404"}, values{success: 0, status: 200, length: 11}},

		"redirect":              {plain.URL + "/to/", check.Module{}, values{success: 1, redirs: 1, status: 200, length: 11}},
		"redirect not followed": {plain.URL + "/to/", check.Module{NoRedirects: true}, values{success: 0, redirs: 1, status: 302, length: 0}},
		"redirect is the code":  {plain.URL + "/to/", check.Module{NoRedirects: true, Codes: "302"}, values{success: 1, redirs: 1, status: 302}},
		"a followed 3xx code":   {plain.URL + "/to/", check.Module{Codes: "302"}, values{success: 0, redirs: 1, status: 200}},
		"loop":                  {plain.URL + "/loop", check.Module{}, values{success: 0, redirs: 11, status: 302}},
		"cookie":                {plain.URL + "/cookie", check.Module{}, values{success: 1, redirs: 1}},

		"body matches":               {plain.URL, check.Module{FailIfBody: res(well)}, values{success: 0, regex: 1, length: 11}},
		"body does not match":        {plain.URL, check.Module{FailIfBody: res(ill)}, values{success: 1, regex: 0, length: 11}},
		"body should match and does": {plain.URL, check.Module{FailIfNotBody: res(well)}, values{success: 1, regex: 0}},
		"body should match":          {plain.URL, check.Module{FailIfNotBody: res(ill)}, values{success: 0, regex: 1}},
		"code first, then body":      {plain.URL + "/status/404", check.Module{FailIfNotBody: res(well)}, values{success: 0, regex: 0}},
		"body of a redirect":         {plain.URL + "/to/", check.Module{NoRedirects: true, Codes: "302", FailIfNotBody: res(regexp.MustCompile("Found"))}, values{success: 1}},
		"body within the limit":      {plain.URL, check.Module{MaxBody: 11}, values{success: 1, length: 11}},
		"body above the limit":       {plain.URL, check.Module{MaxBody: 10}, values{success: 0, regex: 0, length: 10}},
		"body to match above it":     {plain.URL, check.Module{MaxBody: 10, FailIfNotBody: res(well)}, values{success: 0, regex: 1, length: 10}},

		"header matches":               {plain.URL, check.Module{FailIfHeader: rules("x-mood", "good", false)}, values{success: 0, regex: 1}},
		"header does not match":        {plain.URL, check.Module{FailIfHeader: rules("x-mood", "bad", false)}, values{success: 1, regex: 0}},
		"header is missing":            {plain.URL, check.Module{FailIfHeader: rules("x-other", "bad", false)}, values{success: 0, regex: 1}},
		"header may be missing":        {plain.URL, check.Module{FailIfHeader: rules("x-other", "bad", true)}, values{success: 1, regex: 0}},
		"header should match and does": {plain.URL, check.Module{FailIfNotHeader: rules("X-Mood", "^good$", false)}, values{success: 1, regex: 0}},
		"header should match":          {plain.URL, check.Module{FailIfNotHeader: rules("X-Mood", "bad", false)}, values{success: 0, regex: 1}},
		"header should be there":       {plain.URL, check.Module{FailIfNotHeader: rules("X-Other", ".", false)}, values{success: 0, regex: 1}},
		"header should match if there": {plain.URL, check.Module{FailIfNotHeader: rules("X-Other", ".", true)}, values{success: 1, regex: 0}},

		"version":        {plain.URL, check.Module{Versions: []string{"HTTP/1.1"}}, values{success: 1}},
		"other version":  {plain.URL, check.Module{Versions: []string{"HTTP/2.0", "HTTP/1.0"}}, values{success: 0, regex: 0, version: 1.1}},
		"not over TLS":   {plain.URL, check.Module{FailIfNotTLS: true}, values{success: 0, ssl: 0}},
		"over TLS":       {secure.URL, check.Module{TLS: insecure, FailIfTLS: true}, values{success: 0, ssl: 1}},
		"HTTP/2":         {secure.URL, check.Module{TLS: insecure, FailIfNotTLS: true}, values{success: 1, ssl: 1, version: 2, length: 11}},
		"without HTTP/2": {secure.URL, check.Module{TLS: insecure, NoHTTP2: true}, values{success: 1, ssl: 1, version: 1.1}},
		"trusted":        {secure.URL, check.Module{TLS: trusting}, values{success: 1, `probe_tls_version_info{version="TLS 1.3"}`: 1, "probe_ssl_earliest_cert_expiry": 3.6e9, "probe_ssl_last_chain_expiry_timestamp_seconds": 3.6e9}},
		"untrusted":      {secure.URL, check.Module{}, values{success: 0, ssl: 0, status: 0, "probe_ip_protocol": 4}},
		"other name":     {secure.URL, check.Module{TLS: &tls.Config{RootCAs: roots, ServerName: "other.test"}}, values{success: 0, ssl: 0}},
		"its name":       {secure.URL, check.Module{TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}}, values{success: 1, ssl: 1}},
		"name by Host":   {secure.URL, check.Module{TLS: trusting, Header: []check.Field{{Name: "host", Value: "www.example.com:443"}}}, values{success: 1}},
		"old TLS": {secure.URL, check.Module{TLS: &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS12}}, values{
			success: 1, `probe_tls_version_info{version="TLS 1.2"}`: 1, `probe_tls_cipher_info{cipher="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}`: 1,
		}},

		"request": {plain.URL + "/echo", check.Module{
			Method: "POST", Body: "ping", Header: []check.Field{{Name: "Host", Value: "virtual.test"}, {Name: "X-A", Value: "b"}},
			Live:          []check.LiveField{{Name: "Authorization", Read: func() (string, error) { return "Bearer now", nil }}},
			FailIfNotBody: res(regexp.MustCompile(`^POST virtual\.test "ping" auth="Bearer now" a="b" close=true$`)),
		}, values{success: 1}},
		"no file to read from": {plain.URL, check.Module{
			Live: []check.LiveField{{Name: "Authorization", Read: func() (string, error) { return "", io.ErrUnexpectedEOF }}},
		}, values{success: 0, status: 0}},
		"HEAD": {plain.URL, check.Module{Method: "HEAD"}, values{success: 1, content: 11, length: 0}},

		"gzip":                {plain.URL + "/gzip", check.Module{Compression: "gzip", FailIfNotBody: res(well)}, values{success: 1, length: 5000}},
		"gzip, not looked at": {plain.URL + "/gzip", check.Module{Compression: "gzip"}, values{success: 1, length: 5000}},
		"no gzip":             {plain.URL, check.Module{Compression: "gzip"}, values{success: 0}},
		"deflate":             {plain.URL + "/deflate", check.Module{Compression: "deflate"}, values{success: 1, length: 5000}},
		"no deflate":          {plain.URL + "/gzip", check.Module{Compression: "deflate"}, values{success: 0}},
		"bomb":                {plain.URL + "/gzip", check.Module{Compression: "gzip", MaxBody: 999}, values{success: 0, length: 999}},

		"nobody there":      {"127.0.0.1:1", check.Module{}, values{success: 0, status: 0, "probe_ip_protocol": 4, version: 0}},
		"no such name":      {"nosuch.invalid", check.Module{}, values{success: 0, status: 0, "probe_ip_protocol": 0, "probe_ip_addr_hash": 0}},
		"no IPv6":           {plain.URL, check.Module{NoFallback: true}, values{success: 0, "probe_ip_protocol": 0}},
		"IPv4 only":         {plain.URL, check.Module{NoFallback: true, PreferIPv4: true}, values{success: 1, "probe_ip_protocol": 4}},
		"another scheme":    {"ftp://127.0.0.1/", check.Module{}, values{success: 0}},
		"no URL":            {"http://[::1", check.Module{}, values{success: 0}},
		"too slow":          {plain.URL + "/slow", check.Module{Timeout: 100 * time.Millisecond}, values{success: 0, "probe_timeout_seconds": .1}},
		"switches protocol": {plain.URL + "/status/101", check.Module{Codes: "101"}, values{success: 1, status: 101, length: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := probeWith(t, row.module, row.target)
			for series, want := range row.want {
				if value, there := got[series]; !there || value != want {
					t.Errorf("%s is %v, want %v", series, value, want)
				}
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}

func TestPhasesOfAProbeSumToItsDuration(t *testing.T) {
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/to" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		time.Sleep(40 * time.Millisecond)
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(30 * time.Millisecond)
		_, _ = io.WriteString(w, "b")
	}))
	defer site.Close()
	var got map[string]float64
	var sum, whole float64
	for range 3 { // the best counts: this machine is busy, and has bad moments
		got, sum = probeWith(t, check.Module{TLS: &tls.Config{InsecureSkipVerify: true}}, site.URL+"/to"), 0
		for _, phase := range []string{"resolve", "connect", "tls", "processing", "transfer"} {
			sum += got[`probe_http_duration_seconds{phase="`+phase+`"}`]
		}
		if whole = got["probe_duration_seconds"]; whole-sum <= .005+whole/20 {
			break
		}
	}
	if sum > whole || whole-sum > .005+whole/20 {
		t.Errorf("phases sum to %v s of %v s", sum, whole)
	}
	for phase, least := range map[string]float64{"tls": 1e-5, "connect": 1e-5, "processing": .04, "transfer": .03} {
		if took := got[`probe_http_duration_seconds{phase="`+phase+`"}`]; took < least {
			t.Errorf("%s took %v s, want %v at least", phase, took, least)
		}
	}
}

func TestNoConnectionOutlivesAProbe(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"HTTP/1.1": (*httptest.Server).Start, "HTTP/2": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			var opened, open atomic.Int64
			site := httptest.NewUnstartedServer(probeSite(t))
			site.EnableHTTP2 = name == "HTTP/2"
			site.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					opened.Add(1)
					open.Add(1)
				case http.StateClosed, http.StateHijacked:
					open.Add(-1)
				}
			}
			start(site)
			defer site.Close()
			insecure := check.Module{TLS: &tls.Config{InsecureSkipVerify: true}}
			for range 3 {
				probeWith(t, insecure, site.URL+"/to/")
			}
			insecure.Timeout = 50 * time.Millisecond
			probeWith(t, insecure, site.URL+"/slow")
			insecure.NoRedirects = true
			probeWith(t, insecure, site.URL+"/to/")
			deadline := time.Now().Add(5 * time.Second)
			for open.Load() > 0 && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			if opened.Load() != 8 || open.Load() != 0 {
				t.Errorf("%d connections were opened and %d still are, want 8 (one per request) and 0", opened.Load(), open.Load())
			}
		})
	}
}

func TestSecretsOfAModuleStayWithItsHost(t *testing.T) {
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer other.Close()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			got = r.Header
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "s3cr3t"})
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	}))
	defer site.Close()
	m := check.Module{Header: []check.Field{
		{Name: "Authorization", Value: "Bearer s3cr3t"},
		{Name: "X-Api-Key", Value: "s3cr3t"},
		{Name: "Cookie", Value: "a=s3cr3t"},
		{Name: "Accept-Language", Value: "de"},
	}}
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) // cookies know hosts, not ports
	probeWith(t, m, site.URL+"/?to="+url.QueryEscape(elsewhere))
	if all := fmt.Sprint(got); strings.Contains(all, "s3cr3t") || got.Get("Accept-Language") != "de" {
		t.Errorf("another host was sent %s", all)
	}
	probeWith(t, m, site.URL+"/?to=/here")
	if got.Get("Authorization") != "Bearer s3cr3t" || got.Get("X-Api-Key") != "s3cr3t" || got.Get("Cookie") != "a=s3cr3t; c=s3cr3t" {
		t.Errorf("the same host was sent %v", got)
	}
}

func TestProbesThatAreNone(t *testing.T) {
	cfg := ProbeConfig{Modules: []check.Module{{Name: "a"}, {Name: "b", Header: []check.Field{{Name: "HOST", Value: "x.test"}}}}}
	for name, row := range map[string]struct {
		cfg    ProbeConfig
		query  string
		header []string
		want   string
	}{
		"no module":         {cfg, "target=x", nil, `module \"http_2xx\" is not known here: there are a, b`},
		"unknown module":    {cfg, "target=x&module=c", nil, `module \"c\" is not known here`},
		"no target":         {cfg, "module=a", nil, "the parameter target is missing"},
		"hostname and Host": {cfg, "target=x&module=b&hostname=y.test", nil, "hostname"},
		"scrape timeout":    {cfg, "target=x&module=a", []string{"X-Prometheus-Scrape-Timeout-Seconds", "soon"}, "X-Prometheus-Scrape-Timeout-Seconds"},
		"NaN":               {cfg, "target=x&module=a", []string{"X-Prometheus-Scrape-Timeout-Seconds", "NaN"}, "X-Prometheus-Scrape-Timeout-Seconds"},
		"negative":          {cfg, "target=x&module=a", []string{"X-Prometheus-Scrape-Timeout-Seconds", "-1"}, "X-Prometheus-Scrape-Timeout-Seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			code, text := askProbe(t, row.cfg, row.query, row.header...)
			if code != http.StatusBadRequest || !strings.Contains(text, row.want) || !strings.Contains(text, "urn:hc:problem:") {
				t.Errorf("%d %s, want 400 and a problem with %s", code, text, row.want)
			}
		})
	}
}

func TestWithoutAFileThereIsHTTP2xx(t *testing.T) {
	site := httptest.NewServer(probeSite(t))
	defer site.Close()
	for _, query := range []string{"", "&module=http_2xx"} {
		code, text := askProbe(t, ProbeConfig{}, "target="+site.URL+query)
		if code != http.StatusOK || metricsOf(t, text)["probe_success"] != 1 {
			t.Errorf("%d %s", code, text)
		}
	}
}

func TestHostnameIsSentAndVerified(t *testing.T) {
	site := httptest.NewTLSServer(probeSite(t))
	defer site.Close()
	roots := x509.NewCertPool()
	roots.AddCert(site.Certificate())
	m := check.Module{Name: "m", TLS: &tls.Config{RootCAs: roots}, FailIfNotBody: []*regexp.Regexp{regexp.MustCompile(`GET sub\.example\.com `)}}
	for hostname, want := range map[string]float64{"sub.example.com": 1, "sub.example.org": 0, "": 0} {
		_, text := askProbe(t, ProbeConfig{Modules: []check.Module{m}}, "module=m&hostname="+hostname+"&target="+site.URL+"/echo")
		if got := metricsOf(t, text)["probe_success"]; got != want {
			t.Errorf("hostname %q: probe_success %v, want %v", hostname, got, want)
		}
	}
}

func TestScrapeBoundsTheModule(t *testing.T) {
	for name, row := range map[string]struct {
		scrape       string
		module, want time.Duration
	}{
		"neither":             {"", 0, 119500 * time.Millisecond},
		"module":              {"", 5 * time.Second, 5 * time.Second},
		"scrape":              {"10", 0, 9500 * time.Millisecond},
		"module is shorter":   {"10", 5 * time.Second, 5 * time.Second},
		"scrape is shorter":   {"3.5", 5 * time.Second, 3 * time.Second},
		"scrape says nothing": {"0", 5 * time.Second, 5 * time.Second},
		"too short to leave":  {"0.3", 5 * time.Second, 300 * time.Millisecond},
		"for ever":            {"+Inf", 0, 119500 * time.Millisecond},
		"longer than we wait": {"1e300", 10 * time.Minute, 119500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := probeTimeout(row.scrape, row.module); err != nil || got != row.want {
				t.Errorf("%v, %v, want %v", got, err, row.want)
			}
		})
	}
	site := httptest.NewServer(probeSite(t))
	defer site.Close()
	began := time.Now()
	_, text := askProbe(t, ProbeConfig{}, "target="+site.URL+"/slow", "X-Prometheus-Scrape-Timeout-Seconds", "0.6")
	if got := metricsOf(t, text); got["probe_success"] != 0 || got["probe_timeout_seconds"] != .1 || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(began), got)
	}
}

func TestBlockedTargetsFailAndTellNothing(t *testing.T) {
	var asked atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer site.Close()
	open := httptest.NewServer(http.RedirectHandler(site.URL, http.StatusFound))
	defer open.Close()
	special := 0
	guard := func(allow ...netip.Prefix) check.HTTPConfig {
		g, err := check.NewGuard(check.GuardConfig{Allow: allow, Blocked: func(string) { special++ }})
		if err != nil {
			t.Fatal(err)
		}
		return check.HTTPConfig{Guard: g}
	}
	for name, target := range map[string]string{
		"address":         site.URL,
		"name":            strings.Replace(site.URL, "127.0.0.1", "localhost", 1),
		"name, open port": "localhost", // refused when it is dialled, so looked up before
		"port":            "192.0.2.1:22",
		"metadata":        "169.254.169.254",
		"number-like":     "0x7f000001:80",
		"user in the URL": "http://user:s3cr3t@example.com/",
	} {
		t.Run(name, func(t *testing.T) {
			code, text := askProbe(t, ProbeConfig{HTTP: guard()}, "debug=true&target="+url.QueryEscape(target))
			head, metrics, _ := strings.Cut(text, "Metrics that would have been returned:\n")
			metrics, _, _ = strings.Cut(metrics, "\n\n\nModule")
			got := metricsOf(t, metrics)
			if code != http.StatusOK || got["probe_success"] != 0 || got["probe_ip_protocol"] != 0 || got["probe_ip_addr_hash"] != 0 || got["probe_dns_lookup_time_seconds"] != 0 {
				t.Errorf("%d %v", code, got)
			}
			if strings.Contains(head, "ip=") || strings.Contains(head, "s3cr3t") || !strings.Contains(head, "Probe failed") {
				t.Errorf("log: %s", head)
			}
		})
	}
	if special == 0 {
		t.Error("the guard was not asked")
	}
	// A redirect is refused as well, though what was allowed is told.
	port := netip.MustParseAddrPort(open.Listener.Addr().String()).Port()
	g, err := check.NewGuard(check.GuardConfig{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	open.Config.Handler = http.RedirectHandler(fmt.Sprintf("http://127.0.0.2:%d/", port), http.StatusFound)
	_, text := askProbe(t, ProbeConfig{HTTP: check.HTTPConfig{Guard: g}}, "target="+open.URL)
	if got := metricsOf(t, text); got["probe_success"] != 0 || got["probe_ip_protocol"] != 4 || got["probe_http_redirects"] != 1 {
		t.Errorf("redirected: %v", got)
	}
	if asked.Load() {
		t.Error("a blocked target was asked")
	}
}

func TestProxyUnderTheGuardIsRefused(t *testing.T) {
	g, err := check.NewGuard(check.GuardConfig{})
	if err != nil {
		t.Fatal(err)
	}
	via, _ := url.Parse("http://127.0.0.1:3128")
	for _, m := range []check.Module{{Name: "via", Proxy: via}, {Name: "via", ProxyEnv: true}} {
		if _, err := NewProbe(ProbeConfig{Modules: []check.Module{m}, HTTP: check.HTTPConfig{Guard: g}}); err == nil || !strings.Contains(err.Error(), "module via") {
			t.Errorf("error %v", err)
		}
	}
}

func TestProbeThroughAProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		_, _ = io.WriteString(w, "by proxy")
	}))
	defer proxy.Close()
	via, _ := url.Parse(proxy.URL)
	got := probeWith(t, check.Module{Proxy: via, NoLookupForProxy: true}, "http://nosuch.invalid/x")
	if got["probe_success"] != 1 || !slices.Equal(asked, []string{"http://nosuch.invalid/x"}) {
		t.Errorf("%v, the proxy was asked for %q", got, asked)
	}
	if got := probeWith(t, check.Module{Proxy: via}, "http://nosuch.invalid/x"); got["probe_success"] != 0 {
		t.Error("the name was not looked up")
	}
	if got := probeWith(t, check.Module{Proxy: via, NoProxy: "nosuch.invalid", NoLookupForProxy: true}, "http://nosuch.invalid/x"); got["probe_success"] != 0 {
		t.Error("the proxy was asked for what it is not for")
	}
}

func TestOneProbeTooManyIsRefused(t *testing.T) {
	arrived := make(chan struct{})
	release := make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer site.Close()
	p, err := NewProbe(ProbeConfig{AtOnce: 1})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/probe?target="+site.URL, nil))
		return w
	}
	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- ask() }()
	<-arrived
	if w := ask(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	close(release)
	if w := <-first; w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	go func() { <-arrived }()
	if w := ask(); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}

func TestProbeCutOffSaysNothingOfTheTarget(t *testing.T) {
	site := httptest.NewServer(probeSite(t))
	defer site.Close()
	p, err := NewProbe(ProbeConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/probe?target="+site.URL+"/slow", nil))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "probe_success") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestDebugTellsWhatWasDoneAndNoSecret(t *testing.T) {
	site := httptest.NewServer(probeSite(t))
	defer site.Close()
	m := check.Module{Name: "m", Text: "prober: http\nhttp:\n  bearer_token: <secret>\n", Header: []check.Field{{Name: "Authorization", Value: "Bearer s3cr3t"}}, Codes: "404"}
	var told []check.Result
	code, text := askProbe(t, ProbeConfig{Modules: []check.Module{m}, Result: func(_ context.Context, r check.Result) { told = append(told, r) }},
		url.Values{"debug": {"true"}, "module": {"m"}, "target": {site.URL + "/to/?token=s3cr3t"}}.Encode())
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, text)
	}
	for _, want := range []string{
		"Logs for the probe:\n", `msg="Beginning probe" module=m`, "token=***", `msg="Resolved target address"`, "ip=127.0.0.1", `msg="Received redirect"`,
		`msg="Received HTTP response"`, "status_code=200", `msg="Probe failed"`, "reason=http_status", "200 OK, want 404",
		"\n\n\nMetrics that would have been returned:\n# HELP probe_dns_lookup_time_seconds", "\nprobe_success 0\n",
		"\n\n\nModule configuration:\nprober: http\nhttp:\n  bearer_token: <secret>\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in it", want)
		}
	}
	if strings.Contains(text, "s3cr3t") {
		t.Error("a secret is shown")
	}
	if t.Failed() {
		t.Log(text)
	}
	if len(told) != 1 || told[0].Reason != check.HTTPStatus || told[0].StatusCode != 200 || told[0].Outcome != check.Fail {
		t.Errorf("told %+v", told)
	}
}

// TestExpositionIsValid asks promtool, which reads what Prometheus reads.
func TestExpositionIsValid(t *testing.T) {
	nasty := "O=\"quo\\te\"\nand \xff line"
	out := probed{
		Probed: check.Probed{
			LastModified: time.Unix(1, 0),
			Addr:         netip.MustParseAddr("::1"),
			Conn: &tls.ConnectionState{
				Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256,
				PeerCertificates: []*x509.Certificate{{
					SerialNumber: big.NewInt(0x0badc0de), Subject: pkix.Name{CommonName: nasty}, Issuer: pkix.Name{CommonName: nasty},
					DNSNames: []string{"a.example", nasty}, NotAfter: time.Unix(2e9, 0),
				}},
			},
		},
		took: time.Second, timeout: time.Minute,
	}
	text := out.exposition()
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = bytes.NewReader(text)
	if complaint, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool (apt-get install prometheus): %v: %s\n%s", err, complaint, text)
	}
	if !strings.Contains(string(text), `serialnumber="0badc0de"`) || !strings.Contains(string(text), "\nprobe_ip_protocol 6\n") {
		t.Errorf("%s", text)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			names = append(names, strings.TrimSuffix(name, " gauge\n"))
		}
	}
	if !slices.IsSorted(names) || len(names) != 20 {
		t.Errorf("%d names, sorted: %v", len(names), names)
	}
}

// BenchmarkProbe is a probe of a page on loopback, target and all.
func BenchmarkProbe(b *testing.B) {
	site := httptest.NewServer(probeSite(b))
	defer site.Close()
	p, err := NewProbe(ProbeConfig{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/probe?target="+site.URL, nil))
		if !strings.Contains(w.Body.String(), "\nprobe_success 1\n") {
			b.Fatal(w.Body)
		}
	}
}

func BenchmarkExposition(b *testing.B) {
	out := probed{Probed: check.Probed{Addr: netip.MustParseAddr("127.0.0.1")}, took: 1234567}
	b.ReportAllocs()
	for b.Loop() {
		out.exposition()
	}
}
