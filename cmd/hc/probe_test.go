package main

import (
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/gateway"
	"github.com/hc-health/hc/internal/report"
)

// probeModules is read by blackbox_exporter and by us.
const probeModules = `modules:
  http_2xx: {prober: http}
  ip4: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
  only6: {prober: http, http: {preferred_ip_protocol: ip6, ip_protocol_fallback: false}}
  nofollow: {prober: http, http: {follow_redirects: false, valid_status_codes: [302]}}
  accepts404: {prober: http, http: {valid_status_codes: [404, 410]}}
  post: {prober: http, http: {method: POST, body: ping, headers: {Content-Type: text/plain}, fail_if_body_not_matches_regexp: ['POST .* "ping"']}}
  head: {prober: http, http: {method: HEAD}}
  host: {prober: http, http: {headers: {Host: virtual.test}, fail_if_body_not_matches_regexp: ['virtual\.test']}}
  basic: {prober: http, http: {basic_auth: {username: u, password: p}, fail_if_body_not_matches_regexp: ['auth="Basic dTpw"']}}
  bearer: {prober: http, http: {bearer_token: t, fail_if_body_not_matches_regexp: ['auth="Bearer t"']}}
  authorization: {prober: http, http: {authorization: {type: Key, credentials: t}, fail_if_body_not_matches_regexp: ['auth="Key t"']}}
  notwell: {prober: http, http: {fail_if_body_matches_regexp: [well]}}
  well: {prober: http, http: {fail_if_body_not_matches_regexp: [well]}}
  moody: {prober: http, http: {fail_if_header_matches: [{header: x-mood, regexp: good}]}}
  nomood: {prober: http, http: {fail_if_header_matches: [{header: x-none, regexp: ., allow_missing: true}]}}
  mood: {prober: http, http: {fail_if_header_not_matches: [{header: X-Mood, regexp: '^good$'}]}}
  missing: {prober: http, http: {fail_if_header_not_matches: [{header: X-None, regexp: .}]}}
  http1: {prober: http, http: {valid_http_versions: [HTTP/1.1]}}
  http2: {prober: http, http: {valid_http_versions: [HTTP/2.0], tls_config: {insecure_skip_verify: true}}}
  nohttp2: {prober: http, http: {enable_http2: false, tls_config: {insecure_skip_verify: true}}}
  insecure: {prober: http, http: {tls_config: {insecure_skip_verify: true}}}
  trusting: {prober: http, http: {tls_config: {ca_file: CA}}}
  named: {prober: http, http: {tls_config: {ca_file: CA, server_name: www.example.com}}}
  misnamed: {prober: http, http: {tls_config: {ca_file: CA, server_name: other.test}}}
  tls12: {prober: http, http: {tls_config: {ca_file: CA, max_version: TLS12}}}
  ssl: {prober: http, http: {fail_if_not_ssl: true, tls_config: {insecure_skip_verify: true}}}
  nossl: {prober: http, http: {fail_if_ssl: true, tls_config: {insecure_skip_verify: true}}}
  gzip: {prober: http, http: {compression: gzip, headers: {Accept-Encoding: gzip}}}
  small: {prober: http, http: {body_size_limit: 10B}}
  large: {prober: http, http: {body_size_limit: 1MB}}
  hasty: {prober: http, timeout: 200ms}
`

// probeSite shows what the modules look at.
func probeSite() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		w.Header().Set("X-Mood", "good")
		_, _ = fmt.Fprintf(w, "well: %s %s %q auth=%q", r.Method, r.Host, body, r.Header.Get("Authorization"))
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.WriteHeader(code)
	})
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		for range 4 {
			_, _ = w.Write(make([]byte, 50_000))
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/to/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/to"), http.StatusFound)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/cookie", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("seen"); err == nil {
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
		http.Redirect(w, r, "/cookie", http.StatusFound)
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, _ *http.Request) {
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, strings.Repeat("well ", 1000))
		_ = z.Close()
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	})
	mux.HandleFunc("/phases", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(80 * time.Millisecond)
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(60 * time.Millisecond)
		_, _ = io.WriteString(w, "b")
	})
	return mux
}

// probeServers starts the site, plain and over TLS, and gives the module file for
// them.
func probeServers(t testing.TB) (plain, secure *httptest.Server, file string) {
	t.Helper()
	plain = httptest.NewServer(probeSite())
	secure = httptest.NewUnstartedServer(probeSite())
	secure.EnableHTTP2 = true
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // refused handshakes are meant
	secure.StartTLS()
	t.Cleanup(func() {
		plain.Close()
		secure.Close()
	})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	file = filepath.Join(t.TempDir(), "blackbox.yml")
	for name, text := range map[string]string{
		ca:   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})),
		file: strings.ReplaceAll(probeModules, "ca_file: CA", "ca_file: "+ca),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return plain, secure, file
}

