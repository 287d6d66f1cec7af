package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// pages are sites on this machine that behave as sites do: mostly well.
type pages struct {
	resolve []string // --resolve flags that lead to them
	modules string   // a --probe-config that trusts them
	probed  []string // for /probe
	port    string
}

// sites are their names, and the days that the certificate of each lasts; 0 is
// plain HTTP.
func sites() map[string]int {
	return map[string]int{"www.example": 0, "docs.example": 0, "shop.example": 75, "old.example": 9, "api.example": 0}
}

// pages starts the sites, each at an address of 127.0.0.0/8 of its own, on one
// port. They end with ctx.
func (l *Lab) pages(ctx context.Context) (pages, error) {
	var p pages
	free, err := freePorts(1)
	if err != nil {
		return p, err
	}
	_, p.port, err = net.SplitHostPort(free[0])
	if err != nil {
		return p, err
	}
	trusted, err := os.Create(filepath.Join(l.dir, "sites.pem"))
	if err != nil {
		return p, err
	}
	defer trusted.Close()
	for i, name := range slices.Sorted(maps.Keys(sites())) {
		ip := net.IPv4(127, 0, 0, byte(11+i))
		ln, err := net.Listen("tcp", net.JoinHostPort(ip.String(), p.port))
		if err != nil {
			return p, err
		}
		scheme := "http"
		if days := sites()[name]; days > 0 {
			cert, err := certificate(name, ip, days)
			if err != nil {
				return p, err
			}
			if err := pem.Encode(trusted, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}); err != nil {
				return p, err
			}
			ln, scheme = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}), "https"
		}
		srv := &http.Server{Handler: http.HandlerFunc(page), ReadHeaderTimeout: 5 * time.Second}
		context.AfterFunc(ctx, func() { _ = srv.Close() })
		go func() { _ = srv.Serve(ln) }() // until Close
		p.resolve = append(p.resolve, "--resolve", name+":"+p.port+":"+ip.String())
		site := scheme + "://" + net.JoinHostPort(ip.String(), p.port) // a probe takes no --resolve
		p.probed = append(p.probed, site+"/")
		if name == "www.example" {
			p.probed = append(p.probed, site+"/missing")
		}
	}
	p.resolve = append(p.resolve, "--cacert", trusted.Name())
	p.modules = filepath.Join(l.dir, "blackbox.yml")
	return p, os.WriteFile(p.modules, fmt.Appendf(nil, "modules:\n  http_2xx:\n    prober: http\n    http:\n      tls_config:\n        ca_file: %s\n", trusted.Name()), 0o600)
}

// page answers as the path says, after a while that is mostly short.
func page(w http.ResponseWriter, r *http.Request) {
	pause := time.Duration(5+mathrand.ExpFloat64()*40) * time.Millisecond
	if mathrand.IntN(20) == 0 {
		pause *= 10
	}
	select {
	case <-time.After(pause):
	case <-r.Context().Done():
		return
	}
	switch r.URL.Path {
	case "/missing":
		http.NotFound(w, r)
	case "/broken":
		http.Error(w, "out of order", http.StatusInternalServerError)
	case "/cut":
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to hang up
	default:
		fmt.Fprintln(w, "well")
	}
}

// certificate is one that signs itself.
func certificate(name string, ip net.IP, days int) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		IPAddresses:  []net.IP{ip},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(time.Duration(days)*24*time.Hour + time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
