package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// exposition gives the metrics of a probe in Prometheus's text format 0.0.4, by
// the names, help texts and order of blackbox_exporter 0.28. It takes 5 µs
// (BenchmarkExposition), since it needs no registry for each probe.
func (p *probed) exposition() []byte {
	e := exposition{text: make([]byte, 0, 4096)}
	e.gauge("probe_dns_lookup_time_seconds", "Returns the time taken for probe dns lookup in seconds", p.Lookup.Seconds())
	e.gauge("probe_duration_seconds", "Returns how long the probe took to complete in seconds", p.took.Seconds())
	e.gauge("probe_failed_due_to_regex", "Indicates if probe failed due to regex", asFlag(p.FailedRegexp))
	e.gauge("probe_http_content_length", "Length of http content response", float64(p.ContentLength))
	e.family("probe_http_duration_seconds", "Duration of http request by phase, summed over all redirects")
	for _, phase := range []struct {
		name string
		took time.Duration
	}{
		{"connect", p.Timing.Connect},
		{"processing", p.Timing.Processing},
		{"resolve", p.Timing.Resolve},
		{"tls", p.Timing.TLS},
		{"transfer", p.Timing.Transfer},
	} {
		e.sample("probe_http_duration_seconds", phase.took.Seconds(), "phase", phase.name)
	}
	if !p.LastModified.IsZero() {
		e.gauge("probe_http_last_modified_timestamp_seconds", "Returns the Last-Modified HTTP response header in unixtime", unix(p.LastModified))
	}
	e.gauge("probe_http_redirects", "The number of redirects", float64(p.Redirects))
	e.gauge("probe_http_ssl", "Indicates if SSL was used for the final redirect", asFlag(p.Conn != nil))
	e.gauge("probe_http_status_code", "Response HTTP status code", float64(p.StatusCode))
	e.gauge("probe_http_uncompressed_body_length", "Length of uncompressed response body", float64(p.BodyBytes))
	e.gauge("probe_http_version", "Returns the version of HTTP of the probe response", version(p.Protocol))
	e.gauge("probe_ip_addr_hash", "Specifies the hash of IP address. It's useful to detect if the IP address changes.", hashed(p.Addr))
	e.gauge("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6", family(p.Addr))
	if p.Conn != nil {
		e.certificates(p.Conn)
	}
	e.gauge("probe_success", "Displays whether or not the probe was a success", asFlag(p.Reason == ""))
	e.gauge("probe_timeout_seconds", "Returns the time the probe had at most in seconds", p.timeout.Seconds())
	if p.Conn != nil {
		e.family("probe_tls_cipher_info", "Returns the TLS cipher negotiated during handshake")
		e.sample("probe_tls_cipher_info", 1, "cipher", tls.CipherSuiteName(p.Conn.CipherSuite))
		e.family("probe_tls_version_info", "Returns the TLS version used or NaN when unknown")
		e.sample("probe_tls_version_info", 1, "version", tls.VersionName(p.Conn.Version))
	}
	return e.text
}

// certificates tells of the chain of the last hop. Where it was not verified,
// its last expiry is that of the zero time, as blackbox_exporter has it.
func (e *exposition) certificates(conn *tls.ConnectionState) {
	e.gauge("probe_ssl_earliest_cert_expiry", "Returns last SSL chain expiry in unixtime", unix(earliest(conn.PeerCertificates)))
	var last time.Time
	for _, chain := range conn.VerifiedChains {
		if at := earliest(chain); at.After(last) {
			last = at
		}
	}
	e.gauge("probe_ssl_last_chain_expiry_timestamp_seconds", "Returns last SSL chain expiry in timestamp", unix(last))
	leaf := conn.PeerCertificates[0] // TLS without one is no HTTPS
	digest := sha256.Sum256(leaf.Raw)
	e.family("probe_ssl_last_chain_info", "Contains SSL leaf certificate information")
	e.sample("probe_ssl_last_chain_info", 1,
		"fingerprint_sha256", hex.EncodeToString(digest[:]),
		"issuer", leaf.Issuer.String(),
		"serialnumber", fmt.Sprintf("%x", leaf.SerialNumber.Bytes()),
		"subject", leaf.Subject.String(),
		"subjectalternative", strings.Join(leaf.DNSNames, ","))
}

func earliest(chain []*x509.Certificate) time.Time {
	var at time.Time
	for _, cert := range chain {
		if at.IsZero() || cert.NotAfter.Before(at) {
			at = cert.NotAfter
		}
	}
	return at
}

func asFlag(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.Unix()) }

// version gives 1.1 for HTTP/1.1, and 0 where there was no answer.
func version(protocol string) float64 {
	v, err := strconv.ParseFloat(strings.TrimPrefix(protocol, "HTTP/"), 64)
	if err != nil {
		return 0
	}
	return v
}

// hashed is blackbox_exporter's hash of an address, 0 for none.
func hashed(addr netip.Addr) float64 {
	if !addr.IsValid() {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write(addr.AsSlice()) // it has no error
	return float64(h.Sum32())
}

func family(addr netip.Addr) float64 {
	switch {
	case addr.Is4():
		return 4
	case addr.Is6():
		return 6
	default:
		return 0
	}
}

// exposition is metrics as text.
type exposition struct{ text []byte }

// gauge writes a metric of one sample.
func (e *exposition) gauge(name, help string, value float64) {
	e.family(name, help)
	e.sample(name, value)
}

// family begins a metric, a gauge like all of a probe's.
func (e *exposition) family(name, help string) {
	e.text = append(append(append(append(e.text, "# HELP "...), name...), ' '), help...)
	e.text = append(append(append(e.text, "\n# TYPE "...), name...), " gauge\n"...)
}

// sample writes a value; labels are names and values by turns.
func (e *exposition) sample(name string, value float64, labels ...string) {
	e.text = append(e.text, name...)
	for i := 0; i+1 < len(labels); i += 2 {
		open := byte(',')
		if i == 0 {
			open = '{'
		}
		e.text = append(append(append(e.text, open), labels[i]...), '=', '"')
		e.label(labels[i+1])
		e.text = append(e.text, '"')
	}
	if len(labels) > 0 {
		e.text = append(e.text, '}')
	}
	e.text = strconv.AppendFloat(append(e.text, ' '), value, 'g', -1, 64)
	e.text = append(e.text, '\n')
}

// label escapes what a certificate may hold.
func (e *exposition) label(value string) {
	for _, r := range strings.ToValidUTF8(value, "\uFFFD") {
		switch r {
		case '\\', '"':
			e.text = append(e.text, '\\', byte(r))
		case '\n':
			e.text = append(e.text, `\n`...)
		default:
			e.text = append(e.text, string(r)...)
		}
	}
}
