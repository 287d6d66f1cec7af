package gateway

import (
	_ "embed" // for the description
	"encoding/json"
	"strings"
)

// contract is the OpenAPI 3.1 description of the service. Its schemas of a result
// and the summary are those of hc schema result (TestContractHasTheSchemaOfResults).
//
//go:embed openapi.json
var contract string

// newContract gives the description of this version.
func newContract(cfg Config) *document {
	const unknown = `"version": "0"`
	if version, err := json.Marshal(cfg.Version); err == nil && cfg.Version != "" {
		return newDocument("application/json", []byte(strings.Replace(contract, unknown, `"version": `+string(version), 1)))
	}
	return newDocument("application/json", []byte(contract))
}
