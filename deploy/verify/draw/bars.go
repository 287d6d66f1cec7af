package draw

// bars are the last values, one below the other.
func (f frame) bars() {
	all := f.all()
	most := max(highest(all, f.panel.Full), 1)
	high := min(34, (f.h-34)/float64(len(all)))
	for i, s := range all {
		y := f.y + 28 + float64(i)*high
		v := s.last()
		f.text(f.x+8, y+high/2+3, "tick", "start", s.Name)
		left, room := f.x+f.w*0.42, f.w*0.58-86
		f.add(`<rect class="grid" fill="none" x="%.0f" y="%.1f" width="%.0f" height="%.1f"/>`, left, y+4, room, high-8)
		f.add(`<rect x="%.0f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, left, y+4, room*max(0, v)/most, high-8, at(f.panel.Steps, v))
		f.text(left+room+8, y+high/2+4, "name", "start", word(f.panel.Words, v, f.panel.Unit))
	}
}
