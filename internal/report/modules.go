package report

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/hc-health/hc/internal/check"
)

// maxModules bounds a module file: some thousands of modules.
const maxModules = 1 << 20

// ReadModules reads a blackbox.yml, the format of blackbox_exporter 0.28 as far as
// its http prober goes, and gives its modules by name. Files that a module names
// are looked for where this process was started. ca_file and body_file are read
// now; passwords, tokens and client certificates in files are read for each probe,
// since others rotate them. An error says where and which key, and repeats nothing
// that may be a secret.
func ReadModules(path string) ([]check.Module, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxModules+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxModules {
		return nil, fmt.Errorf("%s: more than %d MiB of modules", path, maxModules>>20)
	}
	modules, err := parseModules(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return modules, nil
}

func parseModules(text []byte) ([]check.Module, error) {
	if err := checkKeys(text); err != nil {
		return nil, err
	}
	if err := onlyHTTP(text); err != nil {
		return nil, err
	}
	var file moduleFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict(), yaml.AllowDuplicateMapKey()); err != nil {
		return nil, yamlError("not a module of the http prober as hc has it", err)
	}
	if len(file.Modules) == 0 {
		return nil, errors.New("there are no modules in it: begin with \"modules:\"")
	}
	modules := make([]check.Module, 0, len(file.Modules))
	for _, name := range slices.Sorted(maps.Keys(file.Modules)) {
		m, err := file.Modules[name].module()
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
		m.Name = name
		modules = append(modules, m)
	}
	return modules, nil
}

// checkKeys finds keys that stand twice in a mapping. The decoder would also take
// a key that a merge (<<) brought and that is then written anew for one of those,
// which is what merges are for; it reads such a mapping rightly if the merge comes
// first.
func checkKeys(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return yamlError("invalid YAML", err)
	}
	if len(file.Docs) > 1 {
		return errors.New("it is several YAML documents: leave out the lines ---")
	}
	for _, doc := range file.Docs {
		if doc.Body == nil { // nothing but comments
			continue
		}
		for _, node := range ast.Filter(ast.MappingType, doc.Body) {
			seen := map[string]bool{}
			for i, pair := range node.(*ast.MappingNode).Values {
				key := pair.Key.GetToken().Value
				switch {
				case pair.Key.IsMergeKey() && i > 0:
					return fmt.Errorf("line %d: write the merge (<<) before the other keys", yamlLine(pair.Key))
				case seen[key]:
					return fmt.Errorf("line %d: the key %.64q is there already", yamlLine(pair.Key), key)
				}
				seen[key] = true
			}
		}
	}
	return nil
}

