package report

import _ "embed" // for the schema

//go:embed result.schema.json
var resultSchema string

// ResultSchema is the JSON Schema (draft 2020-12) of a line of -f jsonl: a
// result or the summary. The items of "results" and the "summary" of -f json and
// of REST answers are the same two. Unknown fields are allowed, since later
// versions will add some.
func ResultSchema() []byte { return []byte(resultSchema) }
