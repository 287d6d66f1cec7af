// Command load puts hc's service under load and says how it bore it: as text, and
// as one HTML page with plots. It exits 1 where a request failed, or where not
// more than 99 % of URLs that come back were answered from a cache.
//
// With -url it takes a service that runs already. Without, it starts one on this
// machine's loopback (redis-server, worker and gateway, built from the tree), and
// beside it, for comparison, the service that one would write first
// (bench/peers/straight). It runs in the directory load: go run . -h.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hc-health/hc/load/internal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the flags.
type settings struct {
	root    string
	short   bool
	url     string
	metrics list
	grpc    string
	targets list
	html    string
	doc     string
}

// A list is a flag with commas.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(s string) error { *l = strings.Split(s, ","); return nil }

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.root, "root", "..", "the repository's `directory`")
	flags.BoolVar(&s.short, "short", false, "half a minute in all, for CI")
	flags.StringVar(&s.url, "url", "", "`URL` of a gateway that runs already, such as http://127.0.0.1:8080")
	flags.Var(&s.metrics, "metrics", "with -url: `URLs` of /metrics of its processes, for the hit ratio; without, the answers tell")
	flags.StringVar(&s.grpc, "grpc", "", "with -url: `address` of a worker, for load over gRPC")
	flags.Var(&s.targets, "targets", "with -url: `URLs` to have checked, as the service sees them (default pages of example.com, .net and .org)")
	flags.StringVar(&s.html, "html", "", "write the report into this `file`")
	flags.StringVar(&s.doc, "doc", "", "without -url: write the table into this markdown `file`, between its marks")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.url == "" && (len(s.metrics) > 0 || s.grpc != "" || len(s.targets) > 0) {
		return s, errors.New("-metrics, -grpc and -targets say more about -url: name that too")
	}
	return s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "load:", err)
		return 2
	}
	r, err := measured(ctx, s, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "load:", err)
		return 2
	}
	if s.html != "" {
		if err := r.writePage(s.html); err != nil {
			fmt.Fprintln(stderr, "load:", err)
			return 2
		}
		fmt.Fprintf(stdout, "\nplots: %s\n", s.html)
	}
	if s.doc != "" {
		if err := r.writeDoc(s.doc); err != nil {
			fmt.Fprintln(stderr, "load:", err)
			return 2
		}
	}
	if misses := r.misses(); len(misses) > 0 {
		fmt.Fprintf(stdout, "\nmissed: %s\n", strings.Join(misses, "; "))
		return 1
	}
	return 0
}

// measured runs every scenario, and tells of each as it ends.
func measured(ctx context.Context, s settings, stdout io.Writer) (r report, err error) {
	r.Machine = lab.Machine()
	if s.url != "" {
		r.Subject = "the service at " + s.url
		r.tellHead(stdout)
		err = r.theirs(ctx, s, stdout)
	} else {
		r.Subject = "redis-server, hc serve worker and hc serve gateway on loopback, at their defaults"
		r.tellHead(stdout)
		err = r.ours(ctx, s, stdout)
	}
	r.tellEnd(stdout)
	return r, err
}