// serveProbes answers /probe with the modules of a file, and gives its URL.
func serveProbes(t testing.TB, file string) string {
	t.Helper()
	modules, err := report.ReadModules(file)
	if err != nil {
		t.Fatal(err)
	}
	probe, err := gateway.NewProbe(gateway.ProbeConfig{Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gateway.New(gateway.Config{Probe: probe}))
	t.Cleanup(server.Close)
	return server.URL
}

// probeOf gives the lines of a probe's answer: its series with their values, and
// under "# TYPE name" and "# HELP name" what is said of them.
func probeOf(t testing.TB, base, module, target string) map[string]string {
	t.Helper()
	code, text := get(t, base+"/probe?"+url.Values{"module": {module}, "target": {target}}.Encode())
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s", base, code, text)
	}
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		key := strings.Fields(line)[0]
		if key == "#" {
			key = strings.Join(strings.Fields(line)[:3], " ")
		} else {
			key = line[:strings.LastIndexByte(line, ' ')]
		}
		lines[key] = strings.TrimSpace(line[len(key):])
	}
	return lines
}

// newer are series that Debian's blackbox_exporter 0.23 has not yet.
var newer = regexp.MustCompile(`probe_timeout_seconds|probe_tls_cipher_info`)

// TestProbesAnswerAsBlackboxExporterDoes asks both for the same probes and
// compares every line but for the times.
func TestProbesAnswerAsBlackboxExporterDoes(t *testing.T) {
	plain, secure, file := probeServers(t)
	theirs := startProgram(t, "prometheus-blackbox-exporter", "/-/healthy", "--config.file="+file)
	ours := serveProbes(t, file)
	serial := regexp.MustCompile(`serialnumber="[^"]*",`) // newer, too
	times := regexp.MustCompile(`duration_seconds|lookup_time`)
	for _, row := range []struct{ module, target string }{
		{"http_2xx", plain.URL},
		{"http_2xx", strings.TrimPrefix(plain.URL, "http://")},
		{"http_2xx", strings.Replace(plain.URL, "127.0.0.1", "localhost", 1)},
		{"ip4", plain.URL},
		{"only6", plain.URL},
		{"http_2xx", plain.URL + "/status/404"},
		{"http_2xx", plain.URL + "/status/500"},
		{"accepts404", plain.URL + "/status/404"},
		{"accepts404", plain.URL},
		{"http_2xx", plain.URL + "/status/204"},
		{"http_2xx", plain.URL + "/status/304"},
		{"http_2xx", plain.URL + "/chunked"},
		{"http_2xx", plain.URL + "/to/"},
		{"http_2xx", plain.URL + "/to/to/to/status/404"},
		{"nofollow", plain.URL + "/to/"},
		{"nofollow", plain.URL},
		{"http_2xx", plain.URL + "/loop"},
		{"http_2xx", plain.URL + "/cookie"},
		{"http_2xx", plain.URL + "/a%20b?c=d%26e"},
		{"post", plain.URL},
		{"head", plain.URL},
		{"host", plain.URL},
		{"basic", plain.URL},
		{"bearer", plain.URL},
		{"authorization", plain.URL},
		{"basic", plain.URL + "/to/"},
		{"notwell", plain.URL},
		{"notwell", plain.URL + "/chunked"},
		{"well", plain.URL},
		{"well", plain.URL + "/chunked"},
		{"well", plain.URL + "/status/404"},
		{"moody", plain.URL},
		{"nomood", plain.URL},
		{"mood", plain.URL},
		{"missing", plain.URL},
		{"http1", plain.URL},
		{"http2", plain.URL},
		{"http2", secure.URL},
		{"nohttp2", secure.URL},
		{"insecure", secure.URL},
		{"http_2xx", secure.URL},
		{"trusting", secure.URL},
		{"named", secure.URL},
		{"misnamed", secure.URL},
		{"tls12", secure.URL},
		{"insecure", secure.URL + "/to/"},
		{"insecure", secure.URL + "/chunked"},
		{"ssl", secure.URL},
		{"ssl", plain.URL},
		{"nossl", secure.URL},
		{"nossl", plain.URL},
		{"gzip", plain.URL + "/gzip"},
		{"gzip", plain.URL},
		{"small", plain.URL},
		{"large", plain.URL},
		{"small", plain.URL + "/status/404"},
		{"hasty", plain.URL + "/slow"},
		{"http_2xx", "127.0.0.1:1"},
		{"http_2xx", "https://127.0.0.1:1"},
		{"http_2xx", "nosuch.invalid"},
		{"insecure", strings.Replace(plain.URL, "http:", "https:", 1)},
		{"http_2xx", strings.Replace(secure.URL, "https:", "http:", 1)},
	} {
		t.Run(row.module+" "+row.target, func(t *testing.T) {
			want := probeOf(t, theirs, row.module, row.target)
			got := map[string]string{}
			for key, value := range probeOf(t, ours, row.module, row.target) {
				got[serial.ReplaceAllString(key, "")] = value
			}
			for key, value := range want {
				switch ourValue, there := got[key]; {
				case !there:
					t.Errorf("we have no %s %s", key, value)
				case ourValue != value && (strings.HasPrefix(key, "#") || !times.MatchString(key)):
					t.Errorf("%s is %s, they say %s", key, ourValue, value)
				}
				delete(got, key)
			}
			for key, value := range got {
				if !newer.MatchString(key) && !strings.Contains(key, "phase=") {
					t.Errorf("we have %s %s, which they have not", key, value)
				}
			}
		})
	}
}

