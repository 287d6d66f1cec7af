package check

import (
	"regexp"
	"testing"
	"time"
)

func TestParseCodes(t *testing.T) {
	rows := []struct {
		name, text  string
		want        Codes
		accepts     []int
		not         []int
		isRedirects bool
	}{
		{"one", "200", "200", []int{200}, []int{199, 201}, false},
		{"a range", "200-299", "200-299", []int{200, 299}, []int{199, 300}, false},
		{"several", "200-299, 403", "200-299,403", []int{250, 403}, []int{400, 404}, false},
		{"a class", "2xx", "200-299", []int{204}, []int{302}, false},
		{"a class in capitals", "4XX", "400-499", []int{404}, []int{500}, false},
		{"lychee", "200..=299", "200-299", []int{299}, []int{300}, false},
		{"dots", "200..204", "200-204", []int{204}, []int{205}, false},
		{"a redirect", "301", "301", []int{301}, []int{200}, true},
		{"across", "200-399", "200-399", []int{302}, []int{404}, true},
		{"all", "100-999", "100-999", []int{100, 999}, nil, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseCodes(row.text)
			if err != nil || got != row.want {
				t.Fatalf("ParseCodes(%q) = %q, %v, want %q", row.text, got, err, row.want)
			}
			for _, code := range row.accepts {
				if !got.Accepts(code) {
					t.Errorf("%d is not accepted", code)
				}
			}
			for _, code := range row.not {
				if got.Accepts(code) {
					t.Errorf("%d is accepted", code)
				}
			}
			if got.Redirects() != row.isRedirects {
				t.Errorf("Redirects() = %v", got.Redirects())
			}
		})
	}
	for _, text := range []string{"", "2", "20x", "0xx", "2xxx", "099", "1000", "299-200", "200-", "-200", "200,,201", "a-b", "+20", "200-2999"} {
		if got, err := ParseCodes(text); err == nil {
			t.Errorf("ParseCodes(%q) = %q, want an error", text, got)
		}
	}
}

func TestZeroCodesAre2xx(t *testing.T) {
	var c Codes
	if !c.Accepts(200) || !c.Accepts(299) || c.Accepts(199) || c.Accepts(300) || c.Redirects() || c.String() != "200-299" {
		t.Errorf("%q", c)
	}
}

func TestExpectTextReadsBack(t *testing.T) {
	re := regexp.MustCompile
	rows := []struct {
		name   string
		expect Expect
		want   string
	}{
		{"nothing", Expect{}, ""},
		{"the default codes", Expect{Codes: "200-299"}, ""},
		{"codes", Expect{Codes: "301,403"}, "301,403"},
		{"latency", Expect{Latency: 300 * time.Millisecond}, "<300ms"},
		{"body", Expect{Body: re("all is <b>well</b>")}, "body=all is <b>well</b>"},
		{"empty body", Expect{Body: re("")}, "body="},
		{"body with spaces around", Expect{Body: re(" a "), CertDays: 1}, "body= a  cert_days=1"},
		{"body like codes", Expect{Body: re("200 <1s")}, "body=200 <1s"},
		{"body like cert days", Expect{Body: re("x cert_days=soon")}, "body=x cert_days=soon"},
		{"body like a header rule", Expect{Body: re("(a header=b)")}, "body=(a header=b)"},
		{"header", Expect{Header: []HeaderRule{{"Server", re("nginx")}}}, "header=Server:nginx"},
		{"headers", Expect{Header: []HeaderRule{{"A", re("x y")}, {"A", re("")}, {"B", re("c:d")}}}, "header=A:x y header=A: header=B:c:d"},
		{"header like a header rule", Expect{Header: []HeaderRule{{"A", re("(b header=C:d)")}}}, "header=A:(b header=C:d)"},
		{"certificate", Expect{CertDays: 14}, "cert_days=14"},
		{"all", Expect{Codes: "200", Latency: time.Second, Body: re("b"), Header: []HeaderRule{{"C", re("d")}}, CertDays: 7}, "200 <1s body=b header=C:d cert_days=7"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := row.expect.String(); got != row.want {
				t.Fatalf("String() = %q, want %q", got, row.want)
			}
			got, err := ParseExpect(row.want)
			if err != nil || got.String() != row.want {
				t.Fatalf("ParseExpect(%q) = %q, %v", row.want, got, err)
			}
			if len(got.Header) != len(row.expect.Header) || got.CertDays != row.expect.CertDays || got.Latency != row.expect.Latency ||
				(got.Body == nil) != (row.expect.Body == nil) || got.Body != nil && got.Body.String() != row.expect.Body.String() {
				t.Errorf("ParseExpect(%q) = %+v, want %+v", row.want, got, row.expect)
			}
		})
	}
	for _, text := range []string{"fast", "200 fast", "20", "<", "<0s", "<-1s", "<1", "body=(", "header=", "header=A", "header=A b:c", "cert_days=", "cert_days=0", "cert_days=-1", " 200"} {
		if got, err := ParseExpect(text); err == nil {
			t.Errorf("ParseExpect(%q) = %q, want an error", text, got)
		}
	}
}

// FuzzParseExpect: what is read is written so that it reads the same, so that an
// Identity survives any number of trips through a file.
func FuzzParseExpect(f *testing.F) {
	for _, s := range []string{"", "200,403 <300ms body=a b header=A:b header=C: cert_days=7", "body= header=", "2xx", "<1h", "body=x header=(:", "cert_days=+7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseExpect(s)
		if err != nil {
			return
		}
		text := e.String()
		again, err := ParseExpect(text)
		if err != nil || again.String() != text {
			t.Fatalf("%q is read as %q, and that as %q, %v", s, text, again, err)
		}
	})
}
