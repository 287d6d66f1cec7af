// Command journey takes the way of this project's seed again, stage by stage, on
// one machine: the same users, the same targets, and each stage's service with an
// empty cache. It runs in the directory load: go run ./journey -h.
//
// What was measured is kept in a file, a line for each stage of each round, so
// that rounds may be taken in several goes; the page is made of the medians.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("journey", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", "..", "the repository's `directory`")
	rounds := flags.Int("rounds", 3, "rounds to take")
	short := flags.Bool("short", false, "few users, for a moment")
	kept := flags.String("kept", "", "add what is measured to this `file`, and use what it has (default: use the rounds of this run only)")
	doc := flags.String("doc", "", "write the table into this `file`, between its marks, and the picture beside it")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ms, err := journey(ctx, *root, *rounds, *short, *kept, stdout)
	if err == nil && *doc != "" {
		err = ms.write(*doc)
	}
	if err != nil {
		fmt.Fprintln(stderr, "journey:", err)
		return 2
	}
	if n := ms.errors(); n > 0 {
		fmt.Fprintf(stdout, "\n%d errors\n", n)
		return 1
	}
	return 0
}
