// Command sim asks what hc as a service would do where there are not the machines
// to try it: how many workers, gateways and Redis shards a load needs, and what
// becomes of a thousand workers when some die. It simulates each check, with the
// costs that `make costs` measured, and is held to runs that were measured too.
//
// The same seed gives the same figures. docs/scaling.md says what they are worth.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hc-health/hc/bench/splice"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(2)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "where random numbers begin")
	doc := flags.String("doc", "", "also write the tables into this markdown `file`")
	svg := flags.String("svg", "", "also draw the courses into this `file`")
	short := flags.Bool("short", false, "leave the predictions out, which take a minute")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c := measured().costs
	compared, planned := trialTable(c), planTable(c)
	fmt.Fprintf(stdout, "measured and simulated\n\n%s\nwhat a load needs\n\n%s", compared, planned)
	var wrong error
	if *doc != "" {
		wrong = errors.Join(write(*doc, "trials", compared), write(*doc, "plan", planned))
	}
	if *short {
		return wrong
	}
	ps := predictions(c)
	predicted, reports := predictTable(ps, *seed)
	fmt.Fprintf(stdout, "\npredicted, seed %d\n\n%s", *seed, predicted)
	if *doc != "" {
		wrong = errors.Join(wrong, write(*doc, "predictions", predicted))
	}
	if *svg != "" {
		wrong = errors.Join(wrong, os.WriteFile(*svg, []byte(courses(ps, reports)), 0o644))
	}
	return wrong
}

// write puts a table where the document has its place.
func write(doc, name, text string) error {
	return splice.Into(doc, "<!-- make sim writes its "+name+" from here -->\n", text)
}

// courses draws the predictions in which something breaks.
func courses(ps []prediction, reports []report) string {
	colours := []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728"}
	var curves []curve
	for i, p := range ps {
		if p.breaks > 0 {
			curves = append(curves, curve{p.name, colours[len(curves)%len(colours)], reports[i].Course})
		}
	}
	return picture("Answers a second, 1 000 000 asked; it breaks after 3 s", 2*time.Second, 5*time.Second, 1.25e6, curves)
}
