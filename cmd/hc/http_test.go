package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// clientPair writes a certificate that its own key has signed, and the key, as
// PEM files, and gives the certificate too.
func clientPair(t *testing.T) (cert, key string, leaf *x509.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "cert.pem", "CERTIFICATE", der), writePEM(t, "key.pem", "PRIVATE KEY", text), leaf
}

func writePEM(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCertificatesOfServerAndClient(t *testing.T) {
	cert, key, leaf := clientPair(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mutual" && len(r.TLS.PeerCertificates) == 0 {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are meant
	server.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool}
	server.StartTLS()
	defer server.Close()
	authority := writePEM(t, "ca.pem", "CERTIFICATE", server.Certificate().Raw)
	both := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(both, append(read(t, cert), read(t, key)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown authority":  {[]string{"/"}, 1, `"reason":"tls"`},
		"-k":                 {[]string{"/", "-k"}, 0, `"outcome":"pass"`},
		"--cacert":           {[]string{"/", "--cacert", authority}, 0, `"outcome":"pass"`},
		"no client":          {[]string{"/mutual", "--cacert", authority}, 1, `"status_code":403`},
		"--cert and --key":   {[]string{"/mutual", "--cacert", authority, "--cert", cert, "--key", key}, 0, `"outcome":"pass"`},
		"both in one file":   {[]string{"/mutual", "--cacert", authority, "--cert", both}, 0, `"outcome":"pass"`},
		"key of another":     {[]string{"/", "--cert", authority, "--key", key}, 2, ""},
		"no PEM in --cacert": {[]string{"/", "--cacert", "http_test.go"}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"check", "-f", "jsonl", "--retries", "0", server.URL + row.args[0]}, row.args[1:]...)
			code, stdout, stderr := here(t, args...)
			if code != row.code || !strings.Contains(stdout, row.want) {
				t.Errorf("code %d, want %d with %s: %s%s", code, row.code, row.want, stdout, stderr)
			}
		})
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhereAndHowTargetsAreReached(t *testing.T) {
	s := newSite(t)
	host, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied.Add(1)
		if r.URL.Host != "behind.test" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer proxy.Close()
	for name, row := range map[string]struct {
		args []string
		code int
		want string
	}{
		"--resolve": {[]string{"http://pinned.test:" + port + "/ok/pin", "--resolve", "Pinned.test:" + port + ":" + host}, 0, `"remote_ip":"127.0.0.1"`},
		"-4":        {[]string{s.URL + "/ok/4", "-4"}, 0, `"outcome":"pass"`},
		"-6":        {[]string{s.URL + "/ok/6", "-6", "--retries", "0"}, 1, `"outcome":"fail"`},
		"-x":        {[]string{"http://behind.test/", "-x", proxy.URL}, 0, `"outcome":"pass"`},
		"bad proxy": {[]string{"http://behind.test/", "-x", "http://127.0.0.1:1", "--retries", "0"}, 1, `"reason":"proxy"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := here(t, append([]string{"check", "-f", "jsonl"}, row.args...)...)
			if code != row.code || !strings.Contains(stdout, row.want) {
				t.Errorf("code %d, want %d with %s: %s%s", code, row.code, row.want, stdout, stderr)
			}
		})
	}
	if proxied.Load() == 0 {
		t.Error("nobody came to the proxy")
	}
	t.Setenv("HTTP_PROXY", proxy.URL)
	cmd := hc(t, "check", "http://behind.test/", "-f", "jsonl")
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), `"outcome":"pass"`) {
		t.Errorf("HTTP_PROXY: %v: %s", err, out)
	}
}

func TestWhatIsSent(t *testing.T) {
	seen := make(chan http.Header, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		_, _ = io.WriteString(w, "ok")
	}))
	defer server.Close()
	if code, _, stderr := here(t, "check", server.URL, "-A", "probe/1", "-H", "X-A: 1", "-H", "X-B: 2"); code != 0 {
		t.Fatal(stderr)
	}
	if h := <-seen; h.Get("User-Agent") != "probe/1" || h.Get("X-A") != "1" || h.Get("X-B") != "2" {
		t.Errorf("sent %v", h)
	}
	here(t, "check", server.URL)
	if h := <-seen; !strings.HasPrefix(h.Get("User-Agent"), "hc/") {
		t.Errorf("sent %v", h)
	}
}

func TestRateHoldsBack(t *testing.T) {
	s := newSite(t)
	begun := time.Now()
	code, _, stderr := here(t, "check", writeList(t, 11, s.URL+"/ok/"), "--rate", "1200/m")
	if took := time.Since(begun); code != 0 || took < 450*time.Millisecond {
		t.Errorf("11 checks at 20 a second took %s (code %d %s), want half a second", took, code, stderr)
	}
}

// TestFewDescriptorsAreEnough: where a thousand are asked for and a hundred may
// be open, fewer are in flight and none fails.
func TestFewDescriptorsAreEnough(t *testing.T) {
	s := newSite(t)
	list := writeList(t, 300, s.URL+"/ok/")
	cmd := hc(t)
	cmd.Args = []string{
		"bash", "-c", `ulimit -n 100 && exec -a hc "$0" "$@"`, cmd.Path,
		"check", list, "-c", "1000", "--per-host", "100", "--retries", "0",
	}
	cmd.Path = "/bin/bash"
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if passed := strings.Count(string(out), "PASS"); err != nil || passed != 300 {
		t.Errorf("%d of 300 passed: %v; %s", passed, err, stderr.String())
	}
	if !strings.Contains(stderr.String(), "--concurrency 1000 is cut to 36") {
		t.Errorf("no word of the limit: %q", stderr.String())
	}
}
