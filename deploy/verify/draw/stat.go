package draw

// stat is the last value, large, over how it came about.
func (f frame) stat() {
	s := f.all()[0]
	value := s.last()
	tone := at(f.panel.Steps, value)
	if most := highest([]Series{s}, 0); most > 0 {
		p := plot{x: f.x + 1, y: f.y + f.h*0.7, w: f.w - 2, h: f.h*0.3 - 1, from: f.from, to: f.to, top: most * 1.05}
		f.add(`<path d="%s" fill="%s" fill-opacity=".18"/>`, p.area(stacked([]Series{s}), 0), tone)
	}
	f.add(`<text x="%.0f" y="%.0f" font-size="24" font-weight="600" text-anchor="middle" style="fill:%s">%s</text>`, f.x+f.w/2, f.y+f.h/2+9, tone, word(f.panel.Words, value, f.panel.Unit))
}
