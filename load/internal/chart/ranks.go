package chart

import (
	"html/template"
	"time"
)

// A Row of [Ranks] is one contestant.
type Row struct {
	Name, Note  string
	Rate        float64 // requests per second
	Median, P99 time.Duration
	Other       bool // is there to be compared with, and stands back
}

type rankRow struct {
	Name, Note, Class, Rate, MedianLabel, P99Label string
	Y, Bar, BarWidth, BarEnd, Median, P99          float64
}

type panel struct {
	Name  string
	Left  float64
	Ticks []tick
}

type ranks struct {
	Title         string
	Width, Height float64
	Top, Bottom   float64
	Panels        []panel
	Rows          []rankRow
	Legend        []legend
}

// Ranks shows requests per second as bars and latency as the range from the
// median to the 99th percentile, a line for each row, both on a logarithmic
// scale.
func Ranks(title string, rows []Row) (template.HTML, error) {
	const lineHeight, split = 46, 640.0
	r := ranks{Title: title, Width: 1000, Top: 66, Bottom: 66 + lineHeight*float64(len(rows))}
	r.Height = r.Bottom + 34
	var fastest, slowest, low, top float64
	for i, row := range rows {
		if i == 0 {
			fastest, slowest, low, top = row.Rate, row.Rate, millis(row.Median), millis(row.P99)
		}
		fastest, slowest = max(fastest, row.Rate), min(slowest, row.Rate)
		low, top = min(low, millis(row.Median)), max(top, millis(row.P99))
	}
	rate := logarithmic(slowest/2, fastest, 260, split-70)
	took := logarithmic(low/2, top, split+50, r.Width-70)
	r.Panels = []panel{
		{"requests/s, log scale", rate.at, ticksOf(rate)},
		{"latency in ms, log scale", took.at, ticksOf(took)},
	}
	r.Legend = []legend{{"a", "median", took.at + 170}, {"b", "p99", took.at + 240}}
	for i, row := range rows {
		end, class := rate.px(row.Rate), "a"
		if row.Other {
			class = "c"
		}
		r.Rows = append(r.Rows, rankRow{
			Name: row.Name, Note: row.Note, Class: class, Rate: Count(row.Rate),
			MedianLabel: number(millis(row.Median)), P99Label: number(millis(row.P99)),
			Y:   r.Top + lineHeight*(float64(i)+0.5),
			Bar: rate.at, BarWidth: round(end - rate.at), BarEnd: end,
			Median: took.px(millis(row.Median)), P99: took.px(millis(row.P99)),
		})
	}
	return draw("ranks", r)
}
