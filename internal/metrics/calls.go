package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Calls are the usual metrics of gRPC, by the names and labels that
// go-grpc-prometheus made common: grpc_server_… or grpc_client_….
type Calls struct {
	started, handled, received, sent *prometheus.CounterVec
	took                             *prometheus.HistogramVec
	known                            map[Method]bool // never written after NewCalls
}

// A Method is one of gRPC's, with its kind: "unary", "server_stream",
// "client_stream" or "bidi_stream".
type Method struct{ Kind, Service, Name string }

// NewServerCalls makes the metrics of a gRPC server that has methods; their
// series start at zero. Whatever else is called counts as one method "unknown",
// since a caller may invent names.
func NewServerCalls(reg prometheus.Registerer, methods ...Method) *Calls {
	return newCalls(reg, "server", methods)
}

// NewClientCalls makes those of a gRPC client that calls methods.
func NewClientCalls(reg prometheus.Registerer, methods ...Method) *Calls {
	return newCalls(reg, "client", methods)
}

func newCalls(reg prometheus.Registerer, side string, methods []Method) *Calls {
	auto := promauto.With(reg)
	method := []string{"grpc_type", "grpc_service", "grpc_method"}
	counter := func(name, help string, labels []string) *prometheus.CounterVec {
		return auto.NewCounterVec(prometheus.CounterOpts{Namespace: "grpc", Subsystem: side, Name: name, Help: help}, labels)
	}
	took := histogram("handling_seconds", "Time from a call's start to its end on the "+side+".")
	took.Namespace, took.Subsystem = "grpc", side
	c := &Calls{
		started:  counter("started_total", "Calls begun on the "+side+".", method),
		handled:  counter("handled_total", "Calls ended on the "+side+", by status.", append(method[:3:3], "grpc_code")),
		received: counter("msg_received_total", "Messages received by the "+side+".", method),
		sent:     counter("msg_sent_total", "Messages sent by the "+side+".", method),
		took:     auto.NewHistogramVec(took, method),
		known:    map[Method]bool{},
	}
	for _, m := range methods {
		c.known[m] = true
		c.started.WithLabelValues(m.labels()...)
		c.received.WithLabelValues(m.labels()...)
		c.sent.WithLabelValues(m.labels()...)
		c.took.WithLabelValues(m.labels()...)
		for _, code := range grpcCodes() {
			c.handled.WithLabelValues(append(m.labels(), code)...)
		}
	}
	return c
}

// grpcCodes are the names of gRPC's statuses, by their numbers.
func grpcCodes() []string {
	return []string{
		"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
		"PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
		"Internal", "Unavailable", "DataLoss", "Unauthenticated",
	}
}

func (m Method) labels() []string { return []string{m.Kind, m.Service, m.Name} }

func (c *Calls) labels(kind, service, method string) []string {
	m := Method{kind, service, method}
	if !c.known[m] {
		m = Method{"unknown", "unknown", "unknown"}
	}
	return m.labels()
}

// Started counts a call that begins.
func (c *Calls) Started(kind, service, method string) {
	c.started.WithLabelValues(c.labels(kind, service, method)...).Inc()
}

// Received counts a message received.
func (c *Calls) Received(kind, service, method string) {
	c.received.WithLabelValues(c.labels(kind, service, method)...).Inc()
}

// Sent counts a message sent.
func (c *Calls) Sent(kind, service, method string) {
	c.sent.WithLabelValues(c.labels(kind, service, method)...).Inc()
}

// Handled counts a call that has ended, with the name of its status.
func (c *Calls) Handled(kind, service, method, code string, took time.Duration) {
	labels := c.labels(kind, service, method)
	c.handled.WithLabelValues(append(labels, code)...).Inc()
	c.took.WithLabelValues(labels...).Observe(took.Seconds())
}
