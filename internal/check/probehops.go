package check

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// along gives the header lines for the hop from a to next. All stay with the
// target's host, also when it sends http on to https; another host is told only
// what cannot be a secret. Cookies that a set are sent where they belong.
func (b *probe) along(from *url.URL, a *answer, next *url.URL) []Field {
	if !sameHost(from, next) {
		b.header = harmless(b.header)
	}
	cookies := b.jar.hop(from, a, next)
	if cookies == "" {
		return b.header
	}
	header := make([]Field, 0, len(b.header)+1)
	for _, f := range b.header {
		if http.CanonicalHeaderKey(f.Name) == "Cookie" {
			cookies = f.Value + "; " + cookies
			continue
		}
		header = append(header, f)
	}
	return append(header, Field{"Cookie", cookies})
}

// sameHost reports whether next is as trustworthy as from: the same origin, or
// the same host on its https port.
func sameHost(from, next *url.URL) bool {
	if from.Scheme == next.Scheme && from.Host == next.Host {
		return true
	}
	return from.Hostname() == next.Hostname() && from.Port() == "" && next.Port() == "" && next.Scheme == "https"
}

// harmless keeps of a header what says how to answer, not who asks.
func harmless(header []Field) []Field {
	var kept []Field
	for _, f := range header {
		switch http.CanonicalHeaderKey(f.Name) {
		case "User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset", "Cache-Control":
			kept = append(kept, f)
		}
	}
	return kept
}

// jar holds the cookies of one probe: pages that set one and redirect until they
// see it again are many.
type jar struct{ *cookiejar.Jar }

// hop takes the cookies of a and gives those for next, as a header's value.
func (j *jar) hop(from *url.URL, a *answer, next *url.URL) string {
	if set := a.Cookies(); len(set) > 0 {
		if j.Jar == nil {
			j.Jar, _ = cookiejar.New(nil) // it has no error
		}
		j.SetCookies(from, set)
	}
	if j.Jar == nil {
		return ""
	}
	var pairs []string
	for _, c := range j.Cookies(next) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
