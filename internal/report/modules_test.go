package report

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hc-health/hc/internal/check"
)

// oneModule reads the keys below http: of a module.
func oneModule(t *testing.T, keys ...string) check.Module {
	t.Helper()
	modules, err := parseModules([]byte("modules:\n  m:\n    prober: http\n    http:\n      " + strings.Join(keys, "\n      ") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return modules[0]
}

func TestModulesOfTheDocumentationAreRead(t *testing.T) {
	modules, err := parseModules([]byte(`
# as blackbox_exporter's example.yml has them
modules:
  http_2xx_example:
    prober: http
    timeout: 5s
    http:
      valid_http_versions: ["HTTP/1.1", "HTTP/2.0"]
      valid_status_codes: []  # Defaults to 2xx
      method: GET
      headers:
        Host: vhost.example.com
        Accept-Language: en-US
        Origin: example.com
      follow_redirects: true
      fail_if_ssl: false
      fail_if_not_ssl: false
      fail_if_body_matches_regexp:
        - "Could not connect to database"
      fail_if_body_not_matches_regexp:
        - "Download the latest version here"
      fail_if_header_matches: # Verifies that no cookies are set
        - header: Set-Cookie
          allow_missing: true
          regexp: '.*'
      fail_if_header_not_matches:
        - header: Access-Control-Allow-Origin
          regexp: '(\*|example\.com)'
      tls_config:
        insecure_skip_verify: false
      preferred_ip_protocol: "ip4" # defaults to "ip6"
      ip_protocol_fallback: false  # no fallback to "ip6"
  http_with_proxy:
    prober: http
    http:
      proxy_url: "http://127.0.0.1:3128"
      skip_resolve_phase_with_proxy: true
  http_post_2xx:
    prober: http
    timeout: 5s
    http:
      method: POST
      headers:
        Content-Type: application/json
      body: '{}'
  http_basic_auth_example:
    prober: http
    timeout: 5s
    http:
      method: POST
      headers:
        Host: "login.example.com"
      basic_auth:
        username: "username"
        password: "mysecret"
  http_gzip:
    prober: http
    http:
      method: GET
      compression: gzip
  http_gzip_with_accept_encoding:
    prober: http
    http:
      method: GET
      compression: gzip
      headers:
        Accept-Encoding: gzip;q=1.0, br;q=0.0
      body_size_limit: 10MB
`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	by := map[string]check.Module{}
	for _, m := range modules {
		names = append(names, m.Name)
		by[m.Name] = m
	}
	if diff := cmp.Diff([]string{
		"http_2xx_example", "http_basic_auth_example", "http_gzip", "http_gzip_with_accept_encoding", "http_post_2xx", "http_with_proxy",
	}, names); diff != "" {
		t.Error(diff)
	}
	m := by["http_2xx_example"]
	if m.Timeout != 5*time.Second || m.Method != "GET" || !m.PreferIPv4 || !m.NoFallback || m.NoRedirects || m.Codes != "" ||
		len(m.FailIfBody) != 1 || len(m.FailIfNotBody) != 1 || !m.FailIfHeader[0].AllowMissing || m.FailIfNotHeader[0].AllowMissing {
		t.Errorf("read as %+v", m)
	}
	if diff := cmp.Diff([]check.Field{{Name: "Accept-Language", Value: "en-US"}, {Name: "Host", Value: "vhost.example.com"}, {Name: "Origin", Value: "example.com"}}, m.Header); diff != "" {
		t.Error(diff)
	}
	if got := by["http_basic_auth_example"].Header[1].Value; got != "Basic dXNlcm5hbWU6bXlzZWNyZXQ=" {
		t.Errorf("basic_auth became %q", got)
	}
	if m := by["http_with_proxy"]; m.Proxy.String() != "http://127.0.0.1:3128" || !m.NoLookupForProxy {
		t.Errorf("proxy became %v, %v", m.Proxy, m.NoLookupForProxy)
	}
	if got := by["http_gzip_with_accept_encoding"].MaxBody; got != 10<<20 {
		t.Errorf("10MB became %d", got)
	}
	if got := by["http_post_2xx"].Body; got != "{}" {
		t.Errorf("body became %q", got)
	}
}

func TestModuleKeysSayWhatTheyDo(t *testing.T) {
	for key, holds := range map[string]func(check.Module) bool{
		"valid_status_codes: [200, 301]": func(m check.Module) bool { return m.Codes == "200,301" },
		"follow_redirects: false":        func(m check.Module) bool { return m.NoRedirects },
		"no_follow_redirects: true":      func(m check.Module) bool { return m.NoRedirects },
		"no_follow_redirects: false":     func(m check.Module) bool { return !m.NoRedirects },
		"enable_http2: false":            func(m check.Module) bool { return m.NoHTTP2 },
		"enable_http2: true":             func(m check.Module) bool { return !m.NoHTTP2 },
		"preferred_ip_protocol: ip6":     func(m check.Module) bool { return !m.PreferIPv4 },
		"ip_protocol_fallback: true":     func(m check.Module) bool { return !m.NoFallback },
		"fail_if_ssl: true":              func(m check.Module) bool { return m.FailIfTLS },
		"fail_if_not_ssl: true":          func(m check.Module) bool { return m.FailIfNotTLS },
		"body_size_limit: 1024":          func(m check.Module) bool { return m.MaxBody == 1024 },
		"body_size_limit: 0":             func(m check.Module) bool { return m.MaxBody == 0 },
		"body_size_limit: 1KiB":          func(m check.Module) bool { return m.MaxBody == 1024 },
		"compression: identity":          func(m check.Module) bool { return m.Compression == "identity" },
		"bearer_token: t":                func(m check.Module) bool { return m.Header[0].Value == "Bearer t" },
		"authorization: {credentials: t}": func(m check.Module) bool {
			return m.Header[0] == check.Field{Name: "Authorization", Value: "Bearer t"}
		},
		"authorization: {type: Key, credentials: t}": func(m check.Module) bool { return m.Header[0].Value == "Key t" },
		"http_headers: {X-A: {values: [a, b], secrets: [c]}}": func(m check.Module) bool {
			return len(m.Header) == 3 && m.Header[2] == check.Field{Name: "X-A", Value: "c"}
		},
		"proxy_from_environment: true":             func(m check.Module) bool { return m.ProxyEnv },
		"tls_config: {insecure_skip_verify: true}": func(m check.Module) bool { return m.TLS.InsecureSkipVerify },
		"tls_config: {server_name: a.example}":     func(m check.Module) bool { return m.TLS.ServerName == "a.example" },
		"tls_config: {min_version: TLS10, max_version: TLS11}": func(m check.Module) bool {
			return m.TLS.MinVersion == tls.VersionTLS10 && m.TLS.MaxVersion == tls.VersionTLS11
		},
	} {
		t.Run(key, func(t *testing.T) {
			if m := oneModule(t, key); !holds(m) {
				t.Errorf("read as %+v", m)
			}
		})
	}
}

func TestBadModulesSayWhatIsWrong(t *testing.T) {
	http := func(keys string) string { return "modules: {m: {prober: http, http: {" + keys + "}}}" }
	for name, row := range map[string]struct{ text, want string }{
		"another prober":       {"modules: {tcp_connect: {prober: tcp, tcp: {tls: true}}, a: {prober: http}, ping: {prober: icmp}}", "ping (icmp), tcp_connect (tcp)"},
		"no prober":            {"modules: {m: {http: {}}}", "module m: the key prober is missing"},
		"nothing":              {"", "no modules"},
		"no modules":           {"modules: {}", "no modules"},
		"no YAML":              {"modules: {", "line 1"},
		"unknown key":          {"modules:\n  m:\n    prober: http\n    http:\n      methd: GET\n", `line 5, column 7: not a module of the http prober as hc has it: unknown field "methd"`},
		"unknown key on top":   {"module: {}\nmodules: {m: {prober: http}}", `unknown field "module"`},
		"key of another":       {"modules: {m: {prober: http, icmp: {}}}", `unknown field "icmp"`},
		"oauth2":               {http("oauth2: {client_id: x}"), `unknown field "oauth2"`},
		"CEL":                  {http("fail_if_body_json_matches_cel: 'body.x'"), `unknown field "fail_if_body_json_matches_cel"`},
		"key twice":            {http("method: GET, method: POST"), "method"},
		"wrong type":           {http("valid_status_codes: yes"), "line 1"},
		"bad code":             {http("valid_status_codes: [20]"), "valid_status_codes"},
		"bad regexp":           {http("fail_if_body_matches_regexp: ['(']"), "module m: fail_if_body_matches_regexp"},
		"rule without header":  {http("fail_if_header_matches: [{regexp: a}]"), "fail_if_header_matches"},
		"bad header":           {http("headers: {'A B': c}"), "headers"},
		"bad header value":     {http(`headers: {A: "a\r\nB: c"}`), "headers"},
		"bad method":           {http("method: 'GET / HTTP/1.1'"), "method"},
		"bad family":           {http("preferred_ip_protocol: ip5"), "preferred_ip_protocol"},
		"brotli":               {http("compression: br"), "compression: br"},
		"other compression":    {http("compression: zip"), "compression"},
		"compression unwanted": {http("compression: gzip, headers: {Accept-Encoding: 'br, gzip;q=0.0'}"), "Accept-Encoding"},
		"two bodies":           {http("body: a, body_file: b"), "body_file"},
		"no body file":         {http("body_file: /nosuch"), "body_file"},
		"bad size":             {http("body_size_limit: 10MB5"), "body_size_limit"},
		"two who ask":          {http("bearer_token: a, basic_auth: {username: b}"), "exclude each other"},
		"basic by hand":        {http("authorization: {type: basic, credentials: a}"), "basic_auth"},
		"no token file":        {http("bearer_token_file: /nosuch"), "authorization"},
		"no password file":     {http("basic_auth: {username: a, password_file: /nosuch}"), "basic_auth"},
		"bad proxy":            {http("proxy_url: 'ftp://user:s3cr3t@proxy'"), "proxy_url"},
		"no_proxy alone":       {http("no_proxy: a"), "no_proxy"},
		"bad TLS version":      {http("tls_config: {min_version: SSL3}"), "tls_config: min_version"},
		"no CA":                {http("tls_config: {ca_file: /nosuch}"), "tls_config: ca_file"},
		"CA that is none":      {http("tls_config: {ca: s3cr3t}"), "tls_config: ca"},
		"certificate alone":    {http("tls_config: {cert_file: /nosuch}"), "tls_config: a client certificate needs its key"},
		"negative timeout":     {"modules: {m: {prober: http, timeout: -1s}}", "timeout"},
		"timeout without unit": {"modules: {m: {prober: http, timeout: 10}}", "timeout"},
		"timeout that is none": {"modules: {m: {prober: http, timeout: s3cr3t}}", "timeout"},
		"late merge":           {"modules:\n  a: &a\n    prober: http\n  b:\n    timeout: 1s\n    <<: *a\n", "line 6: write the merge"},
		"documents":            {"modules: {m: {prober: http}}\n---\nmodules: {n: {prober: http}}\n", "several YAML documents"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseModules([]byte(row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q in it", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v repeats what may be a secret", err)
			}
		})
	}
}

func TestSecretsInFilesAreReadForEachProbe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	for key, want := range map[string]func(string) string{
		"bearer_token_file: " + file:                                 func(s string) string { return "Bearer " + s },
		"authorization: {type: Key, credentials_file: " + file + "}": func(s string) string { return "Key " + s },
		"basic_auth: {username_file: " + file + ", password: p}": func(s string) string {
			return map[string]string{"first": "Basic Zmlyc3Q6cA==", "second": "Basic c2Vjb25kOnA="}[s]
		},
		"basic_auth: {username: u, password_file: " + file + "}": func(s string) string {
			return map[string]string{"first": "Basic dTpmaXJzdA==", "second": "Basic dTpzZWNvbmQ="}[s]
		},
		"http_headers: {Authorization: {files: [" + file + "]}}": func(s string) string { return s },
	} {
		t.Run(key, func(t *testing.T) {
			write("first\n")
			live := oneModule(t, key).Live[0]
			for _, secret := range []string{"first", "second"} {
				write(secret + "\n")
				if got, err := live.Read(); err != nil || got != want(secret) || live.Name != "Authorization" {
					t.Errorf("%s: %q, %v, want %q", live.Name, got, err, want(secret))
				}
			}
		})
	}
}

func TestClientCertificateIsReadForEachHandshake(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	writePair(t, cert, key, 1)
	m := oneModule(t, "tls_config: {cert_file: "+cert+", key_file: "+key+", ca_file: "+cert+"}")
	for serial := range int64(3) {
		writePair(t, cert, key, serial+1)
		pair, err := m.TLS.GetClientCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil || leaf.SerialNumber.Int64() != serial+1 {
			t.Errorf("certificate %v (%v), want %d", leaf.SerialNumber, err, serial+1)
		}
	}
	if m.TLS.RootCAs == nil {
		t.Error("ca_file was not read")
	}
}

func writePair(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTextOfAModuleHidesSecrets(t *testing.T) {
	m := oneModule(t,
		`headers: {Authorization: "Bearer s3cr3t", X-Api-Key: s3cr3t, Host: shown.example}`,
		"http_headers: {X-B: {secrets: [s3cr3t], values: [shown]}}",
		"basic_auth: {username: shown-user, password: s3cr3t}",
		"body: 'password=s3cr3t'",
		"proxy_url: http://user:s3cr3t@proxy.example:3128",
		"fail_if_body_matches_regexp: [shown-regexp]",
	)
	if strings.Contains(m.Text, "s3cr3t") {
		t.Errorf("a secret is shown:\n%s", m.Text)
	}
	for _, want := range []string{"prober: http", "shown.example", "shown-user", "shown-regexp", "proxy.example:3128", "<secret>", "<15 bytes>"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("%s is not shown:\n%s", want, m.Text)
		}
	}
}

func TestAnchorsStandForWhatTheyName(t *testing.T) {
	modules, err := parseModules([]byte("modules:\n  a: &a\n    prober: http\n    timeout: 3s\n  b: *a\n  c:\n    <<: *a\n    timeout: 4s\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) != 3 || modules[1].Timeout != 3*time.Second || modules[2].Timeout != 4*time.Second {
		t.Errorf("read as %+v", modules)
	}
}

// FuzzModules: no text makes the reader panic; it gives modules or an error, and
// modules only of the http prober and within their bounds; and a module as it is
// shown is read as the same module, where nothing in it is masked.
func FuzzModules(f *testing.F) {
	f.Add("modules: {m: {prober: http, timeout: 5s, http: {method: POST, body: x, tls_config: {min_version: TLS12}}}}")
	f.Add("modules:\n  a: &a\n    prober: http\n  b: *a\n")
	f.Add("modules: {t: {prober: tcp}}")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") { // names of files are none of the fuzzer's
			return
		}
		modules, err := parseModules([]byte(text))
		if err == nil && len(modules) == 0 {
			t.Error("neither modules nor an error")
		}
		for _, m := range modules {
			if m.Timeout < 0 || m.MaxBody < 0 || !strings.Contains(m.Text, "prober: http") {
				t.Errorf("read as %+v", m)
			}
			if strings.Contains(m.Text, "<") { // how what is masked begins
				continue
			}
			shown := "modules:\n  m:\n    " + strings.ReplaceAll(strings.TrimSpace(m.Text), "\n", "\n    ") + "\n"
			again, err := parseModules([]byte(shown))
			if err != nil || len(again) != 1 || again[0].Text != m.Text {
				t.Errorf("%q is shown as\n%s\nand that is read as %+v, %v", text, shown, again, err)
			}
		}
	})
}

func TestModuleFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yml")
	if err := os.WriteFile(large, make([]byte, maxModules+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "nosuch.yml"), large, dir} {
		if _, err := ReadModules(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
