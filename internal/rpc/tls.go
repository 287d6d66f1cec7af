package rpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// TLSFiles name PEM files: a certificate (chain), its key, and the authorities
// that the other side's certificate must be from. Both sides show a certificate
// and verify the other's (mTLS, TLS 1.3). The files are read again for each new
// connection; while they do not fit together, as in the middle of a change, the
// last that did are used. The zero value is plaintext.
type TLSFiles struct{ Cert, Key, CA string }

func (f TLSFiles) client(log *slog.Logger) (credentials.TransportCredentials, error) {
	if f == (TLSFiles{}) {
		return insecure.NewCredentials(), nil
	}
	k, err := newKeyring(f, log)
	if err != nil {
		return nil, err
	}
	return &clientTLS{credentials.NewTLS(k.client()), k}, nil
}

func (f TLSFiles) server(log *slog.Logger) (credentials.TransportCredentials, error) {
	if f == (TLSFiles{}) {
		return insecure.NewCredentials(), nil
	}
	k, err := newKeyring(f, log)
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{
		MinVersion:         tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return k.server(), nil },
	}), nil
}

// clientTLS makes each handshake with the files as they are by then.
type clientTLS struct {
	credentials.TransportCredentials
	keyring *keyring
}

// ClientHandshake implements [credentials.TransportCredentials].
func (c *clientTLS) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return credentials.NewTLS(c.keyring.client()).ClientHandshake(ctx, authority, conn)
}

// Clone implements [credentials.TransportCredentials].
func (c *clientTLS) Clone() credentials.TransportCredentials {
	return &clientTLS{c.TransportCredentials.Clone(), c.keyring}
}

// A keyring holds what was read last of the files and fits together.
type keyring struct {
	files   TLSFiles
	log     *slog.Logger
	trouble seldom
	last    atomic.Pointer[keys]
}

type keys struct {
	cert        tls.Certificate
	authorities *x509.CertPool
}

func newKeyring(f TLSFiles, log *slog.Logger) (*keyring, error) {
	if f.Cert == "" || f.Key == "" || f.CA == "" {
		return nil, errors.New("mutual TLS needs three files: a certificate, its key and the authorities of the other side")
	}
	k := &keyring{files: f, log: orSilent(log)}
	read, err := f.read()
	if err != nil {
		return nil, err
	}
	k.last.Store(read)
	return k, nil
}

func (f TLSFiles) read() (*keys, error) {
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s and key %s: %w", f.Cert, f.Key, err)
	}
	pem, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("authorities: %s holds no certificate in PEM", f.CA)
	}
	return &keys{cert, pool}, nil
}

func (k *keyring) now() *keys {
	read, err := k.files.read()
	if err != nil {
		if times, due := k.trouble.due(); due {
			k.log.Warn("TLS files cannot be used; the last that could are", "cause", err, "times", times)
		}
		return k.last.Load()
	}
	k.last.Store(read)
	return read
}

func (k *keyring) client() *tls.Config {
	now := k.now()
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{now.cert}, RootCAs: now.authorities}
}

func (k *keyring) server() *tls.Config {
	now := k.now()
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{now.cert},
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              now.authorities,
		NextProtos:             []string{"h2"},
		SessionTicketsDisabled: true, // a client shows its certificate each time
	}
}
