package check

import (
	"crypto/tls"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// A Module is one way of probing, as blackbox_exporter's modules say it for
// http. The zero value is its http_2xx: GET, redirects followed, IPv6 where there
// is a choice, and any answer from 200 to 299 will do.
type Module struct {
	Name    string
	Text    string        // of its configuration, for people, secrets masked
	Timeout time.Duration // 0 leaves it to whoever asks

	Method   string      // "" is GET
	Header   []Field     // sent while redirects stay on the target's host
	Live     []LiveField // the same, read anew for each probe
	Body     string
	NoHTTP2  bool
	TLS      *tls.Config // nil: verified, TLS 1.2 or later
	Proxy    *url.URL    // nil is none, unless ProxyEnv
	NoProxy  string      // what Proxy is not for, in the form of NO_PROXY
	ProxyEnv bool        // HTTP_PROXY, HTTPS_PROXY and NO_PROXY say which proxy

	PreferIPv4       bool // where a name has addresses of both kinds
	NoFallback       bool // the other kind will not do
	NoLookupForProxy bool // leave the name to the proxy and look up nothing

	NoRedirects  bool // a redirect is the answer
	Codes        Codes
	Versions     []string // of HTTP, such as "HTTP/2.0"; nil takes any
	FailIfTLS    bool     // at the last hop
	FailIfNotTLS bool

	FailIfHeader    []ModuleHeader // matches
	FailIfNotHeader []ModuleHeader // has no value that matches
	FailIfBody      []*regexp.Regexp
	FailIfNotBody   []*regexp.Regexp
	MaxBody         int64  // bytes, after decompression; a larger body fails; 0 is no limit
	Compression     string // the body must be "gzip" or "deflate"; "" and "identity" read it as it is
}

// LiveField is a header line whose value may change while the process runs: a
// password in a file that others rotate, say. Read is called for each probe.
type LiveField struct {
	Name string
	Read func() (string, error) // the error holds no secret
}

// ModuleHeader is a rule on the values of a header. A header that is missing
// fails unless AllowMissing.
type ModuleHeader struct {
	Name         string
	Match        *regexp.Regexp
	AllowMissing bool
}

// fields are the header lines of one probe.
func (m *Module) fields() ([]Field, error) {
	if len(m.Live) == 0 {
		return m.Header, nil
	}
	fields := slices.Clip(m.Header)
	for _, live := range m.Live {
		value, err := live.Read()
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{live.Name, value})
	}
	return fields, nil
}
