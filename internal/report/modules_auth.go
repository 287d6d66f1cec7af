package report

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

// header fills in the lines of headers and http_headers, by name.
func (h moduleHTTP) header(m *check.Module) error {
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		if http.CanonicalHeaderKey(name) == "Accept-Encoding" && !accepts(h.Headers[name], h.Compression) {
			return fmt.Errorf("headers: Accept-Encoding does not ask for the compression %s", h.Compression)
		}
		if err := addField(m, "headers", name, h.Headers[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.HTTPHeaders)) {
		line := h.HTTPHeaders[name]
		values := line.Values
		for _, s := range line.Secrets {
			values = append(slices.Clip(values), string(s))
		}
		for _, value := range values {
			if err := addField(m, "http_headers", name, value); err != nil {
				return err
			}
		}
		for _, file := range line.Files {
			if err := addLive(m, "http_headers", name, func() (string, error) { return readSecret(file) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// accepts reports whether an Accept-Encoding lets a server use a compression.
func accepts(header, compression string) bool {
	if compression == "" || compression == "identity" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		zero := strings.Trim(strings.ReplaceAll(weight, " ", ""), "0.") == "q="
		if (strings.TrimSpace(name) == compression || strings.TrimSpace(name) == "*") && !zero {
			return true
		}
	}
	return false
}

func addField(m *check.Module, key, name, value string) error {
	if !isToken(name) || strings.ContainsFunc(value, isControl) {
		return fmt.Errorf("%s: %.64q or its value has characters that HTTP forbids in a header", key, name)
	}
	m.Header = append(m.Header, check.Field{Name: name, Value: value})
	return nil
}

// addLive adds a line that is read for each probe, after a first reading: a file
// that is not there is a mistake to be told now.
func addLive(m *check.Module, key, name string, read func() (string, error)) error {
	if !isToken(name) {
		return fmt.Errorf("%s: %.64q has characters that HTTP forbids in a header", key, name)
	}
	if _, err := read(); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	m.Live = append(m.Live, check.LiveField{Name: name, Read: read})
	return nil
}

// readSecret reads a file that holds nothing else. Space around it is none of it.
func readSecret(file string) (string, error) {
	text, err := os.ReadFile(file)
	return strings.TrimSpace(string(text)), err
}

// auth fills in the one line that says who asks.
func (h moduleHTTP) auth(m *check.Module) error {
	given := 0
	for _, is := range []bool{h.BasicAuth != nil, h.Authorization != nil, h.BearerToken != "", h.BearerTokenFile != ""} {
		if is {
			given++
		}
	}
	if given > 1 {
		return errors.New("basic_auth, authorization, bearer_token and bearer_token_file exclude each other")
	}
	switch {
	case h.BasicAuth != nil:
		return h.BasicAuth.add(m)
	case h.Authorization != nil:
		return h.Authorization.add(m)
	default:
		return authorizationYAML{Credentials: h.BearerToken, CredentialsFile: h.BearerTokenFile}.add(m)
	}
}

func (a authorizationYAML) add(m *check.Module) error {
	kind := cmp.Or(strings.TrimSpace(a.Type), "Bearer")
	switch {
	case strings.EqualFold(kind, "basic"):
		return errors.New("authorization: for the type Basic there is basic_auth")
	case a.Credentials != "" && a.CredentialsFile != "":
		return errors.New("authorization: credentials and credentials_file exclude each other")
	case a.Credentials != "":
		return addField(m, "authorization", "Authorization", kind+" "+string(a.Credentials))
	case a.CredentialsFile != "":
		return addLive(m, "authorization", "Authorization", func() (string, error) {
			text, err := readSecret(a.CredentialsFile)
			return kind + " " + text, err
		})
	}
	return nil
}

func (a *basicAuthYAML) add(m *check.Module) error {
	if a.Username != "" && a.UsernameFile != "" || a.Password != "" && a.PasswordFile != "" {
		return errors.New("basic_auth: name and password are given here or in a file, not both")
	}
	value := func() (string, error) {
		user, password := a.Username, string(a.Password)
		var err error
		if a.UsernameFile != "" {
			if user, err = readSecret(a.UsernameFile); err != nil {
				return "", err
			}
		}
		if a.PasswordFile != "" {
			if password, err = readSecret(a.PasswordFile); err != nil {
				return "", err
			}
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), nil
	}
	if a.UsernameFile == "" && a.PasswordFile == "" {
		line, err := value()
		if err != nil {
			return err
		}
		return addField(m, "basic_auth", "Authorization", line)
	}
	return addLive(m, "basic_auth", "Authorization", value)
}

// tls fills in tls_config.
func (h moduleHTTP) tls(m *check.Module) error {
	t := h.TLS
	if t == (tlsYAML{}) {
		return nil
	}
	cfg := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify} //nolint:gosec // the module asks for it
	for _, fill := range []func(*tls.Config) error{t.versions, t.roots, t.client} {
		if err := fill(cfg); err != nil {
			return fmt.Errorf("tls_config: %w", err)
		}
	}
	m.TLS = cfg
	return nil
}

func (t tlsYAML) versions(cfg *tls.Config) error {
	known := map[string]uint16{
		"": 0, "TLS10": tls.VersionTLS10, "TLS11": tls.VersionTLS11, "TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13,
	}
	var least, most bool
	cfg.MinVersion, least = known[t.MinVersion]
	cfg.MaxVersion, most = known[t.MaxVersion]
	if !least || !most {
		return errors.New("min_version and max_version are TLS10, TLS11, TLS12 or TLS13")
	}
	return nil
}

func (t tlsYAML) roots(cfg *tls.Config) error {
	pem := []byte(t.CA)
	switch {
	case t.CA != "" && t.CAFile != "":
		return errors.New("ca and ca_file exclude each other")
	case t.CAFile != "":
		var err error
		if pem, err = os.ReadFile(t.CAFile); err != nil {
			return fmt.Errorf("ca_file: %w", err)
		}
	case t.CA == "":
		return nil
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return errors.New("ca or ca_file holds no certificate in PEM form")
	}
	return nil
}

// client reads the pair now, for the sake of mistakes, and again for each server
// that asks for it.
func (t tlsYAML) client(cfg *tls.Config) error {
	cert, key := t.Cert+t.CertFile, string(t.Key)+t.KeyFile
	switch {
	case t.Cert != "" && t.CertFile != "" || t.Key != "" && t.KeyFile != "":
		return errors.New("certificate and key are given here or in a file, not both")
	case cert == "" && key == "":
		return nil
	case cert == "" || key == "":
		return errors.New("a client certificate needs its key, and a key its certificate")
	}
	read := func(text, file string) ([]byte, error) {
		if file == "" {
			return []byte(text), nil
		}
		return os.ReadFile(file)
	}
	pair := func() (*tls.Certificate, error) {
		cert, err := read(t.Cert, t.CertFile)
		if err != nil {
			return nil, err
		}
		key, err := read(string(t.Key), t.KeyFile)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(cert, key)
		return &pair, err
	}
	if _, err := pair(); err != nil {
		return fmt.Errorf("client certificate: %w", err)
	}
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair() }
	return nil
}
