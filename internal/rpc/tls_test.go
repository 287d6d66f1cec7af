package rpc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check/checktest"
)

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// issue writes a certificate for name, an IP address or not, and its key to f.
func (a *authority) issue(t *testing.T, f TLSFiles, name string, expires time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: expires,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, f.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// trust writes the authorities that whoever uses f trusts.
func trust(t *testing.T, f TLSFiles, as ...*authority) {
	t.Helper()
	var b bytes.Buffer
	for _, a := range as {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	}
	write(t, f.CA, b.Bytes())
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T) TLSFiles {
	dir := t.TempDir()
	return TLSFiles{Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key"), CA: filepath.Join(dir, "ca")}
}

// Fault 26.
func TestMutualTLS(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	a, stranger := newAuthority(t), newAuthority(t)
	for _, tt := range []struct {
		name           string
		server, client func(f TLSFiles) TLSFiles // issues, and may take the files away
		works          bool
	}{
		{"both fit", func(f TLSFiles) TLSFiles { return f }, func(f TLSFiles) TLSFiles { return f }, true},
		{"worker's certificate for another name", func(f TLSFiles) TLSFiles { a.issue(t, f, "other.test", soon); return f }, nil, false},
		{"worker's certificate expired", func(f TLSFiles) TLSFiles { a.issue(t, f, "127.0.0.1", time.Now().Add(-time.Hour)); return f }, nil, false},
		{"worker's certificate from a stranger", func(f TLSFiles) TLSFiles { stranger.issue(t, f, "127.0.0.1", soon); return f }, nil, false},
		{"caller's certificate expired", nil, func(f TLSFiles) TLSFiles { a.issue(t, f, "gateway", time.Now().Add(-time.Hour)); return f }, false},
		{"caller's certificate from a stranger", nil, func(f TLSFiles) TLSFiles { stranger.issue(t, f, "gateway", soon); return f }, false},
		{"caller without TLS", nil, func(TLSFiles) TLSFiles { return TLSFiles{} }, false},
		{"worker without TLS", func(TLSFiles) TLSFiles { return TLSFiles{} }, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, client := files(t), files(t)
			for _, f := range []TLSFiles{server, client} {
				trust(t, f, a)
				a.issue(t, f, "127.0.0.1", soon)
			}
			if tt.server != nil {
				server = tt.server(server)
			}
			if tt.client != nil {
				client = tt.client(client)
			}
			w := start(t, engine(&checktest.Fake{}), ServerConfig{TLS: server})
			c, err := NewClient(ClientConfig{Workers: []string{w.address}, TLS: client})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if !tt.works {
				if c.Reachable(t.Context(), 500*time.Millisecond) {
					t.Error("they are connected")
				}
				return
			}
			if !c.Reachable(t.Context(), 5*time.Second) {
				t.Fatal("not connected")
			}
			allPass(t, run(t, c, targets(100)))
		})
	}
}

// All certificates and their authority are replaced while targets are checked.
func TestCertificatesAreReplacedWhileInUse(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	before, after := newAuthority(t), newAuthority(t)
	server, client := files(t), files(t)
	for _, f := range []TLSFiles{server, client} {
		trust(t, f, before)
		before.issue(t, f, "127.0.0.1", soon)
	}
	w := start(t, engine(&checktest.Fake{}), ServerConfig{TLS: server})
	c := connect(t, ClientConfig{Workers: []string{cutter(t, w.address, 50*time.Millisecond)}, TLS: client, Tries: 50})
	shown := func() *x509.Certificate {
		pair, err := tls.LoadX509KeyPair(client.Cert, client.Key)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := tls.Dial("tcp", w.address, &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0]
	}
	for _, step := range []func(){
		func() {},
		func() { trust(t, server, before, after); trust(t, client, before, after) },
		func() { after.issue(t, server, "127.0.0.1", soon) },
		func() { after.issue(t, client, "127.0.0.1", soon) },
		func() { trust(t, server, after); trust(t, client, after) },
		func() { write(t, client.Cert, []byte("half of")); write(t, server.CA, nil) }, // the last that were good go on
	} {
		step()
		for range 20 {
			allPass(t, run(t, c, targets(50)))
			time.Sleep(10 * time.Millisecond)
		}
	}
	after.issue(t, client, "x", soon)
	if got := shown(); got.CheckSignatureFrom(after.cert) != nil {
		t.Errorf("the worker shows a certificate of %s", got.Issuer)
	}
}

func TestTLSFilesThatCannotBeUsed(t *testing.T) {
	good := files(t)
	a := newAuthority(t)
	trust(t, good, a)
	a.issue(t, good, "127.0.0.1", time.Now().Add(time.Hour))
	other := files(t)
	a.issue(t, other, "127.0.0.1", time.Now().Add(time.Hour))
	write(t, other.CA, []byte("no PEM"))
	for name, row := range map[string]struct {
		files TLSFiles
		want  string
	}{
		"one of three":     {TLSFiles{Cert: good.Cert}, "needs three files"},
		"missing":          {TLSFiles{good.Cert, good.Key, good.CA + "x"}, "no such file"},
		"not a pair":       {TLSFiles{good.Cert, other.Key, good.CA}, "does not match"},
		"no authority":     {TLSFiles{good.Cert, good.Key, other.CA}, "holds no certificate"},
		"key and cert mix": {TLSFiles{good.Key, good.Cert, good.CA}, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewClient(ClientConfig{Workers: []string{"127.0.0.1:1"}, TLS: row.files})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("client: %v, want %q", err, row.want)
			}
			_, err = NewServer(nil, ServerConfig{TLS: row.files, Log: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("server: %v, want %q", err, row.want)
			}
		})
	}
}
