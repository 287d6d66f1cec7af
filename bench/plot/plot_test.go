package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestAFigureIsWellFormed(t *testing.T) {
	three := []Point{{1, 10}, {10, 100}, {100, 5000}}
	for name, f := range map[string]Figure{
		"lines": {Title: "a < b", X: "URLs", Panels: []Panel{
			{Title: "one", Lines: []Line{{Name: "x & y", Points: three}, {Name: "z", Hue: Hues - 1, Dashed: true, Points: three[:1]}}},
			{Title: "two", Lines: []Line{{Name: "x", Points: three}}},
		}},
		"names":   {Names: []string{"0 ms", "TLS"}, Panels: []Panel{{Lines: []Line{{Points: []Point{{0, 7}, {1, 7}}}}}}},
		"unknown": {Panels: []Panel{{Lines: []Line{{Points: []Point{{1, 0}}}, {}}}}},
		"empty":   {},
	} {
		t.Run(name, func(t *testing.T) {
			svg := f.SVG()
			for d := xml.NewDecoder(strings.NewReader(svg)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%v in %s", err, svg)
				}
			}
			for _, bad := range []string{"NaN", "Inf", "%!"} {
				if strings.Contains(svg, bad) {
					t.Errorf("%s in %s", bad, svg)
				}
			}
		})
	}
}

func TestEachPlaceOnTheXAxisIsNamedWhereThereIsRoom(t *testing.T) {
	points := []Point{{16, 1}, {64, 1}, {256, 1}, {257, 1}, {1024, 1}}
	svg := Figure{Panels: []Panel{{Lines: []Line{{Points: points}}}}}.SVG()
	for text, want := range map[string]bool{"16": true, "64": true, "256": true, "257": false, "1024": true} {
		if got := strings.Contains(svg, ">"+text+"<"); got != want {
			t.Errorf("%s is named: %v, want %v", text, got, want)
		}
	}
}

func TestANameWithoutAValueInterruptsItsLine(t *testing.T) {
	flat := scale{to: 10, end: 10}
	gap := Line{Points: []Point{{0, 1}, {1, 2}, {2, 0}, {3, 4}, {4, 5}}}
	if got, want := gap.trace(flat, flat), "M0 1L1 2M3 4L4 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLabelsDoNotOverlap(t *testing.T) {
	for name, places := range map[string][]float64{
		"apart already":     {100, 150, 200},
		"all in one place":  {150, 150, 150, 150},
		"at the upper edge": {top, top, top + 3},
		"at the lower edge": {bottom, bottom - 1, bottom - 40, bottom - 2},
		"blocks that meet":  {100, 101, 118, 119, 120, 300},
	} {
		t.Run(name, func(t *testing.T) {
			var all []label
			for _, at := range places {
				all = append(all, label{x: 1, at: at})
			}
			all = apart(all)
			for i := range all[1:] {
				if all[i+1].y-all[i].y < lineHeight-1e-9 {
					t.Errorf("%v and %v overlap", all[i].y, all[i+1].y)
				}
			}
			if first, last := all[0].y, all[len(all)-1].y; first < top-lineHeight || last > bottom+lineHeight {
				t.Errorf("labels from %v to %v leave the panel", first, last)
			}
		})
	}
}

func TestAxesEndAtRoundNumbers(t *testing.T) {
	for _, row := range []struct{ low, high, from, to float64 }{
		{1, 1, 1, 2}, {1.5, 99, 1, 100}, {3, 7, 2, 10}, {50, 50.05, 20, 50}, {1234, 56789, 1000, 100_000}, {0.03, 0.04, 0.02, 0.05},
	} {
		from, to := around(row.low, row.high)
		if math.Abs(from/row.from-1) > 1e-9 || math.Abs(to/row.to-1) > 1e-9 {
			t.Errorf("%v to %v are between %v and %v, want %v and %v", row.low, row.high, from, to, row.from, row.to)
		}
	}
}

func TestTicksAreFew(t *testing.T) {
	if got := (scale{from: 20, to: 500}).ticks(); !slices.Equal(got, []float64{20, 50, 100, 200, 500}) {
		t.Errorf("20 to 500: %v", got)
	}
	if got := (scale{from: 1, to: 1e5}).ticks(); len(got) != 6 {
		t.Errorf("1 to 100 000: %v", got)
	}
}

func TestNumbersAreShort(t *testing.T) {
	for want, v := range map[string]float64{"0.5": 0.5, "12": 12, "256": 256, "1k": 1000, "1024": 1024, "60k": 60_000, "100k": 1e5, "10M": 1e7} {
		if got := short(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
