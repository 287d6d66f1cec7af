package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// show writes what a scenario found as text for a terminal.
func show(w io.Writer, s scenario, f findings, took time.Duration) {
	fmt.Fprintf(w, "\n%s: %s (%s)\n", s.name, s.claim, took.Round(100*time.Millisecond))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range f.verdicts {
		word := "ok"
		if !v.ok {
			word = "MISS"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", word, v.bar, v.measured)
	}
	t.Flush()
	for _, st := range f.standings {
		fmt.Fprintf(t, "  -\t%s\t%.0f URLs/s\t%s µs CPU/URL\t%s MiB\t%s passed\n", st.name, st.rate, known(micros(st.cpu)), known(st.peak/(1<<20)), st.passed)
	}
	t.Flush()
	for _, ld := range f.loads {
		fmt.Fprintf(t, "  -\t%s\t%.0f requests/s\thc %.2f×\tp50 %s\tp99 %s\t%.0f µs CPU/request\n", ld.name, ld.rate, ld.ratio, ms(ld.p50), ms(ld.p99), micros(ld.cpu))
	}
	t.Flush()
	for _, fl := range f.floods {
		fmt.Fprintf(t, "  -\t%s\tpeak %.0f URLs/s\toffered %.0f\tgoodput %.0f\trefused in %s\tanswered in %s\tprocessors: sender %.2f, service %.2f\n",
			fl.name, fl.peak, fl.offered, fl.goodput, ms(fl.refused), ms(fl.accepted), fl.sender, fl.service)
	}
	t.Flush()
}

// markdown is the same as two tables for the documentation.
func markdown(s scenario, f findings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s.\n\n| promise | measured | |\n|---|---|---|\n", s.name, s.claim)
	for _, v := range f.verdicts {
		word := "kept"
		if !v.ok {
			word = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", v.bar, v.measured, word)
	}
	if len(f.standings) > 0 {
		b.WriteString("\n| program | URLs/s | CPU µs/URL | peak MiB | passed |\n|---|---:|---:|---:|---:|\n")
	}
	for _, st := range f.standings {
		fmt.Fprintf(&b, "| %s | %.0f | %s | %s | %s |\n", st.name, st.rate, known(micros(st.cpu)), known(st.peak/(1<<20)), st.passed)
	}
	if len(f.loads) > 0 {
		b.WriteString("\n| service | requests/s | hc against it | p50 | p99 | CPU µs/request |\n|---|---:|---:|---:|---:|---:|\n")
	}
	for _, ld := range f.loads {
		fmt.Fprintf(&b, "| %s | %.0f | %.2f× | %s | %s | %.0f |\n", ld.name, ld.rate, ld.ratio, ms(ld.p50), ms(ld.p99), micros(ld.cpu))
	}
	if len(f.floods) > 0 {
		b.WriteString("\n| asked for | peak, URLs/s | offered | goodput | p99 of refusals | p99 of answers | processors: sender | service |\n|---|---:|---:|---:|---:|---:|---:|---:|\n")
	}
	for _, fl := range f.floods {
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f | %s | %s | %.2f | %.2f |\n", fl.name, fl.peak, fl.offered, fl.goodput, ms(fl.refused), ms(fl.accepted), fl.sender, fl.service)
	}
	b.WriteByte('\n')
	return b.String()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// known is v, or a dash where it was not measured.
func known(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", v)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
