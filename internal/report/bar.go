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
	done := segment{count(p.n.all), bold}
	var rest []segment
	if p.total > 0 {
		done.text += "/" + count(p.total)
		rest = append(rest, segment{text: strconv.FormatInt(percent(p.n.all, p.total), 10) + "%"})
	}
	rest = append(rest, segment{text: perSecond(p.rate)}, segment{"✓ " + count(p.n.pass), green})
	if p.n.warn > 0 {
		rest = append(rest, segment{"! " + count(p.n.warn), yellow})
	}
	rest = append(rest, segment{"✗ " + count(p.n.fail), red})
	if p.n.skip > 0 {
		rest = append(rest, segment{"- " + count(p.n.skip), dim})
	}
	if left := p.left(); left != "" {
		rest = append(rest, segment{text: "eta " + left})
	}
	if p.n.cached > 0 {
		rest = append(rest, segment{text: "cache " + strconv.FormatInt(percent(p.n.cached, p.n.all), 10) + "%"})
	}
	line := slices.Concat([]segment{done}, rest)
	if size := min(width-columnsOf(line)-len(gap), maxGauge); p.total > 0 && size >= minGauge {
		line = slices.Insert(line, 1, segment{text: gauge(size, p.n.all, p.total)})
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
