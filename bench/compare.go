package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hc-health/hc/bench/splice"
)

// pictures is where the plots go, beside the document.
const pictures = "performance"

// sweeps are all comparisons, in the order they are shown.
func (l *lab) sweeps() ([]sweep, error) {
	hosts, err := l.hostSweeps()
	if err != nil {
		return nil, err
	}
	one, err := l.oneSweeps()
	return slices.Concat(hosts, one, []sweep{l.growthSweep(), l.probeSweep(), l.stackSweep()}), err
}

// runCompare measures hc and its peers side by side and prints tables; with a
// document it writes them there, and a picture of each sweep beside it. It counts
// the measurements in which hc itself failed a check.
func runCompare(ctx context.Context, l *lab, s settings, stdout io.Writer) (missed int, err error) {
	if err := l.goBuild(ctx, "bench/peers/tools", "tool"); err != nil {
		return 0, err
	}
	machine := describe(ctx, l)
	fmt.Fprintln(stdout, machine)
	all, err := l.sweeps()
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(sw sweep) bool { return !s.only.MatchString(sw.name) })
	var doc strings.Builder
	for _, sw := range all {
		start := time.Now()
		for _, p := range sw.points {
			if err := p.measure(ctx, l); err != nil {
				return missed, fmt.Errorf("%s, %s: %w", sw.name, p.label, err)
			}
			if p.entries[0].fault != "" {
				missed++
			}
		}
		table := sw.markdown()
		fmt.Fprintf(stdout, "\n%s (%s)\n\n%s", sw.title, time.Since(start).Round(100*time.Millisecond), table)
		fmt.Fprintf(&doc, "\n### %s\n\n%s\n\n![%s](%s/%s.svg)\n\n%s", sw.title, sw.says, sw.title, pictures, sw.name, table)
	}
	behind := losses(all)
	fmt.Fprintf(stdout, "\n%s", behind)
	if s.doc == "" {
		return missed, nil
	}
	if err := draw(filepath.Join(filepath.Dir(s.doc), pictures), all); err != nil {
		return missed, err
	}
	return missed, splice.Into(s.doc, splice.Begin("make compare"), machine+"\n\n"+behind+doc.String())
}

func draw(dir string, all []sweep) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, sw := range all {
		if err := os.WriteFile(filepath.Join(dir, sw.name+".svg"), []byte(sw.picture().SVG()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// markdown is the figures of s, and under them how hc stands to each program.
func (s sweep) markdown() string {
	var b strings.Builder
	head := func(what string) {
		fmt.Fprintf(&b, "| %s |", what)
		for _, p := range s.points {
			fmt.Fprintf(&b, " %s |", p.label)
		}
		b.WriteString("\n|---|" + strings.Repeat("---:|", len(s.points)) + "\n")
	}
	var notes []string
	head(s.unit + "/s · CPU µs each · peak MiB")
	for _, name := range s.programs() {
		fmt.Fprintf(&b, "| %s |", name)
		for _, p := range s.points {
			e, ok := p.of(name)
			switch {
			case !ok:
				b.WriteString(" – |")
			case e.fault != "":
				b.WriteString(" **failed** |")
				notes = append(notes, fmt.Sprintf("%s at %s: %s.", name, p.label, e.fault))
			default:
				fmt.Fprintf(&b, " %s%s |", e.figures(), e.given())
			}
		}
		b.WriteString("\n")
	}
	if names := s.programs(); len(names) > 1 {
		b.WriteString("\n")
		head("hc against it: speed · CPU")
		for _, name := range names[1:] {
			fmt.Fprintf(&b, "| %s |", name)
			for _, p := range s.points {
				if e, ok := p.of(name); ok && e.fault == "" {
					fmt.Fprintf(&b, " %.2f× · %.2f× |", e.speed, e.thrift)
				} else {
					b.WriteString(" – |")
				}
			}
			b.WriteString("\n")
		}
	}
	if len(notes) > 0 {
		b.WriteString("\nWhat failed: " + strings.Join(notes, " ") + "\n")
	}
	return b.String()
}

func (e entry) figures() string {
	figures := fmt.Sprintf("%.0f · %s · %s", e.rate, digits(e.cpu), known(e.peak/(1<<20)))
	if e.p99 > 0 {
		figures += " · p99 " + ms(time.Duration(e.p99*float64(time.Second)))
	}
	return figures
}

// given says where a program had less than the whole list.
func (e entry) given() string {
	if e.urls == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s URLs)", count(e.urls))
}

// digits has two where one says little.
func digits(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// losses says where hc is behind, so that nobody has to look for it. wrk, which has
// no list, and the raw exchange, which has no HTTP, are beside the question.
func losses(all []sweep) string {
	var b strings.Builder
	seen := map[*cell]bool{}
	compared, behind := 0, 0
	for _, s := range all {
		for _, p := range s.points {
			if seen[p.cell] {
				continue
			}
			seen[p.cell] = true
			for _, e := range p.entries {
				if e.fault != "" || slices.ContainsFunc([]string{"hc", "wrk", "raw"}, func(other string) bool { return strings.HasPrefix(e.name, other) }) {
					continue
				}
				compared++
				if e.speed < 1 || e.thrift > 1 {
					behind++
					fmt.Fprintf(&b, "| %s: %s | %s | %.2f× | %.2f× |\n", s.title, p.label, e.name, e.speed, e.thrift)
				}
			}
		}
	}
	says := fmt.Sprintf("Of %d comparisons, wrk and the raw exchange aside, hc is ahead in speed and in CPU in %d.", compared, compared-behind)
	if behind == 0 {
		return says + "\n"
	}
	return says + " Where it is not:\n\n| | against | speed | CPU |\n|---|---|---:|---:|\n" + b.String()
}
