package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewServer gives h a server with limits, so that neither a slow nor a greedy client
// keeps a connection for long: 5 s for a header, 15 s for a request, 60 s between
// two, and for an answer 30 s from its request's header on; [Gateway] gives itself
// more, 15 s for each part of a long one. What net/http has to say about its clients
// goes to log at level Debug, to nowhere where that is nil.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader, // net/http lets up to 4 KiB more through; Gateway counts
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// Drain is how a server stops. The order matters.
type Drain struct {
	NotReady func()        // tells whoever sends callers here to stop; nil is nobody
	Delay    time.Duration // full service goes on, until they have
	Timeout  time.Duration // then running requests may take this long; 0 is 30 s
}

// cutGrace is what requests get to end their answer when they are cut off.
const cutGrace = 2 * time.Second

// ErrCutOff is why the ctx of a request ends that took longer than Drain.Timeout.
var ErrCutOff = errors.New("the service is stopping")

// Serve serves on ln until ctx ends, and then drains: not ready, the delay, no
// new connections, and the running requests to their end. It returns nil when all
// have ended by themselves, and [ErrCutOff] where some had to be told to: a batch
// then answers what is missing as canceled. It closes ln.
func Serve(ctx context.Context, srv *http.Server, ln net.Listener, d Drain) error {
	running, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	srv.BaseContext = func(net.Listener) context.Context { return running }
	srv.ConnContext = withCork
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(corks{ln}) }()
	failed := func(err error) error { return fmt.Errorf("serving on %s: %w", ln.Addr(), err) }
	select {
	case err := <-ended:
		return failed(err)
	case <-ctx.Done():
	}
	if d.NotReady != nil {
		d.NotReady()
	}
	delay := time.NewTimer(d.Delay)
	defer delay.Stop()
	select {
	case err := <-ended:
		return failed(err)
	case <-delay.C:
	}
	if d.Timeout <= 0 {
		d.Timeout = 30 * time.Second
	}
	err := shutdown(running, srv, d.Timeout)
	if err != nil {
		cut(ErrCutOff)
		err = ErrCutOff
		if shutdown(context.WithoutCancel(ctx), srv, cutGrace) != nil {
			_ = srv.Close() // whoever does not even read the end of an answer
		}
	}
	if why := <-ended; err == nil && !errors.Is(why, http.ErrServerClosed) {
		err = failed(why)
	}
	return err
}

func shutdown(ctx context.Context, srv *http.Server, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return srv.Shutdown(ctx)
}
