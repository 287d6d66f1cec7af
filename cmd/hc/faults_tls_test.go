//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// An authority issues certificates for the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{}
	a.cert, a.key = a.sign(t, template)
	return a
}

// sign signs template: by itself where a has no certificate yet.
func (a *authority) sign(t testing.TB, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// A pair is what the three --tls flags name.
type pair struct{ cert, key, ca string }

func (p pair) flags() []string {
	return []string{"--tls-cert", p.cert, "--tls-key", p.key, "--tls-ca", p.ca}
}

func newPair(t testing.TB) pair {
	dir := t.TempDir()
	return pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")}
}

// write puts a certificate from a for 127.0.0.1, with change made to it, in place,
// and those that are trusted.
func (p pair) write(t testing.TB, a *authority, change func(*x509.Certificate), trusted ...*authority) pair {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	cert, key := a.sign(t, template)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put := func(file, kind string, ders ...[]byte) {
		var text []byte
		for _, der := range ders {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var trust [][]byte
	for _, a := range trusted {
		trust = append(trust, a.cert.Raw)
	}
	put(p.cert, "CERTIFICATE", cert.Raw)
	put(p.key, "PRIVATE KEY", der)
	put(p.ca, "CERTIFICATE", trust...)
	return p
}

// healthy asks a worker for its health by mutual TLS.
func (p pair) healthy(t testing.TB, address string) bool {
	code, _, _ := here(t, append([]string{"probe", "health", "grpc://" + address}, p.flags()...)...)
	return code == 0
}

func TestFault26CertificatesThatAreNoGoodAreRefused(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	good := newPair(t).write(t, ours, nil, ours)
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	elsewhere := func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }
	for name, row := range map[string]struct {
		worker, gateway []string
		ok              bool
	}{
		"good":              {good.flags(), newPair(t).write(t, ours, nil, ours).flags(), true},
		"expired worker":    {newPair(t).write(t, ours, expired, ours).flags(), good.flags(), false},
		"expired gateway":   {good.flags(), newPair(t).write(t, ours, expired, ours).flags(), false},
		"wrong name":        {newPair(t).write(t, ours, elsewhere, ours).flags(), good.flags(), false},
		"foreign worker":    {newPair(t).write(t, theirs, nil, ours).flags(), good.flags(), false},
		"foreign gateway":   {good.flags(), newPair(t).write(t, theirs, nil, ours).flags(), false},
		"plaintext gateway": {good.flags(), nil, false},
		"plaintext worker":  {nil, good.flags(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			worker := serve(t, "worker", row.worker...)
			front := serve(t, "gateway", append(row.gateway, "--workers", worker.address)...)
			c := newCaller(t)
			if row.ok {
				front.connected(t)
				c.ask(t, front.address, []string{s.URL + "/ok/mtls"}).passed(t, 1)
				return
			}
			time.Sleep(300 * time.Millisecond) // it has had the time to connect, if it could
			if code := c.ask(t, front.address, []string{s.URL + "/ok/mtls"}).code; code != http.StatusServiceUnavailable {
				t.Errorf("%d, want 503", code)
			}
			if s.count("/ok/mtls") != 0 {
				t.Error("it was checked all the same")
			}
		})
	}
}

// TestFault26CertificatesRotateUnderLoad: all of them, the authority too, while
// the gateway and its worker run and callers keep asking.
func TestFault26CertificatesRotateUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before, after := newAuthority(t), newAuthority(t)
	files, gatewayFiles := newPair(t).write(t, before, nil, before), newPair(t).write(t, before, nil, before)
	leaver, joiner := newPair(t).write(t, before, nil, before, after), newPair(t).write(t, after, nil, before, after)
	ports := freePorts(t, 2)
	start := func(i int) *service {
		return serve(t, "worker", append(files.flags(), "--listen", "127.0.0.1:"+ports[i], "--drain-delay", "500ms")...)
	}
	first, second := start(0), start(1)
	front := serve(t, "gateway", append(gatewayFiles.flags(), "--workers", addresses(first, second), "--cache", "off")...)
	connectedTo(t, first, second)
	load := underLoad(t, s, front.address, 4, 5)
	if !leaver.healthy(t, first.address) || joiner.healthy(t, first.address) {
		t.Error("at first the old authority's certificates alone are to be good")
	}

	files.write(t, before, nil, before, after) // both are trusted, everywhere, before the old one goes
	gatewayFiles.write(t, before, nil, before, after)
	if !leaver.healthy(t, first.address) || !joiner.healthy(t, first.address) {
		t.Error("then both authorities' certificates are to be good")
	}
	files.write(t, after, nil, after)
	gatewayFiles.write(t, after, nil, after)
	if leaver.healthy(t, first.address) || !joiner.healthy(t, first.address) {
		t.Error("in the end the new authority's certificates alone are to be good")
	}

	// The gateway that began with the old ones connects anew, and to nobody else.
	first.signal(t, syscall.SIGTERM)
	first.code(t)
	first = start(0)
	connectedTo(t, first)
	second.signal(t, syscall.SIGTERM)
	second.code(t)
	served := load.batches.Load()
	eventually(t, "load on the worker with new certificates", func() bool { return load.batches.Load() > served+10 || t.Failed() })
	load.ends(t)
	first.idle(t)
	front.settled(t)
}
