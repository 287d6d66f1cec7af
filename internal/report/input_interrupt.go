package report

import (
	"context"
	"io"
)

// Interruptible gives an r whose Read returns, with ctx's error, as soon as ctx
// ends. A Read of a terminal or a pipe cannot itself be broken off, so a
// goroutine of its own reads r into a buffer of 32 KiB and hands it on, which
// costs one copy and two switches of goroutines per Read (BenchmarkInterruptible).
//
// The goroutine ends when r does. Until then it may hang in r.Read, after ctx has
// ended, too, and take away from r what nobody will see: it is meant for the
// standard input of a process about to exit, and for nothing else.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(in, r)
		stop()
		in.CloseWithError(err) // nil becomes io.EOF; the first error stays
	}()
	return out
}
