package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// serve answers with h on a free port until the site is closed, over TLS where
// cfg says how, and gives the address.
func (s *Site) serve(h http.Handler, cfg *tls.Config) (base string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	base = "http://" + l.Addr().String()
	if cfg != nil {
		l, base = tls.NewListener(l, cfg), "https://"+l.Addr().String()
	}
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // refused handshakes are staged
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	s.stop = append(s.stop, func() error {
		err := server.Close()
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return base, nil
}

// listen hands each connection to talk and closes it behind it, until the site
// is closed.
func (s *Site) listen(talk func(net.Conn)) (base string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var talks sync.WaitGroup
	talks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			talks.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				talk(c)
			})
		}
	})
	s.stop = append(s.stop, func() error {
		cancel()
		err := l.Close()
		talks.Wait()
		return err
	})
	return "http://" + l.Addr().String(), nil
}

// selfSigned makes a certificate for 127.0.0.1 that its own key has signed and
// that ends at expires.
func selfSigned(expires time.Time) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "hc demo"},
		NotBefore:    expires.Add(-48 * time.Hour),
		NotAfter:     expires,
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, nil
}
