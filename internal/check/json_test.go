package check

import (
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// fullResult has a value in each field of the schema.
func fullResult() Result {
	at := time.Date(2026, 11, 24, 8, 5, 6, 789e6, time.UTC)
	return Result{
		Target: Target{
			Seq: 41, Source: Source{"urls.txt", 42}, Input: "HTTPS://me:s3cret@Example.com?token=s3cret 200,403 <300ms",
			URL: "https://me:s3cret@example.com/?token=s3cret", Method: "HEAD",
			Expect: Expect{
				Codes: "200,403", Latency: 300 * time.Millisecond, Body: regexp.MustCompile(`o"k header=`), CertDays: 14,
				Header: []HeaderRule{{"X-A", regexp.MustCompile("a b")}, {"X-B", regexp.MustCompile("")}},
			},
			Tags: []string{"api", "eu west"},
		},
		FinalURL: "https://example.com/home?sig=s3cret", Outcome: Warn, Reason: LatencyExceeded,
		Error:      `HEAD https://me:s3cret@example.com/: took 1s, "want" <300ms`,
		StatusCode: 200, Attempts: 2, Protocol: "HTTP/2.0", RemoteIP: netip.MustParseAddr("2606:4700::1111"), ContentLength: -1,
		Redirects: []Hop{{"https://me:s3cret@example.com/?token=s3cret", 301}, {"https://example.com/a", 302}},
		Cached:    true, CacheAge: 1500 * time.Millisecond, CheckedAt: at, Late: true,
		Timing: Timing{
			Queue: 1500 * time.Microsecond, Resolve: 250 * time.Microsecond, Connect: 10 * time.Millisecond, TLS: 20 * time.Millisecond,
			Processing: 1234567 * time.Microsecond, Transfer: time.Microsecond, Reused: true,
		},
		TLS:    &TLS{Version: "1.3", Issuer: "CN=R11,O=Let's Encrypt", NotAfter: at.Add(30*24*time.Hour + time.Millisecond).Truncate(time.Second)},
		Worker: "worker-1",
	}
}

func TestResultLine(t *testing.T) {
	rows := []struct {
		name   string
		result Result
		want   string
	}{
		{"all", fullResult(), `{"type":"result","v":1,"seq":41,"source":{"file":"urls.txt","line":42},` +
			`"input":"HTTPS://***@Example.com?token=*** 200,403 <300ms",` +
			`"url":"https://***@example.com/?token=***","final_url":"https://example.com/home?sig=***","method":"HEAD",` +
			`"expect":"200,403 <300ms body=o\"k header= header=X-A:a b header=X-B: cert_days=14","tags":["api","eu west"],` +
			`"outcome":"warn","reason":"latency","error":"HEAD https://***@example.com/: took 1s, \"want\" <300ms",` +
			`"status_code":200,"attempts":2,"protocol":"HTTP/2.0","remote_ip":"2606:4700::1111","content_length":-1,` +
			`"redirects":[{"url":"https://***@example.com/?token=***","status_code":301},{"url":"https://example.com/a","status_code":302}],` +
			`"cached":true,"cache_age_ms":1500,"checked_at":"2026-11-24T08:05:06.789Z","late":true,` +
			`"timing_ms":{"queue":1.5,"resolve":0.25,"connect":10,"tls":20,"processing":1234.567,"transfer":0.001,"total":1266.318,"reused":true},` +
			`"tls":{"version":"1.3","issuer":"CN=R11,O=Let's Encrypt","not_after":"2026-12-24T08:05:06Z","days_left":29},` +
			`"worker":"worker-1"}`},
		{"nothing", Result{}, `{"type":"result","v":1,"seq":0,"url":"","method":"GET","outcome":""}`},
		{"a pass", Result{Target: Target{URL: "https://a.test/"}, Outcome: Pass}, `{"type":"result","v":1,"seq":0,"url":"https://a.test/","method":"GET","outcome":"pass"}`},
		{"cached just now", Result{Cached: true}, `{"type":"result","v":1,"seq":0,"url":"","method":"GET","outcome":"","cached":true,"cache_age_ms":0}`},
		{"source without a line", Result{Target: Target{Source: Source{File: "-"}}}, `{"type":"result","v":1,"seq":0,"source":{"file":"-"},"url":"","method":"GET","outcome":""}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := string(row.result.AppendJSON(nil)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestVerbatimInputIsTheOnlyThingNotMasked(t *testing.T) {
	r := fullResult()
	line := string(r.AppendJSONVerbatim(nil))
	if !strings.Contains(line, `"input":"`+r.Target.Input+`"`) {
		t.Errorf("the input is not as sent: %s", line)
	}
	if n := strings.Count(line, "s3cret"); n != strings.Count(r.Target.Input, "s3cret") {
		t.Errorf("%d secrets in %s", n, line)
	}
}

// TestTextSaysTheSameToEveryoneElse: put together once, given to several who ask
// for the same by another name.
func TestTextSaysTheSameToEveryoneElse(t *testing.T) {
	plain := Result{Target: Target{URL: "https://a.test/", Method: "GET"}, Outcome: Pass, StatusCode: 200, Attempts: 1, Cached: true}
	for name, r := range map[string]Result{"full": fullResult(), "plain": plain, "nothing": {}} {
		t.Run(name, func(t *testing.T) {
			text := NewText(&r)
			for i, target := range []Target{
				r.Target,
				{Seq: 7, Input: "a.test#s3cret", Tags: []string{"x", "y"}},
				{Source: Source{"f", 1}, Input: `q"`},
			} {
				target.URL, target.Method, target.Expect = r.Target.URL, r.Target.Method, r.Target.Expect
				r.Target, r.CacheAge = target, time.Duration(i)*time.Second
				r.Text = nil
				want := string(r.AppendJSONVerbatim(nil))
				r.Text = text
				if got := string(r.AppendJSONVerbatim(nil)); got != want {
					t.Errorf("\n%s, want\n%s", got, want)
				}
			}
		})
	}
}

