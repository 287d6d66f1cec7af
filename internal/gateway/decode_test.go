package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hc-health/hc/internal/check"
)

// TestBadBodies: each is refused by an error that says where and what.
func TestBadBodies(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{"empty", ``, "the body is empty"},
		{"white space", " \n", "the body is nothing, not an object"},
		{"no JSON", `hello`, "the body is no JSON, not an object"},
		{"no object", `["https://x/"]`, "the body is an array, not an object"},
		{"null", `null`, "the body is null, not an object"},
		{"cut short", `{"urls":["https://x/"`, "byte 22: a comma or ] is wanted"},
		{"cut short in a string", `{"urls":["https://x/`, "a string does not end"},
		{"cut short in a name", `{"ur`, "a string does not end"},
		{"cut short in an escape", `{"urls":["\`, "a string does not end"},
		{"cut short in a code point", `{"urls":["\u00`, "no valid escape"},
		{"byte order mark", "\ufeff" + oneURL, "byte order mark"},
		{"UTF-16", "{\x00\"\x00", "the name of a field is wanted"},
		{"invalid UTF-8", "{\"urls\":[\"https://x/\xff\"]}", "not valid UTF-8"},
		{"overlong UTF-8", "{\"urls\":[\"https://x/\xc0\xaf\"]}", "not valid UTF-8"},
		{"raw NUL", "{\"urls\":[\"https://x/\x00\"]}", "control character 0x00"},
		{"raw NUL behind", oneURL + "\x00", "something stands after"},
		{"raw line feed", "{\"urls\":[\"https://x/\n\"]}", "control character 0x0a"},
		{"half a pair", `{"urls":["https://x/\ud800"]}`, "no valid escape"},
		{"the other half", `{"urls":["https://x/\udc00\ud800"]}`, "no valid escape"},
		{"unknown escape", `{"urls":["https://x/\x41"]}`, "no valid escape"},
		{"code point with a sign", `{"urls":["\u+123"]}`, "no valid escape"},
		{"single quotes", `{'urls':[]}`, "the name of a field is wanted"},
		{"name without quotes", `{urls:[]}`, "the name of a field is wanted"},
		{"comment", `{/* */"urls":[]}`, "the name of a field is wanted"},
		{"no colon", `{"urls" []}`, "a colon is wanted"},
		{"comma at the end of a list", `{"urls":["https://x/",]}`, "urls[1] is no JSON, not a string"},
		{"comma at the end", `{"urls":["https://x/"],}`, "the name of a field is wanted"},
		{"no comma", `{"urls":["https://x/"] "no_cache":true}`, "a comma or } is wanted"},
		{"more behind it", oneURL + oneURL, "something stands after"},

		{"nothing in it", `{}`, "there are no URLs"},
		{"no URLs", `{"urls":[]}`, "there are no URLs"},
		{"no targets", `{"targets":[]}`, "there are no URLs"},
		{"both", `{"urls":["https://x/"],"targets":[{"url":"https://x/"}]}`, "both urls and targets"},
		{"both, one empty", `{"targets":[],"urls":["https://x/"]}`, "both urls and targets"},
		{"unknown field", `{"urls":["https://x/"],"timeout":3}`, `the body has the unknown field "timeout": the fields are urls, targets, timeout_ms, max_age_ms, no_cache`},
		{"another case", `{"URLs":["https://x/"]}`, `unknown field "URLs"`},
		{"a field twice", `{"urls":["https://x/"],"urls":["https://y/"]}`, "the body has the field urls twice"},
		{"a field twice, escaped", `{"no_cache":true,"no\u005fcache":false,"urls":["https://x/"]}`, "the field no_cache twice"},
		{"urls is a text", `{"urls":"https://x/"}`, "urls is a string, not an array"},
		{"urls is null", `{"urls":null}`, "urls is null, not an array"},
		{"a URL is null", `{"urls":["https://x/",null]}`, "urls[1] is null, not a string"},
		{"a URL is a number", `{"urls":[1]}`, "urls[0] is a number, not a string"},
		{"a URL is a boolean", `{"urls":[true]}`, "urls[0] is a boolean, not a string"},
		{"a URL is an object", `{"urls":[{"url":"https://x/"}]}`, "urls[0] is an object, not a string"},
		{"a target is a text", `{"targets":["https://x/"]}`, "targets[0] is a string, not an object"},
		{"a target without a URL", `{"targets":[{"url":"https://x/"},{"method":"GET"}]}`, "targets[1] has no url"},
		{"a target's URL is null", `{"targets":[{"url":null}]}`, "targets[0].url is null, not a string"},
		{"a target's unknown field", `{"targets":[{"url":"https://x/","headers":{}}]}`, `targets[0] has the unknown field "headers"`},
		{"a target's field twice", `{"targets":[{"url":"https://x/","url":"https://y/"}]}`, "targets[0] has the field url twice"},
		{"unknown method", `{"targets":[{"url":"https://x/","method":"CONNECT"}]}`, `targets[0].method is "CONNECT": write one of GET, HEAD`},
		{"method with a line break", `{"targets":[{"url":"https://x/","method":"GET / HTTP/1.1\r\nX: y"}]}`, "targets[0].method"},
		{"bad codes", `{"targets":[{"url":"https://x/","accept":"ok"}]}`, `targets[0].accept does not fit: "ok" is no status code`},
		{"bad code", `{"targets":[{"url":"https://x/","accept":99}]}`, "targets[0].accept does not fit"},
		{"half a code", `{"targets":[{"url":"https://x/","accept":200.5}]}`, "targets[0].accept does not fit"},
		{"no codes", `{"targets":[{"url":"https://x/","accept":[]}]}`, "targets[0].accept does not fit"},
		{"codes in codes", `{"targets":[{"url":"https://x/","accept":[[200]]}]}`, "targets[0].accept[0] is an array, not a status code"},
		{"codes are null", `{"targets":[{"url":"https://x/","accept":null}]}`, "targets[0].accept is null"},
		{"tags are a text", `{"targets":[{"url":"https://x/","tags":"a"}]}`, "targets[0].tags is a string, not an array"},
		{"too many tags", `{"targets":[{"url":"https://x/","tags":[` + strings.Repeat(`"",`, 101), "targets[0].tags[100] is one tag too many"},
		{"too many codes", `{"targets":[{"url":"https://x/","accept":"` + strings.Repeat(`200,`, 300) + `200"}]}`, "targets[0].accept is beyond the 1000 bytes"},
		{"a tag is a number", `{"targets":[{"url":"https://x/","tags":["a",1]}]}`, "targets[0].tags[1] is a number, not a string"},
		{"time as a text", `{"urls":["https://x/"],"timeout_ms":"100"}`, "timeout_ms is a string, not a number"},
		{"time below zero", `{"urls":["https://x/"],"timeout_ms":-1}`, "timeout_ms is below 0"},
		{"a target's time below zero", `{"targets":[{"url":"https://x/","max_latency_ms":-0.5}]}`, "targets[0].max_latency_ms is below 0"},
		{"age is null", `{"urls":["https://x/"],"max_age_ms":null}`, "max_age_ms is null, not a number"},
		{"number too large", `{"urls":["https://x/"],"max_age_ms":1e999}`, "max_age_ms is a number out of range"},
		{"number too long", `{"urls":["https://x/"],"max_age_ms":1.` + strings.Repeat("0", 64) + `}`, "max_age_ms is a number that is too long"},
		{"number with a zero in front", `{"urls":["https://x/"],"timeout_ms":01}`, "no valid number"},
		{"number with a plus", `{"urls":["https://x/"],"timeout_ms":+1}`, "timeout_ms is no JSON"},
		{"number without an end", `{"urls":["https://x/"],"timeout_ms":1.}`, "no valid number"},
		{"exponent without an end", `{"urls":["https://x/"],"timeout_ms":1e}`, "no valid number"},
		{"hexadecimal", `{"urls":["https://x/"],"timeout_ms":0x10}`, "a comma or } is wanted"},
		{"boolean as a number", `{"urls":["https://x/"],"no_cache":1}`, "no_cache is a number, not true or false"},
		{"boolean as a text", `{"urls":["https://x/"],"no_cache":"true"}`, "no_cache is a string, not true or false"},
		{"boolean spelled wrong", `{"urls":["https://x/"],"no_cache":truth}`, "no_cache is a boolean, not true or false"},
		{"brackets, 10 000 deep", strings.Repeat("[", 10_000), "the body is an array, not an object"},
		{"brackets where URLs belong", `{"urls":` + strings.Repeat("[", 10_000), "urls[0] is an array, not a string"},
		{"objects, 10 000 deep", `{"targets":[` + strings.Repeat(`{"url":`, 10_000), "targets[0].url is an object, not a string"},
		{"objects in an unknown field", strings.Repeat(`{"a":`, 10_000), `unknown field "a"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b batch
			err := b.decode(row.body, 1000)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("%d bytes of error: %.100s", len(err.Error()), err)
			}
		})
	}
}

func TestGoodBodies(t *testing.T) {
	for _, row := range []struct {
		name, body string
		want       check.Target // of the first item
	}{
		{"the seed's body", `{"urls":["https://example.com/"]}`, check.Target{Input: "https://example.com/", URL: "https://example.com/"}},
		{"white space everywhere", " {\t\"urls\" :\r\n[ \"https://x.test/\" , \"y\" ] } \n", check.Target{Input: "https://x.test/", URL: "https://x.test/"}},
		{"no scheme", `{"urls":["Example.com"]}`, check.Target{Input: "Example.com", URL: "https://example.com/"}},
		{"escapes", `{"urls":["https:\/\/x.test\/\u00e9\ud83d\ude00\t\"\\"]}`, check.Target{Input: "https://x.test/é😀\t\"\\", Invalid: "byte 22 of the URL is the control character 0x09"}},
		{"escaped NUL", `{"urls":["https://x.test/\u0000"]}`, check.Target{Input: "https://x.test/\x00", Invalid: "byte 16 of the URL is NUL"}},
		{"empty URL", `{"urls":[""]}`, check.Target{Invalid: "the URL is empty"}},
		{"all of a target", `{"targets":[{"url":"http://x.test","method":"post","accept":"2xx,301","max_latency_ms":1.5,"timeout_ms":250,"tags":["a","b"]}]}`, check.Target{
			Input: "http://x.test", URL: "http://x.test/", Method: "POST", Timeout: 250 * time.Millisecond, Tags: []string{"a", "b"},
			Expect: check.Expect{Codes: "200-299,301", Latency: 1500 * time.Microsecond},
		}},
		{"code as a number", `{"targets":[{"url":"http://x.test/","accept":301}]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Expect: check.Expect{Codes: "301"}}},
		{"codes as a list", `{"targets":[{"url":"http://x.test/","accept":["2xx",409]}]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Expect: check.Expect{Codes: "200-299,409"}}},
		{"the default codes", `{"targets":[{"url":"http://x.test/","accept":"200-299"}]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/"}},
		{"auto", `{"targets":[{"url":"http://x.test/","method":"auto"}]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Method: "AUTO"}},
		{"the batch's time", `{"timeout_ms":1e3,"urls":["http://x.test/"]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Timeout: time.Second}},
		{"its own time first", `{"targets":[{"url":"http://x.test/","timeout_ms":1}],"timeout_ms":1000}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Timeout: time.Millisecond}},
		{"time cut to the longest", `{"timeout_ms":1e300,"urls":["http://x.test/"]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Timeout: 5 * time.Second}},
		{"zero is not said", `{"timeout_ms":0,"max_age_ms":0,"no_cache":false,"urls":["http://x.test/"]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/"}},
		{"age", `{"max_age_ms":1500,"urls":["http://x.test/"]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", MaxAge: 1500 * time.Millisecond}},
		{"no cache", `{"no_cache":true,"urls":["http://x.test/"]}`, check.Target{Input: "http://x.test/", URL: "http://x.test/", Fresh: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b batch
			if err := b.decode(row.body, 1000); err != nil {
				t.Fatal(err)
			}
			b.complete(Config{Timeout: 3 * time.Second, MaxTimeout: 5 * time.Second}, &names{})
			want := row.want
			if want.Method == "" {
				want.Method = "GET"
			}
			if want.Timeout == 0 {
				want.Timeout = 3 * time.Second
			}
			got := b.targets[0]
			if !slices.Equal(got.Tags, want.Tags) || got.Expect.String() != want.Expect.String() {
				t.Errorf("tags %q, expecting %q; want %q, %q", got.Tags, got.Expect, want.Tags, want.Expect)
			}
			if got.Input != want.Input || got.URL != want.URL || got.Method != want.Method || got.Timeout != want.Timeout ||
				got.MaxAge != want.MaxAge || got.Fresh != want.Fresh || got.Invalid != want.Invalid {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestTooManyURLsAreNotRead(t *testing.T) {
	for name, body := range map[string]string{
		"urls":    `{"urls":["a","b","c", this is not read`,
		"targets": `{"targets":[{"url":"a"},{"url":"b"},{this is not read`,
	} {
		t.Run(name, func(t *testing.T) {
			var b batch
			if err := b.decode(body, 2); !errors.Is(err, errTooMany) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestHostileBodiesAreCheap is row 23 of the fault matrix: < 10 ms of CPU.
func TestHostileBodiesAreCheap(t *testing.T) {
	const size = 1 << 20
	for name, body := range map[string]string{
		"depth":         strings.Repeat("[", size),
		"deep objects":  strings.Repeat(`{"targets":[`, size/12),
		"no end":        `{"urls":["` + strings.Repeat("a", size),
		"escapes":       `{"urls":["` + strings.Repeat(`\u00e9`, size/6),
		"digits":        `{"timeout_ms":` + strings.Repeat("9", size),
		"white space":   strings.Repeat(" ", size),
		"unknown field": `{"` + strings.Repeat("a", size) + `":1}`,
		"long method":   `{"targets":[{"url":"x","method":"` + strings.Repeat("a", size) + `"}]}`,
		"many codes":    `{"targets":[{"url":"x","accept":"` + strings.Repeat("200,", size/4) + `"}]}`,
		"list of codes": `{"targets":[{"url":"x","accept":[` + strings.Repeat("200,", size/4) + `200]}]}`,
		"many tags":     `{"targets":[{"url":"x","tags":[` + strings.Repeat(`"",`, size/3) + `""`,
		"many URLs":     `{"urls":[` + strings.Repeat(`"",`, size/3) + `""]}`,
	} {
		t.Run(name, func(t *testing.T) {
			best := time.Hour // of ten, as others use this machine too
			for range 10 {
				var b batch
				began := time.Now()
				err := b.decode(body, 1000)
				best = min(best, time.Since(began))
				if err == nil {
					t.Fatal("accepted")
				}
			}
			if limit := 10 * time.Millisecond * slack; best > limit {
				t.Errorf("took %v, want %v at most", best, limit)
			}
		})
	}
}

// oracle is a request as encoding/json sees it.
type oracle struct {
	URLs    []string       `json:"urls,omitempty"`
	Targets []oracleTarget `json:"targets,omitempty"`
	Timeout float64        `json:"timeout_ms,omitempty"`
	MaxAge  float64        `json:"max_age_ms,omitempty"`
	Fresh   bool           `json:"no_cache,omitempty"`
}

type oracleTarget struct {
	URL        string   `json:"url"`
	Method     string   `json:"method,omitempty"`
	Accept     any      `json:"accept,omitempty"`
	MaxLatency float64  `json:"max_latency_ms,omitempty"`
	Timeout    float64  `json:"timeout_ms,omitempty"`
	Tags       []string `json:"tags,omitempty"`
}

// FuzzBody holds decode against encoding/json. What decode takes, encoding/json
// takes as well, strictly and with the same values; and what encoding/json has
// read, written out plainly, decode takes.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		oneURL, `{"urls":["a","b"],"timeout_ms":1.5e2,"max_age_ms":0,"no_cache":true}`,
		`{"targets":[{"url":"x","method":"head","accept":["2xx",301],"max_latency_ms":3,"timeout_ms":4,"tags":["t","\u00e9\ud83d\ude00"]}]}`,
		`{"urls":["\ud800"]}`, `{"urls":[null]}`, `{"urls":["a"],"urls":["b"]}`, `{"URLS":["a"]}`, "\ufeff" + oneURL, oneURL + " x", `[[[[`, `{"urls":["a",]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var b batch
		err := b.decode(body, 1000)
		var o oracle
		dec := json.NewDecoder(strings.NewReader(body))
		dec.DisallowUnknownFields()
		oracleErr := dec.Decode(&o)
		if _, end := dec.Token(); oracleErr == nil && !errors.Is(end, io.EOF) {
			oracleErr = errors.New("more behind it")
		}
		if err == nil {
			if oracleErr != nil || !utf8.ValidString(body) {
				t.Fatalf("decode takes what encoding/json refuses with %v: %q", oracleErr, body)
			}
			same(t, &b, &o)
			return
		}
		if oracleErr != nil || !plain(&o) {
			return
		}
		again, _ := json.Marshal(o)
		var c batch
		if err := c.decode(string(again), 1000); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		same(t, &c, &o)
	})
}

// plain tells whether o is a batch in decode's eyes, too.
func plain(o *oracle) bool {
	number := func(ms float64) bool { return ms >= 0 }
	ok := (len(o.URLs) > 0) != (len(o.Targets) > 0) && len(o.URLs) <= 1000 && len(o.Targets) <= 1000 && number(o.Timeout) && number(o.MaxAge)
	for _, t := range o.Targets {
		ok = ok && number(t.MaxLatency) && number(t.Timeout) && t.Accept == nil &&
			(t.Method == "" || slices.ContainsFunc(methods, func(m string) bool { return strings.EqualFold(m, t.Method) }))
	}
	return ok
}

func same(t *testing.T, b *batch, o *oracle) {
	t.Helper()
	millis := func(d time.Duration, ms float64) bool {
		ns := ms * 1e6
		return d == math.MaxInt64 && ns >= math.MaxInt64 || math.Abs(float64(d)-ns) <= 1
	}
	if !millis(b.timeout, o.Timeout) || !millis(b.maxAge, o.MaxAge) || b.fresh != o.Fresh || len(b.targets) != len(o.URLs)+len(o.Targets) {
		t.Fatalf("got %+v, encoding/json has %+v", b, o)
	}
	for i, url := range o.URLs {
		if b.targets[i].Input != url {
			t.Fatalf("URL %d is %q, encoding/json has %q", i, b.targets[i].Input, url)
		}
	}
	for i, want := range o.Targets {
		got := b.targets[i]
		if got.Input != want.URL || !strings.EqualFold(got.Method, want.Method) || !slices.Equal(got.Tags, want.Tags) ||
			!millis(got.Expect.Latency, want.MaxLatency) || !millis(got.Timeout, want.Timeout) || (got.Expect.Codes == "") != (want.Accept == nil) {
			t.Fatalf("target %d is %+v, encoding/json has %+v", i, got, want)
		}
	}
}

// TestInputIsGivenBackAsSent: byte for byte, where it holds secrets too.
func TestInputIsGivenBackAsSent(t *testing.T) {
	s := serve(t, Config{})
	sent := []string{
		"https://user:password@example.com/?token=abc", " HTTPS://Example.COM:443/a/../b?q=ä#top", "no url at all", "", "https://x/\x00",
		"\u2028\u2029\u0085\"\\<>&\U0001F600", "https://x.test/" + strings.Repeat("long", 1000),
	}
	body, _ := json.Marshal(map[string]any{"urls": sent})
	g := s.post(string(body))
	var a struct{ Results []struct{ Input, URL string } }
	if err := json.NewDecoder(bytes.NewReader([]byte(g.body))).Decode(&a); err != nil {
		t.Fatalf("%v in %s", err, g.body)
	}
	for i, r := range a.Results {
		if r.Input != sent[i] {
			t.Errorf("input %q, want %q", r.Input, sent[i])
		}
		if strings.Contains(r.URL, "password") || strings.Contains(r.URL, "abc") {
			t.Errorf("url %q holds a secret", r.URL)
		}
	}
}
