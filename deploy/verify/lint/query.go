package lint

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// query parses PromQL with Grafana's $variables, of which vars are declared, and
// looks for metrics that are not known.
func query(expr string, vars, known map[string]bool) []string {
	var found []string
	plain := boards.Expand(expr, func(name string) string {
		if !vars[name] {
			found = append(found, fmt.Sprintf("$%s is no variable of this dashboard", name))
		}
		return "1m" // a range where one is wanted, a word elsewhere
	})
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(plain)
	if err != nil {
		return append(found, fmt.Sprintf("%s: %v", expr, err))
	}
	for _, name := range selected(parsed) {
		if !known[name] {
			found = append(found, fmt.Sprintf("there is no metric %s", name))
		}
	}
	return found
}

// selected are the names that expr selects by.
func selected(expr parser.Expr) []string {
	var names []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			for _, m := range s.LabelMatchers {
				if m.Name == model.MetricNameLabel {
					names = append(names, strings.Split(m.Value, "|")...)
				}
			}
		}
		return nil
	})
	return names
}
