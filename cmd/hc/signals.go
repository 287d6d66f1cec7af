package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// A signaled is the cause of a context that a signal ended.
type signaled struct{ sig os.Signal }

func (s signaled) Error() string {
	if s.sig == syscall.SIGTERM {
		return "stopped by SIGTERM"
	}
	return "interrupted"
}

// code is the shell's: 128 + the signal's number.
func (s signaled) code() int {
	if s.sig == syscall.SIGTERM {
		return exitTerminate
	}
	return exitInterrupt
}

// untilSignal gives a context that SIGINT or SIGTERM ends, with a [signaled] as
// its cause, which tell is told too. A second signal ends the process at once,
// whatever it is waiting for. stop gives the signals back and waits for the
// goroutine.
func untilSignal(parent context.Context, tell func(signaled)) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		defer close(done)
		first, ok := <-signals
		if !ok {
			return
		}
		cancel(signaled{first})
		tell(signaled{first})
		if second, ok := <-signals; ok {
			_, _ = fmt.Fprintf(os.Stderr, "exit %d: %s twice\n", signaled{second}.code(), signaled{second})
			os.Exit(signaled{second}.code())
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		<-done
		cancel(nil)
	}
}

// tellStopping is what a run says of the first signal.
func (c *console) tellStopping(sig signaled) {
	c.warn("%s: what has been checked is written; once more stops at once", sig)
}
