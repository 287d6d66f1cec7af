package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

// ran is an outcome with a run behind it.
func ran(scenario, subject string, rate, hits float64, errors int) outcome {
	run := measure.NewRun(time.Second)
	run.Add(measure.Sample{Took: time.Millisecond})
	return outcome{
		Scenario: scenario, Subject: subject, HitRatio: hits, run: run,
		Figures: measure.Figures{Requests: 1, Rate: rate, Errors: errors, Median: time.Millisecond, P99: 2 * time.Millisecond},
	}
}

func TestErrorsAndMissesOfTheCacheAreMisses(t *testing.T) {
	for name, row := range map[string]struct {
		outcome outcome
		missed  bool
	}{
		"all is well":         {ran(steady, hcName, 971, 1, 0), false},
		"one error":           {ran(steady, hcName, 971, 1, 1), true},
		"too few hits":        {ran(steady, hcName, 971, 0.99, 0), true},
		"the other's errors":  {ran(steady, straightName, 971, 1, 1), false},
		"the other's misses":  {ran(steady, straightName, 971, 0, 0), false},
		"a little above 99 %": {ran(steady, hcName, 971, 0.9901, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			if misses := (report{Outcomes: []outcome{row.outcome}}).misses(); (len(misses) > 0) != row.missed {
				t.Errorf("%q", misses)
			}
		})
	}
}

func TestTheRoundInTheMiddleStandsForAll(t *testing.T) {
	var r report
	for _, rate := range []float64{900, 100, 500} {
		r.Outcomes = append(r.Outcomes, ran(crash, hcName, rate, 1, 0), ran(crash, straightName, rate/5, 1, 0))
	}
	c, ok := r.compared(crash)
	if !ok || c.HC.Rate != 500 || c.Rate() != "5.00" || c.Median() != "1.00" {
		t.Errorf("%+v, %v", c, ok)
	}
	if _, ok := r.compared(steady); ok {
		t.Error("compared what was not run")
	}
}

func TestTheTableHasTheRoundsInTheMiddleAndTheirRatios(t *testing.T) {
	r := report{Machine: "a machine"}
	for _, rate := range []float64{900, 100, 500} {
		r.Outcomes = append(r.Outcomes, ran(crash, hcName, rate, 1, 0), ran(crash, straightName, rate/5, 1, 0))
	}
	doc := filepath.Join(t.TempDir(), "load.md")
	const begin, end = "<!-- make load-doc writes from here -->\n", "<!-- to here -->\n"
	if err := os.WriteFile(doc, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.writeDoc(doc); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n" + begin, end + "after\n", "| crash | hc | 500 |", "| crash | straightforward | 100 |", "| crash | 5.00× | 1.00× | 1.00× |"} {
		if strings.Count(string(page), want) != 1 {
			t.Errorf("%q is not there once, in\n%s", want, page)
		}
	}
}

func TestThePageNeedsNoOtherFile(t *testing.T) {
	var r report
	for _, scenario := range []string{steady, crash} {
		r.Outcomes = append(r.Outcomes, ran(scenario, hcName, 971, 1, 0), ran(scenario, straightName, 971, 1, 0))
	}
	file := filepath.Join(t.TempDir(), "sub", "page.html")
	if err := r.writePage(file); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(page), "<svg"); n != 5 {
		t.Errorf("%d plots, want two for each scenario and one of both", n)
	}
	for _, bad := range []string{"ZgotmplZ", "NaN", "Inf", "src=", "<link", "@import", "url("} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("%s is in the page", bad)
		}
	}
}

func TestFlagsThatSayMoreOfAURLWantOne(t *testing.T) {
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-grpc", "127.0.0.1:1"}, &stderr, &stderr); code != 2 || !strings.Contains(stderr.String(), "-url") {
		t.Errorf("%d: %s", code, stderr.String())
	}
}

func TestScenariosAreThoseOfK6(t *testing.T) {
	names := []string{crash}
	for _, s := range scenarios(true) {
		names = append(names, s.Name)
	}
	for _, name := range names {
		found, err := filepath.Glob(filepath.Join("..", "examples", "k6", name+"*.js"))
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if slices.Contains(names, "") {
		t.Error("a scenario without a name")
	}
}