// TestEncodingJSONAgrees: what is embedded in a larger document is the same line.
func TestEncodingJSONAgrees(t *testing.T) {
	s := Summary{Total: 1, Version: "v1"}
	for _, v := range []interface{ AppendJSON([]byte) []byte }{fullResult(), s} {
		var line, embedded any
		if err := json.Unmarshal(v.AppendJSON(nil), &line); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &embedded); err != nil || !reflect.DeepEqual(line, embedded) {
			t.Errorf("%s embedded, %v, alone %v", b, err, line)
		}
	}
}

func TestAppendJSONAppends(t *testing.T) {
	b := fullResult().AppendJSON([]byte("x\n"))
	if !strings.HasPrefix(string(b), `x`+"\n"+`{"type":"result"`) {
		t.Errorf("%.40s", b)
	}
}

// TestResultRoundTrip: what is read back is what was written, but for the
// secrets, and is written the same again.
func TestResultRoundTrip(t *testing.T) {
	want := fullResult()
	line := want.AppendJSON(nil)
	var got Result
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	want.Target.URL, want.Target.Input = MaskURL(want.Target.URL), MaskText(want.Target.Input)
	want.FinalURL, want.Error = MaskURL(want.FinalURL), MaskText(want.Error)
	want.Redirects[0].URL = MaskURL(want.Redirects[0].URL)
	if got.Target.Expect.String() != want.Target.Expect.String() {
		t.Errorf("expectation %q, want %q", got.Target.Expect, want.Target.Expect)
	}
	if again := got.AppendJSON(nil); string(again) != string(line) {
		t.Errorf("written again\n%s\nwant\n%s", again, line)
	}
	got.Target.Expect, want.Target.Expect = Expect{}, Expect{} // expressions do not compare
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestRoundTripCoversTheSchema fails where a field is added to Result and
// neither written nor named here as one that is not.
func TestRoundTripCoversTheSchema(t *testing.T) {
	notWritten := map[string]bool{"RetryAfter": true, "Temporary": true, "Text": true}
	full := reflect.ValueOf(fullResult())
	for i := range full.NumField() {
		if name := full.Type().Field(i).Name; full.Field(i).IsZero() != notWritten[name] {
			t.Errorf("Result.%s: give it a value in fullResult, or say that it is not written", name)
		}
	}
}

func TestUnmarshalTakesLinesWrittenByHand(t *testing.T) {
	rows := []struct {
		name, line string
		want       Result
	}{
		{"url alone", `{"url":"https://a.test/"}`, Result{Target: Target{URL: "https://a.test/"}}},
		{"unknown fields", `{"url":"https://a.test/","new":{"a":[1]},"timing_ms":{"push":1}}`, Result{Target: Target{URL: "https://a.test/"}}},
		{"nulls", `{"url":"https://a.test/","tls":null,"tags":null,"source":null}`, Result{Target: Target{URL: "https://a.test/"}}},
		{"a float where we write whole numbers", `{"cached":true,"cache_age_ms":1.5}`, Result{Cached: true, CacheAge: 1500 * time.Microsecond}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := fullResult() // what was there before must go
			if err := json.Unmarshal([]byte(row.line), &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("got  %+v\nwant %+v", got, row.want)
			}
		})
	}
	for name, line := range map[string]string{
		"a summary":    `{"type":"summary","v":1}`,
		"cut off":      `{"type":"result","v":1,"seq":`,
		"wrong type":   `{"url":1}`,
		"bad expect":   `{"expect":"fast please"}`,
		"bad codes":    `{"expect":"2000"}`,
		"bad latency":  `{"expect":"<fast"}`,
		"bad body":     `{"expect":"body=("}`,
		"bad address":  `{"remote_ip":"here"}`,
		"not a object": `[]`,
	} {
		if err := new(Result).UnmarshalJSON([]byte(line)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPhasesSumToTheTotal(t *testing.T) {
	// Each phase is rounded up by half a microsecond; rounded by itself the total
	// would be 6 % less than their sum.
	d := 8501 * time.Nanosecond
	r := Result{Timing: Timing{Queue: d, Resolve: d, Connect: d, TLS: d, Processing: d, Transfer: d}}
	var line struct {
		Timing map[string]float64 `json:"timing_ms"`
	}
	if err := json.Unmarshal(r.AppendJSON(nil), &line); err != nil {
		t.Fatal(err)
	}
	total := line.Timing["total"]
	delete(line.Timing, "total")
	var sum float64
	for _, ms := range line.Timing {
		sum += ms
	}
	if math.Abs(sum-total) > 1e-9 || total != 0.054 {
		t.Errorf("%v sum to %v, the total is %v", line.Timing, sum, total)
	}
}

func TestAppendMillis(t *testing.T) {
	rows := []struct {
		d    time.Duration
		want string
	}{
		{0, "0"},
		{499, "0"},
		{500, "0.001"},
		{10 * time.Microsecond, "0.01"},
		{100 * time.Microsecond, "0.1"},
		{101 * time.Microsecond, "0.101"},
		{110 * time.Microsecond, "0.11"},
		{999999, "1"},
		{time.Hour, "3600000"},
		{-1500 * time.Microsecond, "-1.5"},
		{math.MaxInt64, "9223372036854.775"},
	}
	for _, row := range rows {
		if got := string(appendMillis(nil, row.d)); got != row.want {
			t.Errorf("%d ns: %s, want %s", row.d, got, row.want)
		}
	}
}

// FuzzJSONString: any text is a valid JSON string on one line, and reads back as it
// was, but for bytes that are no UTF-8.
func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\x7f", "\"\\/", "\t\r\n\b", "ä€😀", "\xff\xc3", "<a&b>", "\u0085\u2028\u2029", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString(nil, s)
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if want := string([]rune(s)); got != want {
			t.Fatalf("%q reads back as %q, want %q", s, got, want)
		}
		if strings.ContainsAny(string(b), "\n\r\u0085\u2028\u2029") || !utf8.Valid(b) {
			t.Fatalf("%q is not one line of UTF-8", b)
		}
	})
}