// onlyHTTP finds the modules of other probers, so that the error speaks of them
// and not of their first unknown key.
func onlyHTTP(text []byte) error {
	var file struct {
		Modules map[string]struct {
			Prober string `yaml:"prober"`
		} `yaml:"modules"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.AllowDuplicateMapKey()); err != nil {
		return yamlError("invalid YAML", err)
	}
	var others []string
	for _, name := range slices.Sorted(maps.Keys(file.Modules)) {
		switch prober := file.Modules[name].Prober; prober {
		case "http":
		case "":
			return fmt.Errorf("module %s: the key prober is missing: write prober: http", name)
		default:
			others = append(others, fmt.Sprintf("%s (%s)", name, prober))
		}
	}
	if len(others) > 0 {
		return fmt.Errorf("modules of other probers than http: %s: take them out, hc has none but http", strings.Join(others, ", "))
	}
	return nil
}

// module says in check's words what stands in the file.
func (y moduleYAML) module() (check.Module, error) {
	h := y.HTTP
	text, err := yaml.Marshal(y)
	if err != nil {
		return check.Module{}, err
	}
	m := check.Module{
		Text:             string(text),
		Method:           h.Method,
		NoHTTP2:          isFalse(h.EnableHTTP2),
		NoProxy:          h.NoProxy,
		ProxyEnv:         h.ProxyFromEnv,
		PreferIPv4:       h.PreferredIP == "ip4",
		NoFallback:       isFalse(h.IPFallback),
		NoLookupForProxy: h.SkipResolve,
		NoRedirects:      isFalse(h.FollowRedirects) || h.NoFollowRedirects != nil && *h.NoFollowRedirects,
		Versions:         h.ValidHTTPVersions,
		FailIfTLS:        h.FailIfSSL,
		FailIfNotTLS:     h.FailIfNotSSL,
		Compression:      h.Compression,
	}
	for _, fill := range []func(*check.Module) error{
		y.timeout, h.words, h.codes, h.rules, h.body, h.header, h.auth, h.tls, h.proxy,
	} {
		if err := fill(&m); err != nil {
			return check.Module{}, err
		}
	}
	return m, nil
}

func isFalse(b *bool) bool { return b != nil && !*b }

func (y moduleYAML) timeout(m *check.Module) error {
	if y.Timeout == "" {
		return nil
	}
	var err error
	if m.Timeout, err = time.ParseDuration(y.Timeout); err != nil || m.Timeout < 0 {
		return errors.New("timeout: it is no time to wait: write 5s or 1m30s")
	}
	return nil
}

// words finds values that are none of those there are.
func (h moduleHTTP) words(*check.Module) error {
	switch {
	case h.Method != "" && !isToken(h.Method):
		return errors.New("method: it is no word of HTTP's")
	case !slices.Contains([]string{"", "ip4", "ip6"}, h.PreferredIP):
		return fmt.Errorf("preferred_ip_protocol: %q is neither ip4 nor ip6", h.PreferredIP)
	case h.Compression == "br":
		return errors.New("compression: br is not taken here: write gzip, deflate or identity")
	case !slices.Contains([]string{"", "identity", "gzip", "deflate"}, h.Compression):
		return fmt.Errorf("compression: %q is not gzip, deflate or identity", h.Compression)
	}
	return nil
}

func (h moduleHTTP) codes(m *check.Module) (err error) {
	if len(h.ValidStatusCodes) == 0 {
		return nil
	}
	var words []string
	for _, code := range h.ValidStatusCodes {
		words = append(words, strconv.Itoa(code))
	}
	if m.Codes, err = check.ParseCodes(strings.Join(words, ",")); err != nil {
		return fmt.Errorf("valid_status_codes: %w", err)
	}
	return nil
}

func (h moduleHTTP) rules(m *check.Module) (err error) {
	if m.FailIfBody, err = patterns("fail_if_body_matches_regexp", h.FailIfBody); err != nil {
		return err
	}
	if m.FailIfNotBody, err = patterns("fail_if_body_not_matches_regexp", h.FailIfNotBody); err != nil {
		return err
	}
	if m.FailIfHeader, err = headerRules("fail_if_header_matches", h.FailIfHeader); err != nil {
		return err
	}
	m.FailIfNotHeader, err = headerRules("fail_if_header_not_matches", h.FailIfNotHeader)
	return err
}

func patterns(key string, texts []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, text := range texts {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out = append(out, re)
	}
	return out, nil
}

func headerRules(key string, rules []headerRuleYAML) ([]check.ModuleHeader, error) {
	var out []check.ModuleHeader
	for _, rule := range rules {
		if rule.Header == "" || rule.Regexp == "" {
			return nil, fmt.Errorf("%s: a rule has a header and a regexp", key)
		}
		re, err := regexp.Compile(rule.Regexp)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out = append(out, check.ModuleHeader{Name: rule.Header, Match: re, AllowMissing: rule.AllowMissing})
	}
	return out, nil
}

func (h moduleHTTP) body(m *check.Module) error {
	m.Body = string(h.Body)
	if h.BodyFile != "" {
		if h.Body != "" {
			return errors.New("body and body_file exclude each other")
		}
		text, err := os.ReadFile(h.BodyFile)
		if err != nil {
			return fmt.Errorf("body_file: %w", err)
		}
		m.Body = string(text)
	}
	var err error
	if m.MaxBody, err = parseBytes(h.BodySizeLimit); err != nil {
		return fmt.Errorf("body_size_limit: %w", err)
	}
	return nil
}

// parseBytes reads "10MB", of which the M is 1024 × 1024 with and without an i,
// as in blackbox_exporter. "" is 0.
func parseBytes(s string) (int64, error) {
	number := strings.TrimRight(s, "KMGTiB")
	shift, known := map[string]int{
		"": 0, "B": 0, "KB": 10, "KiB": 10, "MB": 20, "MiB": 20, "GB": 30, "GiB": 30, "TB": 40, "TiB": 40,
	}[s[len(number):]]
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !known || n < 0 || n > 1<<62>>shift {
		return 0, fmt.Errorf("%q is no size: write a number of bytes, or 64KB, 10MB, 1GB", s)
	}
	return n << shift, nil
}

func (h moduleHTTP) proxy(m *check.Module) error {
	if h.ProxyURL == "" {
		if h.NoProxy != "" {
			return errors.New("no_proxy without proxy_url")
		}
		return nil
	}
	if h.ProxyFromEnv {
		return errors.New("proxy_url and proxy_from_environment exclude each other")
	}
	via, err := url.Parse(string(h.ProxyURL))
	if err != nil || via.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, via.Scheme) {
		return errors.New("proxy_url: write http://host:port, https:// or socks5://")
	}
	m.Proxy = via
	return nil
}

// isTelling reports whether a header says how to answer rather than who asks.
func isTelling(name string) bool {
	return slices.Contains([]string{
		"Host", "User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset", "Cache-Control",
		"Content-Type", "Origin", "Referer",
	}, http.CanonicalHeaderKey(name))
}
