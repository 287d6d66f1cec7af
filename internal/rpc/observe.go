package rpc

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// An Observer is told of gRPC calls, in the words of the usual metrics: kind is
// "unary", "server_stream", "client_stream" or "bidi_stream", code is a name such
// as "OK" or "Unavailable". Nil funcs are not called; the others are called from
// many goroutines.
type Observer struct {
	Started  func(kind, service, method string)
	Received func(kind, service, method string) // a message
	Sent     func(kind, service, method string) // a message
	Handled  func(kind, service, method, code string, took time.Duration)
}

func (o Observer) watches() bool {
	return o.Started != nil || o.Received != nil || o.Sent != nil || o.Handled != nil
}

// observed makes an Observer a stats.Handler.
type observed struct{ Observer }

type observedCall struct{ kind, service, method string }

type observedKey struct{}

func newStats(o Observer) stats.Handler {
	nothing := func(_, _, _ string) {}
	if o.Started == nil {
		o.Started = nothing
	}
	if o.Received == nil {
		o.Received = nothing
	}
	if o.Sent == nil {
		o.Sent = nothing
	}
	if o.Handled == nil {
		o.Handled = func(_, _, _, _ string, _ time.Duration) {}
	}
	return observed{o}
}

// TagRPC implements [stats.Handler].
func (o observed) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	service, method, _ := strings.Cut(strings.TrimPrefix(info.FullMethodName, "/"), "/")
	return context.WithValue(ctx, observedKey{}, &observedCall{service: service, method: method})
}

// HandleRPC implements [stats.Handler].
func (o observed) HandleRPC(ctx context.Context, event stats.RPCStats) {
	c, ok := ctx.Value(observedKey{}).(*observedCall)
	if !ok {
		return
	}
	switch e := event.(type) {
	case *stats.Begin:
		c.kind = kindOf(e.IsClientStream, e.IsServerStream)
		o.Started(c.kind, c.service, c.method)
	case *stats.InPayload:
		o.Received(c.kind, c.service, c.method)
	case *stats.OutPayload:
		o.Sent(c.kind, c.service, c.method)
	case *stats.End:
		o.Handled(c.kind, c.service, c.method, status.Code(e.Error).String(), e.EndTime.Sub(e.BeginTime))
	}
}

// TagConn implements [stats.Handler].
func (o observed) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements [stats.Handler].
func (o observed) HandleConn(context.Context, stats.ConnStats) {}

func kindOf(clientStreams, serverStreams bool) string {
	switch {
	case clientStreams && serverStreams:
		return "bidi_stream"
	case clientStreams:
		return "client_stream"
	case serverStreams:
		return "server_stream"
	default:
		return "unary"
	}
}
