// Command straight is the service hc is measured against: the design that comes
// to mind first, written with care but no thought of grouping. A gateway takes
// REST and makes one unary gRPC call for a batch; a worker runs a pool of
// goroutines for each batch, with a Redis GET per URL and a SET per miss.
//
//	straight worker  -listen ADDR [-redis ADDR] [-pool N] [-ttl D] [-timeout D]
//	straight gateway -listen ADDR -worker ADDR
//
// It is a module of its own, so that nothing of hc depends on it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long calls that run at a signal have to end.
const grace = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "straight:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say worker or gateway")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	switch args[0] {
	case "worker":
		var cfg workerConfig
		flags.StringVar(&cfg.listen, "listen", "127.0.0.1:9090", "`address` of the gRPC server")
		flags.StringVar(&cfg.redis, "redis", "", "`address` of Redis; without it nothing is cached")
		flags.IntVar(&cfg.pool, "pool", 100, "goroutines of a batch")
		flags.DurationVar(&cfg.ttl, "ttl", 5*time.Minute, "how long a result is cached")
		flags.DurationVar(&cfg.timeout, "timeout", 10*time.Second, "of a check")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serveWorker(ctx, cfg)
	case "gateway":
		var cfg gatewayConfig
		flags.StringVar(&cfg.listen, "listen", "127.0.0.1:8080", "`address` of the HTTP server")
		flags.StringVar(&cfg.worker, "worker", "127.0.0.1:9090", "`address` of the worker, host:port or dns:///host:port")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serveGateway(ctx, cfg)
	default:
		return fmt.Errorf("%q is neither worker nor gateway", args[0])
	}
}
