package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/pool"
	"github.com/hc-health/hc/internal/report"
	"github.com/hc-health/hc/internal/rpc"
)

// engine is what hc is: read it from the inside out. A Checker asks one target,
// again where that may help, and once for several that want the same; the pool
// makes a Runner of it; the cache and the order wrap that. Where there are
// workers, they are the Runner. shut closes the idle connections.
func (s *Settings) engine(http check.HTTPConfig, store *store, busy int, workers *rpc.Client) (_ check.Runner, shut func()) {
	if workers != nil {
		return s.inOrder(store.through(workers), busy), func() {}
	}
	web := check.NewHTTP(http)
	return s.inOrder(
		store.through(
			pool.New(
				s.shared(check.Retry(web, s.retry())),
				s.pool(busy))),
		busy), web.Close
}

// shared lets equal targets that are in flight share one check. Where duplicates are
// dropped there are none, and a check costs 6 % less (bench hosts-10k).
func (s *Settings) shared(c check.Checker) check.Checker {
	if s.NoDedup {
		return check.Flight(c)
	}
	return c
}

func newCheck(c *console) *cobra.Command {
	s := &Settings{}
	cmd := &cobra.Command{
		Use:   "check [URL|FILE|-]...",
		Short: "Check URLs, files of them, or what comes from a pipe",
		Long: `Check every URL, print the results, and exit with a code that sums them up. What
has :// in it is a URL, - is standard input, everything else a file: a list, CSV,
JSONL, YAML or a sitemap (hc help targets). Without arguments a pipe is read.`,
		Example: `  hc check https://example.com/ https://example.org/
  hc check urls.txt --report junit=report.xml
  sort -u links.txt | hc check -f jsonl -o results.jsonl
  hc check urls.txt --baseline yesterday.jsonl --fail-on dns,http_status
  hc check urls.txt --cache redis://127.0.0.1:6379/0
  hc check urls.txt --workers dns:///worker:9090`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := load(cmd, c); err != nil {
				return err
			}
			if len(args) == 0 && terminalOf(c.stdin) != nil {
				writeExamples(c.stderr, cmd)
				return errors.New("no targets: name a URL or a file, or pipe a list in")
			}
			if len(args) == 0 {
				args = []string{"-"}
			}
			if err := errors.Join(s.conflicts(), s.overwrites(args)); err != nil {
				return err
			}
			s.tellTheirs(c, cmd.Flags(), slices.Concat(engineWords(), guardWords()))
			return runCheck(cmd.Context(), c, s, args)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().AddFlagSet(s.checkFlags())
	completeWords(cmd)
	return cmd
}

// groupSize results at most are written before what is buffered is handed on.
const groupSize = 256

// runCheck is the first door of the house. What can be wrong before the first
// check is found before it: settings and inputs are exit 2, outputs exit 3.
func runCheck(parent context.Context, c *console, s *Settings, args []string) error {
	progress := report.NewProgress(c.stderr, s.progress(c.stderr))
	defer progress.Close()
	c = c.above(progress)
	ctx, release := untilSignal(parent, c.tellStopping)
	defer release()
	ctx, stop := s.bounded(ctx)
	defer stop(nil)
	defer tuneGC(ctx, commandGarbage())()

	in, err := s.openInput(ctx, c, args)
	if err != nil {
		return err
	}
	defer in.Close()
	if s.DryRun {
		return dryRun(ctx, c, s, in)
	}
	verdict, err := s.newVerdict(stop)
	if err != nil {
		return err
	}
	busy, idle := s.sockets(c, openFiles(), spareFiles)
	http, err := s.http(idle, nil)
	if err != nil {
		return err
	}
	workers, err := s.connect(c, rpc.ClientConfig{})
	if err != nil {
		return err
	}
	defer disconnect(workers)
	store, err := s.openStore(ctx, c, cache.Observer{})
	if err != nil {
		return err
	}
	defer store.close()
	out, err := s.openOutputs(c, progress)
	if err != nil {
		return err
	}

	engine, shut := s.engine(http, store, busy, workers)
	defer shut()
	targets := s.targets(in)
	if workers == nil {
		targets = growing(targets, func() { growFiles(busy + min(idle, check.FirstIdle) + spareFiles) })
	}
	results := engine.Run(check.WithCaller(ctx, ourName()), targets)
	for group := range pool.Groups(context.WithoutCancel(ctx), results, groupSize, 0) {
		for _, r := range group {
			out.write(verdict.judge(r))
		}
		if err := store.lost(); err != nil {
			stop(err) // what is in flight is still to come
		}
		if err := out.flush(in); err != nil {
			stop(err)
			break
		}
	}
	return out.finish(verdict, in, context.Cause(ctx))
}
