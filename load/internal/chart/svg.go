package chart

import (
	_ "embed" // for the templates
	"html/template"
	"strings"
)

//go:embed style.css
var style string

//go:embed charts.tmpl
var charts string

// Style is the style sheet of all charts, for a page that has some inline.
func Style() template.CSS { return template.CSS(style) }

// draw runs one of the templates.
func draw(name string, data any) (template.HTML, error) {
	t, err := template.New("").Parse(charts)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.ExecuteTemplate(&b, name, data)
	return template.HTML(strings.TrimSpace(b.String())), err
}

// File is an inline chart as a file of its own.
func File(svg template.HTML) string {
	return strings.Replace(string(svg), ">", "><style>\n"+style+"</style>", 1) + "\n"
}

// A tick is a mark on an axis.
type tick struct {
	At    float64 // pixels
	Label string
}

func ticksOf(s scale) []tick {
	var ts []tick
	for _, v := range s.ticks {
		ts = append(ts, tick{s.px(v), number(v)})
	}
	return ts
}

// frame is what charts with two axes have in common.
type frame struct {
	Title, X, Y              string // X and Y say the unit
	Width, Height            float64
	Left, Top, Right, Bottom float64 // edges of the plot
	XTicks, YTicks           []tick
	Legend                   []legend
}

type legend struct {
	Class, Name string
	At          float64 // pixels
}

// newFrame is a frame for half the width of a page.
func newFrame(title, x, y string, names ...legend) frame {
	f := frame{Title: title, X: x, Y: y, Width: 560, Height: 260, Left: 56, Top: 44, Right: 548, Bottom: 218}
	at := f.Right
	for i := len(names) - 1; i >= 0; i-- {
		at -= 34 + 6.6*float64(len([]rune(names[i].Name)))
		names[i].At = round(at)
	}
	f.Legend = names
	return f
}
