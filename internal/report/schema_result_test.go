package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hc-health/hc/internal/check"
)

func compileResultSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(ResultSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("result.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, line string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return schema.Validate(value)
}

func TestEveryLineFitsTheSchema(t *testing.T) {
	schema := compileResultSchema(t)
	rs := sampleRun(t)
	rs[0].Worker, rs[0].Timing.Reused, rs[1].ContentLength = "w1", true, -1
	for _, reason := range check.Reasons() {
		rs = append(rs, check.Failed(check.Target{URL: "http://[::1]/", Method: check.Auto}, reason, "x"))
	}
	out := render(t, "jsonl", OutputOptions{}, rs) + render(t, "jsonl", OutputOptions{}, nil)
	for line := range strings.Lines(out) {
		if err := validate(t, schema, line); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
}

func TestTheSchemaRefusesWhatIsNoLine(t *testing.T) {
	schema := compileResultSchema(t)
	line := string(sampleRun(t)[3].AppendJSON(nil))
	for name, edit := range map[string][2]string{
		"outcome":     {`"outcome":"fail"`, `"outcome":"failed"`},
		"reason":      {`"reason":"http_status"`, `"reason":"bad luck"`},
		"status":      {`"status_code":503`, `"status_code":"503"`},
		"no verdict":  {`"outcome":"fail",`, ``},
		"time":        {`2026-11-24T`, `24.11.2026 `},
		"another":     {`"type":"result"`, `"type":"summary"`},
		"later":       {`"v":1`, `"v":2`},
		"negative ms": {`"processing":212`, `"processing":-212`},
	} {
		t.Run(name, func(t *testing.T) {
			edited := strings.Replace(line, edit[0], edit[1], 1)
			if edited == line {
				t.Fatalf("%s is not in %s", edit[0], line)
			}
			if validate(t, schema, edited) == nil {
				t.Errorf("taken: %s", edited)
			}
		})
	}
}

// TestTheSchemaDescribesEveryField finds a field that was added to the output
// and not to the schema, which allows unknown ones.
func TestTheSchemaDescribesEveryField(t *testing.T) {
	var schema struct {
		Defs map[string]node `json:"$defs"`
	}
	if err := json.Unmarshal(ResultSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	rs := sampleRun(t)
	rs[0].Worker, rs[0].Timing.Reused, rs[0].Late = "w1", true, true
	unseen := make(map[string]bool)
	for def, n := range schema.Defs {
		n.names(def, unseen)
	}
	for line := range strings.Lines(render(t, "jsonl", OutputOptions{}, rs)) {
		var value map[string]any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			t.Fatal(err)
		}
		def := value["type"].(string)
		schema.Defs[def].compare(t, def, value, unseen)
	}
	for name := range unseen {
		t.Errorf("no line has %s", name)
	}
}

func TestTheSchemaKnowsEveryReason(t *testing.T) {
	var schema struct {
		Defs struct {
			Result struct {
				Properties struct {
					Reason struct{ Enum []check.Reason }
				}
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(ResultSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(check.Reasons(), schema.Defs.Result.Properties.Reason.Enum); diff != "" {
		t.Errorf("-check +schema:\n%s", diff)
	}
}

// node is what the tests read of a schema.
type node struct {
	Description          string
	Const                any
	Properties           map[string]node
	Items                *node
	AdditionalProperties *node
}

func (n node) names(path string, into map[string]bool) {
	for name, p := range n.Properties {
		into[path+"."+name] = true
		p.names(path+"."+name, into)
	}
	if n.Items != nil {
		n.Items.names(path+"[]", into)
	}
}

func (n node) compare(t *testing.T, path string, value any, unseen map[string]bool) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			p, ok := n.Properties[name]
			if !ok && n.AdditionalProperties == nil {
				t.Errorf("%s.%s is not in the schema", path, name)
			}
			if ok && p.Description == "" && p.Const == nil {
				t.Errorf("%s.%s has no description", path, name)
			}
			delete(unseen, path+"."+name)
			p.compare(t, path+"."+name, inner, unseen)
		}
	case []any:
		for _, item := range v {
			if n.Items != nil {
				n.Items.compare(t, path+"[]", item, unseen)
			}
		}
	}
}
