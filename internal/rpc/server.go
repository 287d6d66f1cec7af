package rpc

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/rpc/hcpb"
)

// ServerConfig of a Server. The zero value is usable.
type ServerConfig struct {
	Name       string        // as Worker in the results of its own checks
	TLS        TLSFiles      // zero is plaintext
	Reflection bool          // answer grpc.reflection too
	MaxTimeout time.Duration // of a target; 0 is 10 min

	// WithTraceparent gives a ctx that carries the W3C Trace Context of the
	// caller; nil drops it.
	WithTraceparent func(ctx context.Context, traceparent string) context.Context
	Observe         Observer
	Log             *slog.Logger // panics, and trouble with certificates; nil is silent
}

// A Server answers hc.v1.Checker from a Runner, and grpc.health.v1 for itself.
//
// It trusts its callers with nothing but the time of its machine: targets are
// normalised and tested anew, and what a caller may hold here is bounded.
type Server struct {
	grpc    *grpc.Server
	health  *health.Server
	checker *checker
}

const (
	// Streams of one connection. A Client has one for each of its unanswered
	// targets at the worst, 2048 in a Run; beyond this its calls wait.
	maxStreams = 4096
	// A connection ends after maxAge, so that certificates and the balance of
	// load are looked at anew; its calls have maxAgeGrace to end.
	maxAge      = 3 * time.Minute
	maxAgeGrace = 2 * time.Minute
)

// NewServer gives a Server that answers from r once [Server.Serve] is called.
func NewServer(r check.Runner, cfg ServerConfig) (*Server, error) {
	cfg.MaxTimeout = cmp.Or(max(cfg.MaxTimeout, 0), 10*time.Minute)
	if cfg.WithTraceparent == nil {
		cfg.WithTraceparent = func(ctx context.Context, _ string) context.Context { return ctx }
	}
	cfg.Log = orSilent(cfg.Log)
	creds, err := cfg.TLS.server(cfg.Log)
	if err != nil {
		return nil, err
	}
	recovered := recovery.WithRecoveryHandlerContext(func(_ context.Context, p any) error {
		cfg.Log.Error("a handler panicked; its call failed", "panic", p, "stack", string(debug.Stack()))
		return status.Error(codes.Internal, "a bug of the worker's; its log has more")
	})
	options := []grpc.ServerOption{
		grpc.Creds(creds),
		grpc.ForceServerCodecV2(newWire()),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxHeaderListSize(16 << 10),
		grpc.ConnectionTimeout(5 * time.Second),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(window),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		// A silent caller is found out within 13 s, and its checks are cut off.
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: maxAge, MaxConnectionAgeGrace: maxAgeGrace, Time: 10 * time.Second, Timeout: 3 * time.Second,
		}),
		grpc.WaitForHandlers(true),
		grpc.ChainStreamInterceptor(recovery.StreamServerInterceptor(recovered)),
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovered)),
	}
	if cfg.Observe.watches() {
		options = append(options, grpc.StatsHandler(newStats(cfg.Observe)))
	}
	s := &Server{
		grpc:    grpc.NewServer(options...),
		health:  health.NewServer(),
		checker: &checker{runner: r, cfg: cfg},
	}
	hcpb.RegisterCheckerServer(s.grpc, s.checker)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	if cfg.Reflection {
		reflection.Register(s.grpc)
	}
	s.SetServing(true)
	return s, nil
}

// Serve answers calls on l, which it closes, until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// SetServing says what grpc.health answers for "" and hc.v1.Checker. Clients
// send no more to a server that is not serving, but what they send is still
// checked: that is the first half of a shutdown.
func (s *Server) SetServing(serving bool) {
	now := healthpb.HealthCheckResponse_NOT_SERVING
	if serving {
		now = healthpb.HealthCheckResponse_SERVING
	}
	for _, service := range []string{"", hcpb.Checker_ServiceDesc.ServiceName} {
		s.health.SetServingStatus(service, now)
	}
}

// Shutdown takes no new connections, hands new batches back unasked, waits until
// those under way are done, and closes what is left. When ctx ends they are cut
// off and their callers send them elsewhere; then it returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.SetServing(false)
	s.checker.draining.Store(true)
	stop := context.AfterFunc(ctx, s.grpc.Stop)
	s.grpc.GracefulStop()
	if !stop() {
		return ctx.Err()
	}
	return nil
}

// checker is the service.
type checker struct {
	hcpb.UnimplementedCheckerServer
	runner   check.Runner
	cfg      ServerConfig
	draining atomic.Bool
}