// TestPhasesAreThoseOfBlackboxExporter compares times of a page that takes its
// time: the least of some tries each, for this machine may be busy.
func TestPhasesAreThoseOfBlackboxExporter(t *testing.T) {
	_, secure, file := probeServers(t)
	theirs := startProgram(t, "prometheus-blackbox-exporter", "/-/healthy", "--config.file="+file)
	ours := serveProbes(t, file)
	least := func(base string) map[string]float64 {
		best := map[string]float64{}
		for range 4 {
			for key, value := range probeOf(t, base, "insecure", secure.URL+"/to/phases") {
				if took, err := strconv.ParseFloat(value, 64); err == nil && strings.Contains(key, "duration_seconds") {
					if before, there := best[key]; !there || took < before {
						best[key] = took
					}
				}
			}
		}
		return best
	}
	got, want := least(ours), least(theirs)
	if len(got) != 6 || len(want) != 6 {
		t.Fatalf("%v, %v", got, want)
	}
	for key, theirs := range want {
		if noise := .02 + theirs/4; math.Abs(got[key]-theirs) > noise {
			t.Errorf("%s: %.4f s, they say %.4f s", key, got[key], theirs)
		}
	}
}

// TestPrometheusScrapesProbes has a real Prometheus scrape by the relabelling of
// blackbox_exporter's README, and asks it what dashboards and alerts ask.
func TestPrometheusScrapesProbes(t *testing.T) {
	plain, secure, file := probeServers(t)
	ours := serveProbes(t, file)
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: blackbox
    metrics_path: /probe
    params: {module: [insecure]}
    static_configs:
      - targets: [` + plain.URL + `, ` + secure.URL + `, ` + plain.URL + `/status/500, ` + plain.URL + `/slow, 127.0.0.1:1]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: ` + strings.TrimPrefix(ours, "http://") + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	prometheus := startProgram(t, "prometheus", "/-/ready", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"))
	for query, want := range map[string]string{
		`count(up == 1)`:       "5", // a probe that fails is a scrape that succeeds
		`count(probe_success)`: "5",
		`sum(probe_success)`:   "2",
		`probe_success == 1`:   "1",
		`probe_success{instance="` + plain.URL + `/slow"}`:                         "0",
		`probe_http_status_code{instance="` + plain.URL + `/status/500"}`:          "500",
		`round((probe_ssl_earliest_cert_expiry - time()) / 86400 / 100000)`:        "0",
		`probe_ssl_earliest_cert_expiry{instance="` + secure.URL + `"} > bool 3e9`: "1",
		`count(probe_http_duration_seconds)`:                                       "25",
		`count(sum by (instance) (probe_http_duration_seconds) > 0)`:               "5",
		`count(probe_tls_version_info{version="TLS 1.3"})`:                         "1",
		`count(probe_duration_seconds / probe_timeout_seconds < 2)`:                "5",
		`count(avg_over_time(probe_success[1m]) * 100 >= 0)`:                       "5",
		`max(probe_timeout_seconds)`:                                               "0.5",
		`count(probe_ip_protocol == 4)`:                                            "5",
	} {
		var answer string
		eventually(t, query+" to be "+want, func() bool {
			_, answer = get(t, prometheus+"/api/v1/query?query="+url.QueryEscape(query))
			return strings.Contains(answer, `,"`+want+`"]`)
		})
	}
	if _, errors := get(t, prometheus+"/api/v1/targets"); strings.Count(errors, `"health":"up"`) != 5 || strings.Count(errors, `"lastError":""`) != 5 {
		t.Errorf("not all scrapes are well: %s", errors)
	}
}
