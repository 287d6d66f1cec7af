package draw

// strip has a line per series, coloured by what it was at each time.
func (f frame) strip() {
	all := f.all()
	p := plot{x: f.x + 190, y: f.y + 26, w: f.w - 202, h: f.h - 26 - 22, from: f.from, to: f.to, top: 1}
	high := p.h / float64(len(all))
	for i, s := range all {
		y := p.y + float64(i)*high
		f.text(p.x-8, y+high/2+4, "tick", "end", s.Name)
		step := s.step()
		for j := 0; j < len(s.Points); {
			k := j
			for k < len(s.Points) && s.Points[k].Value == s.Points[j].Value {
				k++
			}
			begin, _ := p.at(max(p.from, s.Points[j].Time-step), 0)
			end, _ := p.at(s.Points[k-1].Time, 0)
			f.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" fill-opacity=".8"/>`, begin, y+2, end-begin, high-4, at(f.panel.Steps, s.Points[j].Value))
			j = k
		}
	}
	f.times(p)
}
