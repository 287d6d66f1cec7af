package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hc-health/hc/load/internal/chart"
	"github.com/hc-health/hc/load/internal/measure"
)

// hcName is what the report is about.
const hcName = "hc"

// straightName is what hc is compared with: bench/peers/straight, with Redis.
const straightName = "straightforward"

// leastHits is the share of URLs that come back which has to be exceeded.
const leastHits = 0.99

// A report is what all scenarios came to.
type report struct {
	Machine, Subject string
	Outcomes         []outcome
}

// An outcome is what one run of one scenario came to.
type outcome struct {
	Scenario, Says, Subject string
	measure.Figures
	HitRatio float64 // from /metrics, where there is one; else as the answers say

	run *measure.Run
}

// Percent is the hit ratio for people. It is cut and not rounded: what is 100 %
// was.
func (o outcome) Percent() string {
	return fmt.Sprintf("%.2f %%", float64(int(o.HitRatio*1e4))/1e2)
}

// misses are the promises that were not kept.
func (r report) misses() []string {
	var misses []string
	for _, o := range r.Outcomes {
		if o.Subject == straightName {
			continue
		}
		if o.Errors > 0 {
			misses = append(misses, fmt.Sprintf("%s: %d errors", o.Scenario, o.Errors))
		}
		if o.HitRatio <= leastHits {
			misses = append(misses, fmt.Sprintf("%s: hit ratio %s", o.Scenario, o.Percent()))
		}
	}
	return misses
}

// middle is the run with the median rate of those of a scenario on a subject.
func (r report) middle(scenario, subject string) (outcome, bool) {
	var os []outcome
	for _, o := range r.Outcomes {
		if o.Scenario == scenario && o.Subject == subject {
			os = append(os, o)
		}
	}
	if len(os) == 0 {
		return outcome{}, false
	}
	slices.SortFunc(os, func(a, b outcome) int { return cmp.Compare(a.Rate, b.Rate) })
	return os[len(os)/2], true
}

// A comparison is a scenario on hc and on the straightforward service.
type comparison struct {
	HC, Straight outcome
}

// compared is false where there is nothing to compare with.
func (r report) compared(scenario string) (comparison, bool) {
	hc, ok := r.middle(scenario, hcName)
	straight, ok2 := r.middle(scenario, straightName)
	return comparison{hc, straight}, ok && ok2
}

// Rate is how many times as many requests a second hc answers.
func (c comparison) Rate() string { return fmt.Sprintf("%.2f", c.HC.Rate/c.Straight.Rate) }

// Median is hc's share of the other's median.
func (c comparison) Median() string {
	return fmt.Sprintf("%.2f", float64(c.HC.Median)/float64(c.Straight.Median))
}

// P99 is the same of the 99th percentile.
func (c comparison) P99() string {
	return fmt.Sprintf("%.2f", float64(c.HC.P99)/float64(c.Straight.P99))
}

func (r report) tellHead(w io.Writer) {
	fmt.Fprintf(w, "%s\n%s; batches of %d URLs, each of which was checked once before\n\n", r.Machine, r.Subject, batch)
}

func (o outcome) tell(w io.Writer) {
	fmt.Fprintf(w, "%-7s %-15s %8s requests/s   median %-8s p99 %-8s %d errors   %s hits\n",
		o.Scenario, o.Subject, chart.Count(o.Rate), chart.Ms(o.Median), chart.Ms(o.P99), o.Errors, o.Percent())
	for _, reason := range slices.Sorted(maps.Keys(o.Reasons)) {
		fmt.Fprintf(w, "        %d × %s\n", o.Reasons[reason], reason)
	}
}

func (r report) tellEnd(w io.Writer) {
	var lines []string
	if c, ok := r.compared(crash); ok {
		lines = append(lines, fmt.Sprintf("%s: %s× the requests/s of the straightforward service, %s× its median, %s× its p99 (medians of %d rounds)",
			crash, c.Rate(), c.Median(), c.P99(), crashRounds))
	}
	if c, ok := r.compared(steady); ok {
		lines = append(lines, fmt.Sprintf("%s: %s× its median, %s× its p99", steady, c.Median(), c.P99()))
	}
	if o, ok := r.middle(steady, hcName); ok {
		lines = append(lines, fmt.Sprintf("at the %d requests/s that the seed reached, with a median of %s on hardware it did not name: median %s, p99 %s",
			seedRate, chart.Ms(seedMedian), chart.Ms(o.Median), chart.Ms(o.P99)))
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	}
}
