package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hc-health/hc/internal/report"
)

// configSchema describes a settings file. It is made of the flags, so that it
// cannot miss one.
func configSchema() ([]byte, error) {
	properties := map[string]any{}
	new(Settings).allFlags().VisitAll(func(f *pflag.Flag) {
		if s, ok := f.Value.(setting); ok {
			properties[f.Name] = property(f, s.about())
		}
	})
	return json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "hc settings file",
		"description":          "Every key is a long flag of hc check or hc serve. Durations are 500ms, 10s, 1m30s or a number of seconds.",
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
	}, "", "  ")
}

func property(f *pflag.Flag, t traits) map[string]any {
	p := map[string]any{"description": f.Usage}
	switch {
	case f.NoOptDefVal != "":
		p["type"] = []string{"boolean", "string"}
		p["default"] = false
	case t.many:
		p["type"] = []string{"array", "string", "number"}
		p["items"] = map[string]any{"type": []string{"string", "number"}}
	case t.words != nil && !t.commas:
		p["enum"] = t.words
		p["default"] = f.DefValue
	case t.words != nil:
		p["type"] = []string{"array", "string"}
		p["items"] = map[string]any{"enum": t.words}
	default:
		p["type"] = []string{"string", "number"}
		p["default"] = f.DefValue
	}
	return p
}

func schema(of string) ([]byte, error) {
	switch of {
	case "result":
		return report.ResultSchema(), nil
	case "targets":
		return report.TargetsSchema(), nil
	case "config":
		return configSchema()
	}
	names := []string{"result", "targets", "config"}
	return nil, fmt.Errorf("no schema %q: there are %s%s", of, strings.Join(names, ", "), meant(of, names))
}

func newSchema(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:       "schema result|targets|config",
		Short:     "Print a JSON Schema",
		Long:      "Print the JSON Schema of a result line, of a list of targets, or of a settings\nfile.",
		ValidArgs: []string{"result", "targets", "config"},
		Example:   "  hc schema result\n  hc schema config > .hc.schema.json",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("hc schema: name one of result, targets, config")
			}
			text, err := schema(args[0])
			if err != nil {
				return err
			}
			return printed(fmt.Fprintf(c.stdout, "%s\n", bytes.TrimSpace(text)))
		},
	}
	return cmd
}
