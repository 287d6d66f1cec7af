package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// schemas compiles those of the contract as it is served.
func schemas(t *testing.T, contract string) func(name string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(contract))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(name string) *jsonschema.Schema {
		t.Helper()
		s, err := c.Compile("openapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func validate(t *testing.T, s *jsonschema.Schema, text string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v\nin %s", err, text)
	}
}

// strict makes schemas refuse fields they do not name, so that the contract
// cannot fall behind what is sent. In the contract itself they stay open.
func strict(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, object := v["properties"].(map[string]any); object {
			v["additionalProperties"] = false
		}
		for _, below := range v {
			strict(below)
		}
	case []any:
		for _, below := range v {
			strict(below)
		}
	}
}

// TestContractHolds validates live answers of every kind against the schemas that
// the service itself gives out.
func TestContractHolds(t *testing.T) {
	full := func(*check.Target, check.Key, time.Time, *check.Result) bool { return false }
	fake := &checktest.Fake{Answer: allOf}
	s := serve(t, Config{Runner: pool.New(fake, pool.Config{}), Hot: full, Version: `v1 "quoted"`, MaxURLs: 50, KeyRate: 1e6, KeyBurst: 40})
	served := s.do("GET", "/openapi.json", "").body
	var contract map[string]any
	if err := json.Unmarshal([]byte(served), &contract); err != nil {
		t.Fatal(err)
	}
	if info, _ := contract["info"].(map[string]any); info["version"] != `v1 "quoted"` {
		t.Errorf("info %v", info)
	}
	components, _ := contract["components"].(map[string]any)
	strict(components["schemas"])
	narrow, _ := json.Marshal(contract)
	schema := schemas(t, string(narrow))

	body := `{"targets":[
		{"url":"https://pass.test/","tags":["a","b"]},{"url":"https://fail.test/","accept":[301,"2xx"],"max_latency_ms":5},
		{"url":"https://warn.test/","method":"HEAD"},{"url":"https://skip.test/"},{"url":"not a url"},{"url":"https://pass.test/"}],
		"timeout_ms":1000,"max_age_ms":1}`
	validate(t, schema("Batch"), body)
	validate(t, schema("Batch"), oneURL)
	g := s.post(body)
	validate(t, schema("Answer"), g.body)
	for _, outcome := range check.Outcomes() {
		if !strings.Contains(g.body, fmt.Sprintf(`"outcome":"%s"`, outcome)) {
			t.Errorf("no result has the outcome %s", outcome)
		}
	}
	for line := range strings.Lines(s.post(body, "Accept: application/x-ndjson").body) {
		validate(t, schema("Line"), line)
	}
	events := 0
	for line := range strings.Lines(s.post(body, "Accept: text/event-stream").body) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			validate(t, schema("Line"), data)
			events++
		}
	}
	if events != 7 {
		t.Errorf("%d events", events)
	}

	for name, g := range map[string]got{
		"400": s.post("{"), "403": s.post(oneURL, "Sec-Fetch-Site: cross-site"), "404": s.do("GET", "/x", ""), "405": s.do("GET", "/check", ""),
		"413": s.post(urls(51)), "413, burst": s.post(urls(41)), "415": s.post(oneURL, "Content-Type: text/plain"),
	} {
		if want := name[:3]; fmt.Sprint(g.code) != want {
			t.Errorf("status %d, want %s: %s", g.code, want, g.body)
		}
		validate(t, schema("Problem"), g.body)
	}
	for _, p := range []*problem{
		headerTooLarge(), unauthorized(nil), bodyTooSlow(), rateLimited(time.Second), overloaded(1, 5000), noWorkers(), notReady("x"), internalError(),
	} {
		rec := &recorder{header: http.Header{}}
		p.write(rec, &http.Request{})
		validate(t, schema("Problem"), rec.body)
	}
}

type recorder struct {
	header http.Header
	body   string
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) Write(b []byte) (int, error) {
	r.body += string(b)
	return len(b), nil
}

