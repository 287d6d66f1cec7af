package draw

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/hc-health/hc/deploy/verify/boards"
)

func TestValuesAreSaidInTheirUnit(t *testing.T) {
	for _, row := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0.8613, units.PercentUnit, "86.1 %"},
		{1, units.PercentUnit, "100 %"},
		{0.00042, units.Seconds, "420 µs"},
		{0.0123, units.Seconds, "12.3 ms"},
		{7, units.Seconds, "7 s"},
		{600, units.Seconds, "10 min"},
		{9.0417, units.Days, "9.04 d"},
		{33554432, units.BytesIEC, "32 MiB"},
		{1536, units.BytesPerSecondIEC, "1.5 KiB/s"},
		{17.42, units.RequestsPerSecond, "17.4 /s"},
		{12345, units.OpsPerSecond, "12.3 k/s"},
		{0, units.Short, "0"},
		{404, units.NoUnit, "404"},
		{math.NaN(), units.Short, "–"},
	} {
		if got := format(row.value, row.unit); got != row.want {
			t.Errorf("format(%v, %s) = %q, want %q", row.value, row.unit, got, row.want)
		}
	}
}

func TestAxesEndAboveTheHighestValueAtARoundNumber(t *testing.T) {
	for _, row := range []struct {
		top  float64
		unit string
		want float64
	}{
		{0, units.Short, 1},
		{37, units.Short, 40},
		{0.011, units.PercentUnit, 0.015},
		{33 << 20, units.BytesIEC, 40 << 20},
	} {
		all := ticks(row.top, row.unit)
		if got := all[len(all)-1]; math.Abs(got-row.want) > row.want*1e-9 || len(all) > 6 {
			t.Errorf("ticks(%v, %s) = %v, want them to end at %v", row.top, row.unit, all, row.want)
		}
	}
}

// TestEachBoardIsDrawn with nothing, with what is no number, and with names that
// would break XML.
func TestEachBoardIsDrawn(t *testing.T) {
	to := time.Unix(1_800_000_000, 0)
	from := to.Add(-10 * time.Minute)
	line := func(name string, values ...float64) Series {
		s := Series{Name: name}
		for i, v := range values {
			s.Points = append(s.Points, Point{unix(from) + float64(i)*60, v})
		}
		return s
	}
	for name, series := range map[string][]Series{
		"nothing":       nil,
		"numbers":       {line("1", 1, 2, 3), line("+Inf", 4, 5, 6)},
		"zeros":         {line("pass", 0, 0, 0)},
		"not a number":  {line("5", math.NaN(), math.Inf(1), math.NaN())},
		"hostile names": {line(`<script>&"'`, 1), line(strings.Repeat("long ", 99), 1)},
		"one point":     {line("x", 7)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, b := range boards.All() {
				svg, err := Board(b, from, to, func(p boards.Panel) ([][]Series, error) {
					all := make([][]Series, len(p.Queries))
					for i := range all {
						all[i] = series
					}
					return all, nil
				})
				if err != nil {
					t.Fatal(err)
				}
				for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
					if _, err := d.Token(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatalf("%s is no XML: %v", b.Name, err)
					}
				}
				if text := string(svg); strings.Contains(text, "NaN") || strings.Contains(text, "Inf ") || !strings.Contains(text, "Grafana was not used") {
					t.Errorf("%s has a coordinate that is no number, or does not say who drew it", b.Name)
				}
			}
		})
	}
}
