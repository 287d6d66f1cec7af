package check

import "context"

type callerKey struct{}

// WithCaller gives a ctx for Runs on behalf of caller. The Runs of one caller
// share one turn, so that who sends many batches gets no more of a pool than who
// sends one. The name says whose turn it is and nothing else: it is no secret and
// goes to no target.
func WithCaller(ctx context.Context, caller string) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// Caller is the name given to [WithCaller]. It is "" for a Run that takes turns
// by itself.
func Caller(ctx context.Context) string {
	caller, _ := ctx.Value(callerKey{}).(string)
	return caller
}
