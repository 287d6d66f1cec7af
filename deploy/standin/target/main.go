// Command target is a site to check: every page is well, some are slow.
//
//	/                 200
//	/delay/300        200, after 300 ms
//	https on :443     the same, with a certificate of its own
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	fmt.Fprintln(os.Stderr, serve())
	os.Exit(1)
}

// serve answers on both ports until one of them fails.
func serve() error {
	cert, err := certificate()
	if err != nil {
		return err
	}
	http.HandleFunc("/delay/{ms}", delayed)
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	secure := &http.Server{Addr: ":443", TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	failed := make(chan error, 2)
	go func() { failed <- http.ListenAndServe(":80", nil) }()
	go func() { failed <- secure.ListenAndServeTLS("", "") }()
	return <-failed
}

func delayed(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.PathValue("ms"))
	if err != nil {
		http.Error(w, "not a number of milliseconds", http.StatusNotFound)
		return
	}
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
	case <-r.Context().Done():
	}
}

// certificate is for the name target, for 90 days, signed by itself.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"target"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 0, 90),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
