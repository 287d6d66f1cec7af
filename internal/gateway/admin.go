package gateway

import (
	"net/http"
	"net/http/pprof"
)

// NewAdmin is for a port of its own that the public does not reach: /metrics, and
// the profiles of this process. A profile takes longer than the server of
// [NewServer] gives an answer: set its WriteTimeout to 0.
func NewAdmin(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
