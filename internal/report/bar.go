package report

import (
	"slices"
	"strconv"
	"strings"
)

// segment is one piece of the bar's line.
type segment struct {
	text  string
	style style // "" is plain
}

const (
	maxGauge = 25 // characters; shows a movement of 2 %
	minGauge = 5  // fewer say nothing that the per cent do not
)

// bar is the line of the progress bar, in at most width columns:
//
//	9,812/10,000  ━━━━━━━━━━━━━━━━━━━━━━━━╸  98%  1,930/s  ✓ 9,790  ! 1  ✗ 21  eta 1s  cache 41%
//
// In a narrow terminal the gauge goes first, and then what stands on the right.
func (p *Progress) bar(width int) string {
	all, total := p.n.all(), p.total.Load()
	done := segment{count(all), bold}
	var rest []segment
	add := func(text string, st style) { rest = append(rest, segment{text, st}) }
	if total > 0 {
		done.text += "/" + count(total)
		add(strconv.FormatInt(percent(all, total), 10)+"%", "")
	}
	add(perSecond(p.rate.now), "")
	add("✓ "+count(p.n.pass.Load()), green)
	if n := p.n.warn.Load(); n > 0 {
		add("! "+count(n), yellow)
	}
	add("✗ "+count(p.n.fail.Load()), red)
	if n := p.n.skip.Load(); n > 0 {
		add("- "+count(n), dim)
	}
	if left := p.rate.left(total - all); total > 0 && left != "" {
		add("eta "+left, "")
	}
	if n := p.n.cached.Load(); n > 0 {
		add("cache "+strconv.FormatInt(percent(n, all), 10)+"%", "")
	}
	line := slices.Concat([]segment{done}, rest)
	if size := min(width-columnsOf(line)-len(gap), maxGauge); total > 0 && size >= minGauge {
		line = slices.Insert(line, 1, segment{text: gauge(size, all, total)})
	}
	for len(line) > 1 && columnsOf(line) > width {
		line = line[:len(line)-1]
	}
	var texts []string
	for _, s := range line {
		texts = append(texts, paint(p.cfg.Color && s.style != "", s.style, s.text))
	}
	return strings.Join(texts, gap)
}

const gap = "  " // between segments

func columnsOf(line []segment) int {
	n := len(gap) * (len(line) - 1)
	for _, s := range line {
		n += runes(s.text)
	}
	return n
}

// gauge draws part of whole in size characters, to half a character.
func gauge(size int, part, whole int64) string {
	halves := int(min(part*int64(size)*2/whole, int64(size)*2))
	full := strings.Repeat("━", halves/2)
	if halves%2 == 1 {
		full += "╸"
	}
	return full + strings.Repeat(" ", size-runes(full))
}
