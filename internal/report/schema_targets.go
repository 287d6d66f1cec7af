package report

import _ "embed"

//go:embed targets.schema.json
var targetsSchema string

// TargetsSchema is the JSON Schema (draft 2020-12) of targets in JSON and YAML,
// as hc schema targets prints it.
func TargetsSchema() []byte { return []byte(targetsSchema) }
