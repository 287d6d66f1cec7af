package plot

import (
	_ "embed" // for the style sheet
	"fmt"
	"html"
	"strings"
)

//go:embed style.css
var style string

// canvas gathers elements.
type canvas struct{ b strings.Builder }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

func (c *canvas) text(x, y float64, class, text string) {
	c.add(`<text x="%s" y="%s" class="%s">%s</text>`, px(x), px(y), class, html.EscapeString(text))
}

// mark is a point of a line: each hue has a shape, so that colour is not all that
// tells lines apart.
func (c *canvas) mark(hue int, x, y float64) {
	shapes := []string{
		"m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", // circle
		"m-3-3h6v6h-6z",                     // square
		"m0-4l4 7h-8z",                      // triangle
		"m0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z", // diamond
		"m0 4l4-7h-8z",                      // triangle, downwards
		"m-4-1h3v-3h2v3h3v2h-3v3h-2v-3h-3z", // plus
		"m-4-1.5h8v3h-8z",                   // bar
		"m-1.5-4h3v8h-3z",                   // bar, upright
		"m-4 0l4-2l4 2l-4 2z",               // flat diamond
	}
	c.add(`<path class="mark h%d" d="M%s %s%s"/>`, hue, px(x), px(y), shapes[hue])
}
