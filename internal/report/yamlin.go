package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/hc-health/hc/internal/check"
)

// maxYAML bounds a YAML input, about 50 000 targets. The parser needs the whole
// text and about 90 bytes of memory for each byte of it (BenchmarkYAML).
const maxYAML = 4 << 20

// decodeYAML reads a list of targets, or a mapping whose key targets holds one, of
// each document. Targets are as in JSONL. JSON over several lines is YAML too.
func decodeYAML(r *bufio.Reader, d Defaults, emit func(check.Target) bool) error {
	text, err := io.ReadAll(io.LimitReader(r, maxYAML+1))
	if err != nil {
		return err
	}
	if len(text) > maxYAML {
		return fmt.Errorf("more than %d MiB of YAML: write JSON lines (.jsonl), which have no such bound", maxYAML>>20)
	}
	// The parser counts some CR LF as two lines, and a result must name its own.
	file, err := parser.ParseBytes(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), 0)
	if err != nil {
		return yamlError("invalid YAML", err)
	}
	for _, doc := range file.Docs {
		list, err := yamlList(doc.Body)
		if err != nil {
			return err
		}
		for _, node := range list {
			if !emit(d.yaml(node)) {
				return nil
			}
		}
	}
	return nil
}

func yamlList(body ast.Node) ([]ast.Node, error) {
	if m, ok := body.(*ast.MappingNode); ok && len(m.Values) == 1 && m.Values[0].Key.GetToken().Value == "targets" {
		body = m.Values[0].Value
	}
	switch body := body.(type) {
	case nil, *ast.NullNode, *ast.DirectiveNode, *ast.CommentGroupNode:
		return nil, nil
	case *ast.SequenceNode:
		return body.Values, nil
	}
	return nil, fmt.Errorf("line %d: no list of targets: begin each with \"- url: \"", yamlLine(body))
}

// yaml reads an element by way of JSON, so that both have the same fields.
func (d Defaults) yaml(node ast.Node) check.Target {
	line := yamlLine(node)
	if len(ast.Filter(ast.AliasType, node)) > 0 {
		return d.bad(line, "", errors.New("aliases (*name) are not read: write out what they stand for"))
	}
	var v any
	if err := yaml.NodeToValue(node, &v); err != nil {
		return d.bad(line, "", yamlError("invalid YAML", err))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return d.bad(line, "", err)
	}
	if len(text) > maxLine {
		return d.tooLong(line, showable(text))
	}
	return d.json(line, text)
}

func yamlLine(node ast.Node) int {
	if t := node.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// yamlError keeps the place and the message of an error, and leaves out the
// excerpt of the text, which may hold what is sent to a target.
func yamlError(what string, err error) error {
	var y yaml.Error
	if !errors.As(err, &y) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if t := y.GetToken(); t != nil && t.Position != nil {
		return fmt.Errorf("line %d, column %d: %s: %s", t.Position.Line, t.Position.Column, what, y.GetMessage())
	}
	return fmt.Errorf("%s: %s", what, y.GetMessage())
}
