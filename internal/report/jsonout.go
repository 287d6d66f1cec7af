package report

import (
	"io"

	"github.com/hc-health/hc/internal/check"
)

// jsonl is a result a line, the summary last. A line that was cut off by a
// crash is the last one, which --resume ignores.
type jsonl struct{ stream }

func newJSONL(w io.Writer, _ OutputOptions) (Writer, error) {
	return &jsonl{newStream(w)}, nil
}

func (j *jsonl) Write(r check.Result) error {
	return j.put(append(r.AppendJSON(j.row), '\n'))
}

func (j *jsonl) Close(s check.Summary) error {
	_ = j.put(append(s.AppendJSON(j.row), '\n')) // bufio keeps the error for Flush
	return j.Flush()
}

// document is one JSON value, {"results":[…],"summary":{…}}, streamed: a result
// a line within it.
type document struct {
	stream
	begun bool
}

func newJSON(w io.Writer, _ OutputOptions) (Writer, error) {
	return &document{stream: newStream(w)}, nil
}

func (d *document) Write(r check.Result) error {
	return d.put(r.AppendJSON(append(d.row, d.separator()...)))
}

// separator is what comes before the next result.
func (d *document) separator() string {
	if d.begun {
		return ",\n"
	}
	d.begun = true
	return "{\"results\":[\n"
}

func (d *document) Close(s check.Summary) error {
	b := d.row
	if d.begun {
		b = append(b, '\n')
	} else {
		b = append(b, `{"results":[`...)
	}
	b = s.AppendJSON(append(b, `],"summary":`...))
	_ = d.put(append(b, "}\n"...)) // bufio keeps the error for Flush
	return d.Flush()
}
