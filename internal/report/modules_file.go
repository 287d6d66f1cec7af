package report

import (
	"fmt"

	"github.com/hc-health/hc/internal/check"
)

// moduleFile is a blackbox.yml, key by key. It is written back for people who
// debug a module, so that what may be secret has a type that hides itself.
type moduleFile struct {
	Modules map[string]moduleYAML `yaml:"modules"`
}

type moduleYAML struct {
	Prober  string     `yaml:"prober,omitempty"`
	Timeout string     `yaml:"timeout,omitempty"`
	HTTP    moduleHTTP `yaml:"http,omitempty"`
}

type moduleHTTP struct {
	ValidStatusCodes  []int                 `yaml:"valid_status_codes,omitempty"`
	ValidHTTPVersions []string              `yaml:"valid_http_versions,omitempty"`
	PreferredIP       string                `yaml:"preferred_ip_protocol,omitempty"`
	IPFallback        *bool                 `yaml:"ip_protocol_fallback,omitempty"`
	SkipResolve       bool                  `yaml:"skip_resolve_phase_with_proxy,omitempty"`
	FollowRedirects   *bool                 `yaml:"follow_redirects,omitempty"`
	NoFollowRedirects *bool                 `yaml:"no_follow_redirects,omitempty"` // its name until 0.19
	FailIfSSL         bool                  `yaml:"fail_if_ssl,omitempty"`
	FailIfNotSSL      bool                  `yaml:"fail_if_not_ssl,omitempty"`
	Method            string                `yaml:"method,omitempty"`
	Headers           plainHeaders          `yaml:"headers,omitempty"`
	HTTPHeaders       map[string]headerYAML `yaml:"http_headers,omitempty"`
	FailIfBody        []string              `yaml:"fail_if_body_matches_regexp,omitempty"`
	FailIfNotBody     []string              `yaml:"fail_if_body_not_matches_regexp,omitempty"`
	FailIfHeader      []headerRuleYAML      `yaml:"fail_if_header_matches,omitempty"`
	FailIfNotHeader   []headerRuleYAML      `yaml:"fail_if_header_not_matches,omitempty"`
	Body              sentBody              `yaml:"body,omitempty"`
	BodyFile          string                `yaml:"body_file,omitempty"`
	BodySizeLimit     string                `yaml:"body_size_limit,omitempty"`
	Compression       string                `yaml:"compression,omitempty"`
	BasicAuth         *basicAuthYAML        `yaml:"basic_auth,omitempty"`
	Authorization     *authorizationYAML    `yaml:"authorization,omitempty"`
	BearerToken       secret                `yaml:"bearer_token,omitempty"`
	BearerTokenFile   string                `yaml:"bearer_token_file,omitempty"`
	TLS               tlsYAML               `yaml:"tls_config,omitempty"`
	ProxyURL          proxyURL              `yaml:"proxy_url,omitempty"`
	NoProxy           string                `yaml:"no_proxy,omitempty"`
	ProxyFromEnv      bool                  `yaml:"proxy_from_environment,omitempty"`
	EnableHTTP2       *bool                 `yaml:"enable_http2,omitempty"`
}

type headerYAML struct {
	Values  []string `yaml:"values,omitempty"`
	Secrets []secret `yaml:"secrets,omitempty"`
	Files   []string `yaml:"files,omitempty"`
}

type headerRuleYAML struct {
	Header       string `yaml:"header,omitempty"`
	Regexp       string `yaml:"regexp,omitempty"`
	AllowMissing bool   `yaml:"allow_missing,omitempty"`
}

type basicAuthYAML struct {
	Username     string `yaml:"username,omitempty"`
	UsernameFile string `yaml:"username_file,omitempty"`
	Password     secret `yaml:"password,omitempty"`
	PasswordFile string `yaml:"password_file,omitempty"`
}

type authorizationYAML struct {
	Type            string `yaml:"type,omitempty"`
	Credentials     secret `yaml:"credentials,omitempty"`
	CredentialsFile string `yaml:"credentials_file,omitempty"`
}

type tlsYAML struct {
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify,omitempty"`
	CA                 string `yaml:"ca,omitempty"`
	CAFile             string `yaml:"ca_file,omitempty"`
	Cert               string `yaml:"cert,omitempty"`
	CertFile           string `yaml:"cert_file,omitempty"`
	Key                secret `yaml:"key,omitempty"`
	KeyFile            string `yaml:"key_file,omitempty"`
	ServerName         string `yaml:"server_name,omitempty"`
	MinVersion         string `yaml:"min_version,omitempty"`
	MaxVersion         string `yaml:"max_version,omitempty"`
}

// unseen is Prometheus's word for a secret that is not shown.
const unseen = "<secret>"

// secret is shown as a placeholder.
type secret string

// MarshalYAML implements yaml.InterfaceMarshaler.
func (secret) MarshalYAML() (any, error) { return unseen, nil }

// plainHeaders are the lines of headers, where anything may hold a token.
type plainHeaders map[string]string

// MarshalYAML implements yaml.InterfaceMarshaler. Values of which the name says
// that they are none are shown.
func (h plainHeaders) MarshalYAML() (any, error) {
	shown := make(map[string]string, len(h))
	for name, value := range h {
		if !isTelling(name) {
			value = unseen
		}
		shown[name] = value
	}
	return shown, nil
}

// sentBody may be a form with a password in it.
type sentBody string

// MarshalYAML implements yaml.InterfaceMarshaler.
func (b sentBody) MarshalYAML() (any, error) { return fmt.Sprintf("<%d bytes>", len(b)), nil }

// proxyURL may hold a user and a password.
type proxyURL string

// MarshalYAML implements yaml.InterfaceMarshaler.
func (u proxyURL) MarshalYAML() (any, error) { return check.MaskURL(string(u)), nil }
