package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAProgramThatFailsACheckHasAFault(t *testing.T) {
	good := lap{sample: sample{wall: time.Second}, urls: 1000, passed: 1000, served: 1000}
	with := func(change func(*lap)) lap { s := good; change(&s); return s }
	list := job{urls: 1000, c: 64}
	hung := job{urls: 1000, stalled: 10, c: 64}
	for name, row := range map[string]struct {
		contender contender
		job       job
		lap       lap
		fault     string
	}{
		"all pass":                  {contender{}, list, good, ""},
		"one does not":              {contender{}, list, with(func(s *lap) { s.passed-- }), "999 of 1000 passed"},
		"asked twice":               {contender{}, list, with(func(s *lap) { s.served++ }), "1001 requests for 1000 URLs"},
		"said to pass, never asked": {contender{}, list, with(func(s *lap) { s.served-- }), "999 requests for 1000 URLs"},
		"under way at the end":      {contender{timed: true}, list, with(func(s *lap) { s.served += 64 }), ""},
		"more than were under way":  {contender{timed: true}, list, with(func(s *lap) { s.served += 65 }), "1065 requests for 1000 URLs"},
		"stalled ones fail":         {contender{}, hung, with(func(s *lap) { s.passed = 990 }), ""},
		"a stalled one passes":      {contender{}, hung, good, "1000 of 990 passed"},
		"a tenth of the list":       {contender{only: 100}, hung, lap{urls: 100, passed: 99, served: 100}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := faultOf(row.contender, row.job, []lap{good, row.lap}[1:]); got != row.fault {
				t.Errorf("got %q, want %q", got, row.fault)
			}
		})
	}
}

func TestACellIsMeasuredOnce(t *testing.T) {
	runs := 0
	c := &cell{run: func(context.Context, *lab) ([]entry, error) { runs++; return []entry{{name: "hc"}}, nil }}
	for range 3 {
		if err := c.measure(t.Context(), &lab{}); err != nil {
			t.Fatal(err)
		}
	}
	if runs != 1 {
		t.Errorf("measured %d times", runs)
	}
	broken := &cell{run: func(context.Context, *lab) ([]entry, error) { return nil, errors.New("no target") }}
	if err := broken.measure(t.Context(), &lab{}); err == nil {
		t.Error("a measurement that failed was taken")
	}
}

// compared is a sweep of two points, in which one program fails and another is
// ahead of hc.
func compared() sweep {
	at := func(x float64, entries ...entry) point {
		return point{label: count(int(x)), x: x, cell: &cell{entries: entries}}
	}
	hc := entry{name: "hc", rate: 10_000, cpu: 100, peak: 50 << 20, speed: 1, thrift: 1}
	return sweep{
		name: "lists", title: "By length", axis: "URLs", unit: "URLs", points: []point{
			at(1_000, hc, entry{name: "minimal", rate: 5_000, cpu: 150, peak: 60 << 20, speed: 2, thrift: 0.67},
				entry{name: "hey", urls: 900, fault: "899 of 900 passed"}),
			at(10_000, hc, entry{name: "minimal", rate: 20_000, cpu: 90, peak: 60 << 20, urls: 2_000, speed: 0.5, thrift: 1.1},
				entry{name: "wrk", rate: 1e5, cpu: 8, speed: 0.1, thrift: 12}),
		},
	}
}

func TestATableHasEachProgramAndWhatFailed(t *testing.T) {
	got := compared().markdown()
	for _, want := range []string{
		"| URLs/s · CPU µs each · peak MiB | 1k | 10k |\n",
		"| hc | 10000 · 100 · 50 | 10000 · 100 · 50 |\n",
		"| minimal | 5000 · 150 · 60 | 20000 · 90 · 60 (2k URLs) |\n",
		"| hey | **failed** | – |\n",
		"| wrk | – | 100000 · 8.0 · – |\n",
		"| minimal | 2.00× · 0.67× | 0.50× · 1.10× |\n",
		"What failed: hey at 1k: 899 of 900 passed.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestWhereHcIsBehindIsSaid(t *testing.T) {
	s := compared()
	got := losses([]sweep{s, s}) // the points of the second are those of the first
	for _, want := range []string{"Of 2 comparisons", "in CPU in 1.", "| By length: 10k | minimal | 0.50× | 1.10× |\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Count(got, "minimal") != 1 || strings.Contains(got, "| wrk |") {
		t.Errorf("a row too many in\n%s", got)
	}
}

func TestAPictureShowsWhatDidNotFail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := draw(dir, []sweep{compared()}); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "lists.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{">hc<": true, ">minimal<": true, ">hey<": false, ">wrk<": false} {
		if got := strings.Contains(string(svg), name); got != want {
			t.Errorf("%s is there: %v, want %v", name, got, want)
		}
	}
}

func TestCountsAreShort(t *testing.T) {
	for n, want := range map[int]string{16: "16", 1_000: "1k", 1_024: "1024", 10_000: "10k", 1_000_000: "1M"} {
		if got := count(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestTunedFlagsStandBeforeTheList(t *testing.T) {
	l := &lab{dir: "/lab"}
	got := strings.Join(tuned(l.minimal(), "-close").argv(job{list: "list", c: 8}), " ")
	if want := "env GOGC=400 /lab/minimal -c 8 -close list"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFreePortsAreDistinct(t *testing.T) {
	ports, err := freePorts(6)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] || p < 20080 || p >= 32768 {
			t.Errorf("port %d of %v", p, ports)
		}
		seen[p] = true
	}
}
