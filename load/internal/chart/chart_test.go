package chart

import (
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

// wellFormed fails where svg is no XML, or has a number in it that is none.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
	for _, bad := range []string{"NaN", "Inf", "ZgotmplZ"} {
		if strings.Contains(svg, bad) {
			t.Errorf("%s in %s", bad, svg)
		}
	}
}

func sampled(n int) *measure.Run {
	run := measure.NewRun(time.Second)
	for i := range n {
		run.Add(measure.Sample{At: time.Duration(i) * 100 * time.Millisecond, Took: time.Duration(1+i%7) * time.Millisecond})
	}
	return run
}

func TestChartsAreWellFormed(t *testing.T) {
	for name, row := range map[string]func() (template.HTML, error){
		"over time":             func() (template.HTML, error) { return OverTime(sampled(100)) },
		"over time, one sample": func() (template.HTML, error) { return OverTime(sampled(1)) },
		"over time, nothing":    func() (template.HTML, error) { return OverTime(sampled(0)) },
		"distribution":          func() (template.HTML, error) { return Distribution(sampled(100).Distribution()) },
		"distribution, nothing": func() (template.HTML, error) { return Distribution(sampled(0).Distribution()) },
		"ranks": func() (template.HTML, error) {
			return Ranks("a <b>", []Row{{Name: "x", Note: "y", Rate: 50, Median: time.Second, P99: 2 * time.Second}, {Name: "z", Rate: 1e4, Median: 1e6, P99: 2e6, Other: true}})
		},
		"ranks of what was idle": func() (template.HTML, error) { return Ranks("", []Row{{}}) },
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := row()
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, string(svg))
			wellFormed(t, File(svg))
		})
	}
}

func TestAGreaterFigureIsALongerBar(t *testing.T) {
	s := logarithmic(1, 1000, 100, 400)
	if s.px(1) != 100 || s.px(1000) != 400 || s.px(10) != 200 {
		t.Errorf("%v %v %v", s.px(1), s.px(10), s.px(1000))
	}
	l := linear(37, 0, 100)
	if l.to != 40 || len(l.ticks) != 5 {
		t.Errorf("ticks %v", l.ticks)
	}
}

func TestFiguresAreForPeople(t *testing.T) {
	for want, got := range map[string]string{
		"2.69 ms":       Ms(2690 * time.Microsecond),
		"0.6 ms":        Ms(604 * time.Microsecond),
		"17.1 ms":       Ms(17123 * time.Microsecond),
		"1\u202f700 ms": Ms(1700 * time.Millisecond),
		"971":           Count(971),
		"12\u202f345":   Count(12345.4),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
