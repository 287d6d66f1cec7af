package report

import (
	"strings"
	"testing"
)

func TestJSONLLines(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       string // without the line number; "" is no target
	}{
		{"url", `{"url":"https://a.test/"}`, "GET https://a.test/"},
		{"string", `"a.test"`, "GET https://a.test/"},
		{"blank", " \t\r", ""},
		{"comment", "# {}", ""},
		{
			"all fields", `{"url":"a.test","method":"POST","accept":"2xx","max_latency_ms":300,"timeout_ms":1500.5,"headers":{"b":"2","A":"1"},"body":"hi","tags":["x","y"],"expect_body":"^o k$","expect_headers":{"b":"2","a":"1"},"cert_days":14}`,
			"POST https://a.test/ <300ms body=^o k$ header=A:1 header=B:2 cert_days=14 timeout=1.5005s tag=x tag=y [{A 1} {B 2}] hi",
		},
		{"zero and null say nothing", `{"url":"a.test","method":"","accept":null,"max_latency_ms":0,"timeout_ms":0,"headers":{},"body":"","tags":[],"expect_body":"","cert_days":0}`, "GET https://a.test/"},
		{"code", `{"url":"a.test","accept":301}`, "GET https://a.test/ 301"},
		{"list of codes", `{"url":"a.test","accept":[200,"3xx","404,410"]}`, "GET https://a.test/ 200,300-399,404,410"},
		{"empty list of codes", `{"url":"a.test","accept":[]}`, "GET https://a.test/"},

		{"no url", `{"method":"GET"}`, "bad: no url"},
		{"empty", `{}`, "bad: no url"},
		{"null", `null`, "bad: no url"},
		{"number", `1`, "bad: a target is a JSON object or a string, not a JSON number"},
		{"list", `["a.test"]`, "bad: a target is a JSON object or a string, not a JSON array"},
		{"unknown field", `{"url":"a.test","retries":3}`, `bad: unknown field "retries": the fields are url, method, accept, max_latency_ms, …`},
		{"wrong type", `{"url":"a.test","tags":"x"}`, "bad: tags is no JSON string"},
		{"wrong type of a header", `{"url":"a.test","headers":{"A":1}}`, "bad: headers is no JSON number"},
		{"wrong type of the url", `{"url":["a.test"]}`, "bad: url is no JSON array"},
		{"cut", `{"url":"a.test"`, "bad: the JSON object is cut short"},
		{"no JSON", `https://a.test/`, "bad: no valid target in JSON: invalid character…"},
		{"two on a line", `{"url":"a.test"} {"url":"b.test"}`, "bad: something stands after the target: write one per line"},
		{"two strings on a line", `"a.test" "b.test"`, "bad: no valid target in JSON: …"},
		{"bad url", `{"url":"ftp://a.test"}`, "bad: scheme ftp is not http or https"},
		{"bad method", `{"url":"a.test","method":"FETCH"}`, `bad: unknown method "FETCH": write one of GET…`},
		{"bad codes", `{"url":"a.test","accept":"ok"}`, `bad: no valid target in JSON: "ok" is no status code or range…`},
		{"broken code", `{"url":"a.test","accept":200.5}`, `bad: no valid target in JSON: "200.5" is no status code or range…`},
		{"object of codes", `{"url":"a.test","accept":{"from":200}}`, "bad: no valid target in JSON: accept is a code, a text of codes and ranges, or a list of both"},
		{"negative latency", `{"url":"a.test","max_latency_ms":-1}`, "bad: max_latency_ms: -1 is not above 0 and at most 86400000"},
		{"timeout above a day", `{"url":"a.test","timeout_ms":86400001}`, "bad: timeout_ms: 8.6400001e+07 is not above 0…"},
		{"header name", `{"url":"a.test","headers":{"A B":"x"}}`, `bad: "A B" is no header name`},
		{"header value", `{"url":"a.test","headers":{"A":"x\r\nB: y"}}`, "bad: the value of header A holds a control character"},
		{"header twice", `{"url":"a.test","headers":{"x-a":"1","X-A":"2"}}`, "bad: header X-A stands twice"},
		{"bad expression", `{"url":"a.test","expect_body":"("}`, "bad: expect_body: error parsing regexp…"},
		{"bad header expression", `{"url":"a.test","expect_headers":{"A":"("}}`, "bad: expect_headers: error parsing regexp…"},
		{"too many days", `{"url":"a.test","cert_days":36501}`, "bad: cert_days 36501 is not 1 to 36500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			if tt.want != "" {
				want = []string{"2: " + tt.want}
			}
			sameLines(t, decoded(t, decodeJSONL, "\n"+tt.line+"\n"), want)
		})
	}
}

// What is sent may be secret; the url tells people enough.
func TestInputShowsNothingThatIsSent(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"good", `{"headers":{"Authorization":"hunter2"},"url":"https://a.test/","body":"hunter2"}`, "https://a.test/"},
		{"unknown field", `{"headers":{"Authorization":"hunter2"},"url":"https://a.test/","x":1}`, "https://a.test/"},
		{"cut in the header", `{"url":"https://a.test/","headers":{"Authorization":"hunter2"`, `{"url":"https://a.test/",`},
		{"cut in the body", `{"url":"https://a.test/","body":"hunter2`, `{"url":"https://a.test/",`},
		{"too long", `{"url":"https://a.test/","body":"hunter2` + strings.Repeat("a", maxLine) + `"}`, `{"url":"https://a.test/",`},
		{"in YAML", `- {url: "https://a.test/", body: hunter2, x: 1}`, "https://a.test/"},
		{"in YAML without url", `- {body: hunter2}`, "{"},
		{"in YAML with an alias", `- {url: a.test, body: &x hunter2, tags: [*x]}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			decode := decodeJSONL
			if strings.Contains(tt.name, "YAML") {
				decode = decodeYAML
			}
			got := collect(t, decode, tt.line)
			if len(got) != 1 || got[0].Input != tt.want || strings.Contains(got[0].Invalid, "hunter2") {
				t.Errorf("input %q, want %q, of %q", got[0].Input, tt.want, got[0].Invalid)
			}
		})
	}
}
