package main

import (
	"fmt"
	"strings"

	"github.com/hc-health/hc/load/internal/chart"
	"github.com/hc-health/hc/load/internal/splice"
)

// writeDoc puts the table, and what follows from it, into a page of the
// documentation.
func (r report) writeDoc(file string) error {
	return splice.Into(file, "make load-doc", r.table())
}

// table has a row for each scenario and subject, that of the round in the middle.
func (r report) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n", r.Machine)
	b.WriteString("| scenario | service | requests/s | median | p99 | errors | hit ratio |\n|---|---|---:|---:|---:|---:|---:|\n")
	told := map[[2]string]bool{}
	for _, o := range r.Outcomes {
		if told[[2]string{o.Scenario, o.Subject}] {
			continue
		}
		told[[2]string{o.Scenario, o.Subject}] = true
		o, _ = r.middle(o.Scenario, o.Subject)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %d | %s |\n", o.Scenario, o.Subject, chart.Count(o.Rate), chart.Ms(o.Median), chart.Ms(o.P99), o.Errors, o.Percent())
	}
	b.WriteString("\n| hc, of the straightforward service's | requests/s | median | p99 |\n|---|---:|---:|---:|\n")
	for _, scenario := range []string{steady, crash} {
		if c, ok := r.compared(scenario); ok {
			fmt.Fprintf(&b, "| %s | %s× | %s× | %s× |\n", scenario, c.Rate(), c.Median(), c.P99())
		}
	}
	return b.String()
}
