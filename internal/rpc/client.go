// Package rpc makes an engine in another process look like one here: a [Client]
// is a [check.Runner] whose targets are checked by the [Server]s of other
// processes. What goes over the wire is proto/hc/v1/checker.proto.
package rpc

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/pool"
	"github.com/hc-health/hc/internal/rpc/hcpb"
)

const (
	groupSize = 128
	// A slow source's group waits so long for more.
	linger = time.Millisecond
)

// ClientConfig says which workers there are. All but Workers may be zero.
type ClientConfig struct {
	// Workers are "host:port" or "dns:///host:port", each item one or several with
	// commas between. Each address a name has is a worker; names are looked up
	// again when a connection is lost, and every 10 s.
	Workers []string
	TLS     TLSFiles // zero is plaintext

	Window   int           // targets of a Run sent whose results are not read; 0 is 2048
	Tries    int           // workers that a target is sent to, one after the other; 0 is 3
	Patience time.Duration // how long no worker may be there before targets are given up; 0 is 3 s

	// Traceparent gives the W3C Trace Context to send along; nil sends none.
	Traceparent func(ctx context.Context) string
	// Group is told of each group that is sent to a worker, and gives the ctx to
	// take the Traceparent of, and what is to be told how many of its targets that
	// worker left unanswered; nil is nobody.
	Group   func(ctx context.Context, targets int) (context.Context, func(unanswered int))
	Observe Observer
	Log     *slog.Logger // trouble with workers, a line a minute; nil is silent

	dialer func(ctx context.Context, address string) (net.Conn, error) // tests; nil is TCP
}

func (c ClientConfig) withDefaults() ClientConfig {
	c.Window = cmp.Or(max(c.Window, 0), 2048)
	c.Tries = cmp.Or(max(c.Tries, 0), 3)
	c.Patience = cmp.Or(max(c.Patience, 0), 3*time.Second)
	c.Log = orSilent(c.Log)
	if c.Traceparent == nil {
		c.Traceparent = func(context.Context) string { return "" }
	}
	if c.Group == nil {
		c.Group = func(ctx context.Context, _ int) (context.Context, func(int)) { return ctx, func(int) {} }
	}
	return c
}

// A Client is a [check.Runner] over the workers.
//
// A group of targets goes to a worker that grpc's balancer picks, in a call that
// other groups may share. What is unanswered when the call breaks, or is handed
// back by a worker that drains, goes to another one. After Tries of them, or
// when none has been there for Patience, it is answered [check.WorkerLost]. A
// worker that died may have asked a target before another one does.
//
// A Client has goroutines and connections of its own until [Client.Close].
type Client struct {
	cfg      ClientConfig
	conn     *grpc.ClientConn
	checker  hcpb.CheckerClient
	presence *presence
	trouble  seldom
	batches  atomic.Uint64
	running  sync.WaitGroup

	mu      sync.Mutex
	current [lanes]*call // take batches, in turn
}

// NewClient begins to connect; whether a worker answers is for [Client.Ready] to
// say. It fails for an address that is none, and for certificates that cannot be
// read.
func NewClient(cfg ClientConfig) (*Client, error) {
	cfg = cfg.withDefaults()
	conn, err := dial(cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:      cfg,
		conn:     conn,
		checker:  hcpb.NewCheckerClient(conn),
		presence: newPresence(),
	}
	c.running.Go(c.watch)
	conn.Connect()
	return c, nil
}

// Close ends what is under way, whose targets are lost, and all connections.
func (c *Client) Close() error {
	err := c.conn.Close()
	c.running.Wait()
	return err
}

// watch follows the connections until they are closed.
func (c *Client) watch() {
	for state := c.conn.GetState(); state != connectivity.Shutdown; state = c.conn.GetState() {
		c.presence.set(state == connectivity.Ready)
		c.conn.WaitForStateChange(context.Background(), state)
	}
	c.presence.set(false)
}

// Ready reports whether a worker is connected that serves.
func (c *Client) Ready() bool { return c.presence.now() }

// Reachable waits until a worker is connected that serves. It reports false when
// none has been for patience, which may be so at once, or when ctx ends.
func (c *Client) Reachable(ctx context.Context, patience time.Duration) bool {
	return c.presence.await(ctx, patience)
}

// Run implements [check.Runner]. It asks ts for at most Window targets more than
// results were read. When ctx ends, what was sent and is unanswered is
// [check.Canceled], and the workers stop checking it.
func (c *Client) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return pool.Windowed(ctx, c.cfg.Window, groupSize, linger, ts, c.ask)
}
