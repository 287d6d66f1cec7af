package rpc

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	_ "google.golang.org/grpc/balancer/leastrequest" // the balancer that serviceConfig names
	_ "google.golang.org/grpc/health"                // the client's half of healthCheckConfig
	"google.golang.org/grpc/keepalive"
)

// serviceConfig leaves to grpc which worker a call goes to. Checks take from a
// millisecond to a minute, so the worker with the fewest calls open gets the
// next, not the next in turn; the best of 5 draws is nearly always the best of
// all, where workers are few. A worker that says NOT_SERVING gets none.
//
// There is no retryPolicy. It would send a group again unasked, and only while
// nothing of it is answered; [Client] does so where it is, knows what is left,
// and counts, so that a target is asked no more often than it may be.
const serviceConfig = `{
	"loadBalancingConfig": [{"least_request_experimental": {"choiceCount": 5}}],
	"healthCheckConfig": {"serviceName": "hc.v1.Checker"}
}`

// window is what may be on its way on a stream, or a connection, unread. grpc
// would measure what is best, with a ping for every burst of messages.
const window = 1 << 20

func dial(cfg ClientConfig) (*grpc.ClientConn, error) {
	workers, err := parseAddresses(cfg.Workers)
	if err != nil {
		return nil, err
	}
	creds, err := cfg.TLS.client(cfg.Log)
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithResolvers(workers),
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithDisableServiceConfig(), // none from DNS
		grpc.WithDisableRetry(),
		grpc.WithNoProxy(),
		grpc.WithIdleTimeout(0), // stay connected, to know who is there
		grpc.WithInitialWindowSize(window),
		grpc.WithInitialConnWindowSize(window),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(newWire()), grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
		// A silent worker is found out within 13 s. 10 s is grpc's minimum.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 10 * time.Second, Timeout: 3 * time.Second, PermitWithoutStream: true,
		}),
	}
	if cfg.Observe.watches() {
		options = append(options, grpc.WithStatsHandler(newStats(cfg.Observe)))
	}
	if cfg.dialer != nil {
		options = append(options, grpc.WithContextDialer(cfg.dialer))
	}
	return grpc.NewClient(scheme+":///workers", options...)
}