// FuzzResultRead: whatever line is read, writing what was understood gives valid
// JSON, and that is understood the same.
func FuzzResultRead(f *testing.F) {
	f.Add(fullResult().AppendJSON(nil))
	f.Add([]byte(`{"url":"https://a.test/","timing_ms":{"queue":1e300},"cache_age_ms":-1,"cached":true}`))
	f.Add([]byte(`{"expect":"200 body=a header=b cert_days=0"}`))
	f.Add([]byte(`{"checked_at":"9999-12-31T23:59:59.9999Z","tls":{"not_after":"0000-01-01T00:00:00Z"}}`))
	f.Add([]byte(`{"type":"summary"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var r Result
		if json.Unmarshal(line, &r) != nil {
			return
		}
		first := r.AppendJSON(nil)
		if !json.Valid(first) {
			t.Fatalf("%s is read and written as %s", line, first)
		}
		var back Result
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second := back.AppendJSON(nil); string(second) != string(first) {
			t.Fatalf("written as\n%s\nand then as\n%s", first, second)
		}
		if back.Identity() != r.Identity() {
			t.Fatalf("identity %q, read back %q", r.Identity(), back.Identity())
		}
	})
}

func BenchmarkResultAppendJSON(b *testing.B) {
	plain := fullResult()
	plain.Target.URL = "https://www.example.com/products/1234?ref=list&page=2"
	plain.Target.Input = plain.Target.URL
	plain.Target.Expect, plain.Target.Tags = Expect{}, nil
	plain.Outcome, plain.Reason, plain.Error, plain.Redirects, plain.FinalURL, plain.Worker = Pass, "", "", nil, "", ""
	for name, r := range map[string]Result{"plain": plain, "full": fullResult()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var line []byte
			for b.Loop() {
				line = r.AppendJSON(line[:0])
			}
			b.SetBytes(int64(len(line)))
		})
	}
	b.Run("from a text", func(b *testing.B) {
		r := plain
		r.Text = NewText(&r)
		b.ReportAllocs()
		var line []byte
		for b.Loop() {
			line = r.AppendJSONVerbatim(line[:0])
		}
		b.SetBytes(int64(len(line)))
	})
}

// TestTimesAreAsPackageTimeWritesThem, in UTC and cut off behind the milliseconds.
func TestTimesAreAsPackageTimeWritesThem(t *testing.T) {
	east := time.FixedZone("", 5*60*60+30*60)
	for _, at := range []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 6_999_999, time.UTC),
		time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2026, 1, 1, 0, 0, 0, 0, east),
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(12345, 6, 7, 8, 9, 10, 0, time.UTC),
	} {
		if got, want := string(appendTime(nil, at)), at.UTC().Format("2006-01-02T15:04:05.000Z07:00"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func BenchmarkAppendTime(b *testing.B) {
	at := time.Date(2026, 11, 24, 8, 5, 6, 789_000_000, time.UTC)
	var text []byte
	b.Run("by hand", func(b *testing.B) {
		for b.Loop() {
			text = appendTime(text[:0], at)
		}
	})
	b.Run("package time", func(b *testing.B) {
		for b.Loop() {
			text = at.AppendFormat(text[:0], "2006-01-02T15:04:05.000Z07:00")
		}
	})
}

func BenchmarkResultUnmarshalJSON(b *testing.B) {
	line := fullResult().AppendJSON(nil)
	b.ReportAllocs()
	for b.Loop() {
		var r Result
		if err := r.UnmarshalJSON(line); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEveryByteIsWrittenWhereverItStands: strings are looked at eight bytes at a time.
func TestEveryByteIsWrittenWhereverItStands(t *testing.T) {
	const around = "https://example.com/"
	for c := range 256 {
		for at := range around {
			s := around[:at] + string([]byte{byte(c)}) + around[at:]
			var got string
			if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			if want := strings.ToValidUTF8(s, "\ufffd"); got != want {
				t.Errorf("%q reads %q", want, got)
			}
		}
	}
}