// TestContractRefusesWhatTheServiceDoes holds the schema of a request against
// decode.
func TestContractRefusesWhatTheServiceDoes(t *testing.T) {
	batchSchema := schemas(t, contract)("Batch")
	for _, body := range []string{
		`{}`, `{"urls":[]}`, `{"urls":["x"],"targets":[{"url":"x"}]}`, `{"urls":["x"],"nope":1}`, `{"urls":[null]}`, `{"urls":[1]}`, `[]`,
		`{"targets":[{}]}`, `{"targets":[{"url":"x","headers":{}}]}`, `{"urls":["x"],"timeout_ms":-1}`, `{"urls":["x"],"no_cache":"yes"}`,
		`{"targets":[{"url":"x","method":"CONNECT"}]}`, `{"targets":[{"url":"x","accept":null}]}`, `{"targets":[{"url":"x","accept":99}]}`,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if batchSchema.Validate(v) == nil {
			t.Errorf("the contract allows %s", body)
		}
		var b batch
		if b.decode(body, 1000) == nil {
			t.Errorf("the service takes %s", body)
		}
	}
}

// TestContractHasTheSchemaOfResults: a result and the summary have one schema, in
// the command and here. Only some descriptions differ.
func TestContractHasTheSchemaOfResults(t *testing.T) {
	read := func(text []byte, path ...string) any {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		for _, name := range path {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		undescribed(v)
		return v
	}
	theirs, err := os.ReadFile("../report/result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for here, there := range map[string]string{"Result": "result", "Summary": "summary"} {
		got, want := read([]byte(contract), "components", "schemas", here), read(theirs, "$defs", there)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s differs from what hc schema result says", here)
		}
	}
}

func undescribed(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, text := v["description"].(string); text {
			delete(v, "description")
		}
		for _, below := range v {
			undescribed(below)
		}
	case []any:
		for _, below := range v {
			undescribed(below)
		}
	}
}

// TestContractHasTheRoutes, their methods and every status.
func TestContractHasTheRoutes(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ Responses map[string]any }
	}
	if err := json.Unmarshal([]byte(contract), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("openapi %s", doc.OpenAPI)
	}
	gw := New(Config{Probe: http.NotFoundHandler()})
	if got, want := slices.Sorted(maps.Keys(doc.Paths)), slices.Sorted(maps.Keys(gw.routes)); !slices.Equal(got, want) {
		t.Errorf("paths %q, want %q", got, want)
	}
	for path, rt := range gw.routes {
		if _, ok := doc.Paths[path][strings.ToLower(rt.methods[0])]; !ok {
			t.Errorf("%s has no %s", path, rt.methods[0])
		}
	}
	want := []string{"200", "400", "401", "403", "405", "408", "413", "415", "429", "431", "503"}
	for _, path := range []string{"/check", "/v1/check"} {
		if got := slices.Sorted(maps.Keys(doc.Paths[path]["post"].Responses)); !slices.Equal(got, want) {
			t.Errorf("%s answers %q, want %q", path, got, want)
		}
	}
}

// allOf answers with every field there is, by what the URL says.
func allOf(_ context.Context, t check.Target) check.Result {
	var res check.Result
	hotAnswer(&t, check.Key{}, time.Time{}, &res)
	res.FinalURL, res.Redirects = "https://final.test/", []check.Hop{{URL: t.URL, StatusCode: 301}}
	res.TLS = &check.TLS{Version: "1.3", Issuer: "CN=test", NotAfter: time.Now().Add(time.Hour)}
	res.Timing.Queue, res.Timing.TLS, res.Timing.Reused, res.Worker = time.Millisecond, time.Millisecond, true, "w1"
	for _, reason := range []check.Reason{check.HTTPStatus, check.RateLimited, check.Canceled} {
		if strings.Contains(t.URL, string(reason.Default())) {
			res.Outcome, res.Reason, res.Error = reason.Default(), reason, "as told"
		}
	}
	return res
}
