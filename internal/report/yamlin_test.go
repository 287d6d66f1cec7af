package report

import "testing"

func TestYAMLElements(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"list of URLs", "# mine\n- https://a.test/\n\n- b.test # second\n", []string{"2: GET https://a.test/", "4: GET https://b.test/"}},
		{"all fields", `
- url: https://a.test/
  method: POST
  accept: [200, 3xx, "404-410"]
  max_latency_ms: 300
  timeout_ms: 1500
  headers:
    X-A: "1"
    content-type: application/json
  body: |
    {"x":
     1}
  tags: [x, y]
  expect_body: ^o k$
  expect_headers: {Content-Type: ^application/json}
  cert_days: 14
- url: b.test
  accept: 301
`, []string{
			"2: POST https://a.test/ 200,300-399,404-410 <300ms body=^o k$ header=Content-Type:^application/json cert_days=14 timeout=1.5s" +
				" tag=x tag=y [{Content-Type application/json} {X-A 1}] {\"x\":\n 1}\n",
			"17: GET https://b.test/ 301",
		}},
		{"key targets", "targets:\n  - a.test\n", []string{"2: GET https://a.test/"}},
		{"several documents", "%YAML 1.2\n---\n- a.test\n---\n- b.test\n...\n", []string{"3: GET https://a.test/", "5: GET https://b.test/"}},
		{"CRLF", "- a.test\r\n# b\r\n- url: c.test\r\n  tags: [x]\r\n- d.test\r\n", []string{
			"1: GET https://a.test/", "3: GET https://c.test/ tag=x", "5: GET https://d.test/",
		}},
		{"flow", "[a.test, {url: b.test}]", []string{"1: GET https://a.test/", "1: GET https://b.test/"}},
		{"JSON", "[\n\t{\"url\": \"a.test\"},\n\t{\"url\": \"b.test\",\n\t \"accept\": \"2xx\"}\n]\n", []string{"2: GET https://a.test/", "3: GET https://b.test/"}},
		{"nothing", "# nothing\n", nil},
		{"empty element", "- a.test\n-\n- b.test\n", []string{"1: GET https://a.test/", "2: bad: no url", "3: GET https://b.test/"}},
		{"list in the list", "- [a.test]\n", []string{"1: bad: a target is a JSON object or a string…"}},
		{"unknown field", "- url: a.test\n  expect: 200\n- b.test\n", []string{`1: bad: unknown field "expect": the fields are …`, "3: GET https://b.test/"}},
		{"not a number", "- url: a.test\n  timeout_ms: .nan\n", []string{"1: bad: …"}},
		{"alias", "- url: a.test\n  tags: &t [x]\n- url: b.test\n  tags: *t\n", []string{
			"1: GET https://a.test/ tag=x", "3: bad: aliases (*name) are not read: write out what they stand for",
		}},
		{"bad url", "- ftp://a.test\n", []string{"1: bad: scheme ftp is not http or https"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sameLines(t, decoded(t, decodeYAML, tt.text), tt.want)
		})
	}
}
