package draw

import "fmt"

// An entry is a name of a legend and where it begins.
type entry struct {
	x          float64
	name, tone string
}

const (
	legendLine = 14.0 // pixels
	legendMost = 3    // lines
)

// legend names the series in lines below a plot, as many as have room there.
func (f frame) legend(all []Series) [][]entry {
	rows, x := [][]entry{nil}, f.x+10
	for i, s := range all {
		wide := textWidth(s.Name) + 24
		if x+wide > f.x+f.w-26 && x > f.x+10 {
			if len(rows) == legendMost {
				rows[legendMost-1] = append(rows[legendMost-1], entry{x - 10, fmt.Sprintf("+%d", len(all)-i), ""})
				return rows
			}
			rows, x = append(rows, nil), f.x+10
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], entry{x, s.Name, f.tone(i, s.Name)})
		x += wide
	}
	return rows
}

// tone is the colour that the panel gives a series, or the next one.
func (f frame) tone(i int, name string) string {
	for _, c := range f.panel.Colors {
		if c.Series == name {
			return colour(c.Color)
		}
	}
	return tone(i)
}

// textWidth is a guess, on the safe side: 5.6 px for a letter of 10 px.
func textWidth(s string) float64 { return 5.6 * float64(len([]rune(s))) }
