package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func targetsValidator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(TargetsSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("targets.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("targets.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s.Validate(v)
}

func TestSchemaHasExactlyTheFieldsThatAreRead(t *testing.T) {
	var doc struct {
		Defs struct {
			Target struct {
				AnyOf []struct {
					Properties map[string]any `json:"properties"`
				} `json:"anyOf"`
			} `json:"target"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(TargetsSchema(), &doc); err != nil {
		t.Fatal(err)
	}
	described := slices.Sorted(maps.Keys(doc.Defs.Target.AnyOf[1].Properties))
	var read []string
	for field := range reflect.TypeFor[jsonItem]().Fields() {
		read = append(read, field.Tag.Get("json"))
	}
	if diff := cmp.Diff(read, strings.Split(fields, ", ")); diff != "" {
		t.Errorf("the fields an error names: %s", diff)
	}
	slices.Sort(read)
	if diff := cmp.Diff(read, described); diff != "" {
		t.Error(diff)
	}
}

func TestSchemaExamplesAreValidAndReadable(t *testing.T) {
	s := targetsValidator(t)
	var doc struct {
		Examples []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(TargetsSchema(), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Examples) == 0 {
		t.Fatal("no examples")
	}
	for _, example := range doc.Examples {
		if err := valid(t, s, example); err != nil {
			t.Error(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, example); err != nil {
			t.Fatal(err)
		}
		decode, text := decodeJSONL, line.String()
		if strings.HasPrefix(text, `{"targets"`) {
			decode = decodeYAML
		}
		for _, target := range collect(t, decode, text) {
			if target.Invalid != "" {
				t.Errorf("%s: %s", text, target.Invalid)
			}
		}
	}
}

// What the schema takes is read, and what it refuses is a bad target.
func TestSchemaAndReaderAgree(t *testing.T) {
	s := targetsValidator(t)
	for _, tt := range []struct {
		text string
		good bool
	}{
		{`"https://a.test/"`, true},
		{`{"url":"a.test"}`, true},
		{`{"url":"a.test","method":"AUTO"}`, true},
		{`{"url":"a.test","method":"FETCH"}`, false},
		{`{"url":"a.test","accept":200}`, true},
		{`{"url":"a.test","accept":99}`, false},
		{`{"url":"a.test","accept":1000}`, false},
		{`{"url":"a.test","accept":"2xx, 301,404-410,500..=599"}`, true},
		{`{"url":"a.test","accept":"all"}`, false},
		{`{"url":"a.test","accept":""}`, false},
		{`{"url":"a.test","accept":["2XX",301]}`, true},
		{`{"url":"a.test","accept":[[301]]}`, false},
		{`{"url":"a.test","accept":true}`, false},
		{`{"url":"a.test","max_latency_ms":0.5,"timeout_ms":86400000}`, true},
		{`{"url":"a.test","max_latency_ms":-1}`, false},
		{`{"url":"a.test","timeout_ms":86400001}`, false},
		{`{"url":"a.test","timeout_ms":"1s"}`, false},
		{`{"url":"a.test","headers":{"X-A":"b\tc"}}`, true},
		{`{"url":"a.test","headers":{"X A":"b"}}`, false},
		{`{"url":"a.test","headers":{"X-A":"b\nc"}}`, false},
		{`{"url":"a.test","headers":{"X-A":1}}`, false},
		{`{"url":"a.test","body":"x","tags":["a"],"expect_body":"a b","expect_headers":{"A":"b"},"cert_days":1}`, true},
		{`{"url":"a.test","body":1}`, false},
		{`{"url":"a.test","tags":[1]}`, false},
		{`{"url":"a.test","expect_headers":{"A":""}}`, false},
		{`{"url":"a.test","expect_headers":{"":"b"}}`, false},
		{`{"url":"a.test","cert_days":-1}`, false},
		{`{"url":"a.test","cert_days":36501}`, false},
		{`{"url":"a.test","cert_days":1.5}`, false},
		{`{"url":"a.test","retries":1}`, false},
		{`{"url":""}`, false},
		{`{}`, false},
		{`1`, false},
	} {
		got := collect(t, decodeJSONL, tt.text)
		if read := len(got) == 1 && got[0].Invalid == ""; read != tt.good {
			t.Errorf("%s is read: %v, want %v", tt.text, got, tt.good)
		}
		if err := valid(t, s, []byte(tt.text)); (err == nil) != tt.good {
			t.Errorf("%s: the schema says %v, want good: %v", tt.text, err, tt.good)
		}
	}
}
