package check

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// serveRaw answers each connection on a loopback listener with handle and gives
// its address. Connections are closed when handle returns; the test ends when
// all have.
func serveRaw(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	closed := false
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			if closed {
				_ = c.Close()
			}
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		closed = true
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// readRequest reads one request's head and reports whether there was one.
func readRequest(c net.Conn) bool {
	var got []byte
	var b [1]byte
	for {
		if _, err := c.Read(b[:]); err != nil {
			return false
		}
		got = append(got, b[0])
		if n := len(got); n >= 4 && string(got[n-4:]) == "\r\n\r\n" {
			return true
		}
	}
}

// says answers each request with the same bytes, then closes.
func says(answer string) func(net.Conn) {
	return func(c net.Conn) {
		if readRequest(c) {
			_, _ = io.WriteString(c, answer)
		}
	}
}

// forever writes head once and then more until the client goes.
func forever(head, more string, every time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		if !readRequest(c) {
			return
		}
		_, err := io.WriteString(c, head)
		if more == "" {
			holds(c)
			return
		}
		again := []byte(more)
		tick := time.NewTicker(max(every, time.Nanosecond))
		defer tick.Stop()
		for err == nil {
			if every > 0 {
				<-tick.C
			}
			_, err = c.Write(again)
		}
	}
}

// holds reads until the client goes, and says nothing.
func holds(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// newCert makes a certificate for 127.0.0.1 and localhost that is valid in the
// given span.
func newCert(t testing.TB, from, to time.Time, hosts ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "hc test"},
		NotBefore:             from,
		NotAfter:              to,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames:              hosts,
	}
	if hosts == nil {
		template.DNSNames = []string{"localhost"}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// serveTLS serves h over TLS, with HTTP/2 where h2 is true.
func serveTLS(t testing.TB, cert tls.Certificate, h2 bool, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = h2
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func newHTTP(t testing.TB, cfg HTTPConfig) *HTTP {
	t.Helper()
	h := NewHTTP(cfg)
	t.Cleanup(h.Close)
	return h
}

func get(url string) Target { return Target{URL: url, Method: "GET"} }

func checkOne(t testing.TB, cfg HTTPConfig, target Target) Result {
	t.Helper()
	return newHTTP(t, cfg).Check(context.Background(), target)
}
