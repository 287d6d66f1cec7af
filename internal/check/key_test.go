package check

import (
	"regexp"
	"testing"
	"time"
)

func TestKeySeparatesWhatNeedsItsOwnAnswer(t *testing.T) {
	base := Target{URL: "https://example.com/"}
	field := func(name, value string) *Request { return &Request{Header: []Field{{name, value}}} }
	differ := map[string]Target{
		"plain":           base,
		"URL":             {URL: "https://example.com/a"},
		"method":          {URL: base.URL, Method: "HEAD"},
		"codes":           {URL: base.URL, Expect: Expect{Codes: "301"}},
		"latency":         {URL: base.URL, Expect: Expect{Latency: time.Second}},
		"body expected":   {URL: base.URL, Expect: Expect{Body: regexp.MustCompile("ok")}},
		"cert days":       {URL: base.URL, Expect: Expect{CertDays: 7}},
		"body":            {URL: base.URL, Request: &Request{Body: "a"}},
		"header":          {URL: base.URL, Request: field("A", "b")},
		"header, shifted": {URL: base.URL, Request: field("Ab", "")},
		"realm":           {URL: base.URL, Realm: "insecure"},
		"another realm":   {URL: base.URL, Realm: "redirects=0"},
		"two headers":     {URL: base.URL, Request: &Request{Header: []Field{{"A", "b"}, {"A", "b"}}}},
		"body like a URL": {URL: "https://example.com", Request: &Request{Body: "/"}},
		"invalid":         {Invalid: "scheme ftp", Input: "ftp://a"},
		"invalid too":     {Invalid: "scheme ftp", Input: "ftp://b"},
	}
	seen := make(map[Key]string)
	for name, target := range differ {
		if other, ok := seen[target.Key()]; ok {
			t.Errorf("%q and %q have one key", name, other)
		}
		seen[target.Key()] = name
	}
	same := map[string]Target{
		"GET said":    {URL: base.URL, Method: "GET"},
		"place":       {URL: base.URL, Seq: 7, Source: Source{"f", 1}, Input: "example.com"},
		"how":         {URL: base.URL, Timeout: time.Second, Tags: []string{"a"}, Fresh: true, MaxAge: time.Second},
		"empty codes": {URL: base.URL, Expect: Expect{Codes: "200-299"}},
	}
	for name, target := range same {
		if target.Key() != base.Key() {
			t.Errorf("%q has a key of its own", name)
		}
	}
}

// TestKeyIsStable: keys are shared by processes of different versions.
func TestKeyIsStable(t *testing.T) {
	target := Target{URL: "https://example.com/", Method: "POST", Expect: Expect{Codes: "202"}, Request: &Request{Header: []Field{{"A", "b"}}, Body: "c"}}
	if got, want := target.Key().String(), "c7d8e8cbb6507c8a90f2c1d28d627d85"; got != want {
		t.Errorf("Key() = %s, want %s", got, want)
	}
}

func BenchmarkKey(b *testing.B) {
	target := Target{URL: "https://www.example.com/products/1234?ref=list&page=2"}
	b.ReportAllocs()
	for b.Loop() {
		target.Key()
	}
}
