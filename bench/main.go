// Command bench measures what hc promises, against the programs one would use
// instead, on targets it starts itself on this machine's loopback. It prints
// each promise with what was measured, and exits 1 when one was not kept.
//
// Every figure is a ratio of runs that took turns in one go, and a median of
// several rounds: absolute figures of a shared machine mean little. Successes
// are counted in the output and at the target, since what fails is fast.
//
// It runs on Linux, where all of 127.0.0.0/8 is this machine, in the root of the
// repository: go run ./bench -h.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/hc-health/hc/bench/splice"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the flags.
type settings struct {
	lab

	only    *regexp.Regexp
	doc     string
	service bool
	costs   bool
	compare bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 5, "rounds of each measurement; the median counts")
	flags.BoolVar(&s.short, "short", false, "smaller lists")
	flags.Float64Var(&s.slack, "slack", 0, "loosen each ratio by this `share`; 0.25 makes 1.00 0.75")
	flags.StringVar(&only, "run", "", "only the scenarios whose name matches this `regexp`")
	flags.BoolVar(&s.service, "service", false, "what the service promises, in place of the command")
	flags.BoolVar(&s.costs, "costs", false, "what a URL and a hop cost, and the runs that ./sim is held to, in place of promises")
	flags.BoolVar(&s.compare, "compare", false, "hc beside its peers, by length, concurrency and target, in place of promises")
	flags.StringVar(&s.doc, "doc", "", "also write the results into this markdown `file`")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.rounds < 1 {
		return s, fmt.Errorf("-rounds %d: at least 1", s.rounds)
	}
	var err error
	s.only, err = regexp.Compile(only)
	return s, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	lab, err := openLab(ctx, s.lab)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	var missed int
	switch {
	case s.costs:
		err = runCosts(ctx, lab, s, stdout)
	case s.compare:
		missed, err = runCompare(ctx, lab, s, stdout)
	default:
		missed, err = runAll(ctx, lab, s, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
	}
	if err2 := lab.close(); err2 != nil {
		fmt.Fprintln(stderr, "bench: clean up:", err2)
	}
	switch {
	case err != nil:
		return 2
	case missed > 0 && s.compare:
		fmt.Fprintf(stdout, "\nin %d measurements hc itself failed a check\n", missed)
		return 1
	case missed > 0:
		fmt.Fprintf(stdout, "\n%d promises missed\n", missed)
		return 1
	case s.costs, s.compare:
		return 0
	}
	fmt.Fprintln(stdout, "\nevery promise kept")
	return 0
}

// runAll runs the scenarios and counts the promises that were not kept.
func runAll(ctx context.Context, l *lab, s settings, stdout io.Writer) (missed int, err error) {
	machine := describe(ctx, l)
	fmt.Fprintln(stdout, machine)
	var doc strings.Builder
	doc.WriteString(machine + "\n\n")
	all, who := scenarios(), "make bench"
	if s.service {
		all, who = serviceScenarios(), "make bench-service"
	}
	for _, sc := range all {
		if !s.only.MatchString(sc.name) {
			continue
		}
		start := time.Now()
		f, err := sc.run(ctx, l)
		if err != nil {
			return missed, fmt.Errorf("%s: %w", sc.name, err)
		}
		show(stdout, sc, f, time.Since(start))
		doc.WriteString(markdown(sc, f))
		for _, v := range f.verdicts {
			if !v.ok {
				missed++
			}
		}
	}
	if s.doc == "" {
		return missed, nil
	}
	return missed, splice.Into(s.doc, splice.Begin(who), strings.TrimSpace(doc.String())+"\n")
}
