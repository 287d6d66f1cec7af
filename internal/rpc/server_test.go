package rpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	reflectpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/rpc/hcpb"
)

// foreign is a caller that is not ours: generated code, gRPC's own codec.
func foreign(t *testing.T, address string) *grpc.ClientConn {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func call1(t *testing.T, address string) grpc.BidiStreamingClient[hcpb.CheckRequest, hcpb.CheckResponse] {
	stream, err := hcpb.NewCheckerClient(foreign(t, address)).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// ask1 sends requests, half-closes and gives all results and the call's end.
func ask1(t *testing.T, address string, requests ...*hcpb.CheckRequest) (got []*hcpb.Result, end error) {
	t.Helper()
	stream := call1(t, address)
	for _, r := range requests {
		if err := stream.Send(r); err != nil {
			break // Recv has why
		}
	}
	_ = stream.CloseSend()
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, m.Results...)
	}
}

// echo answers with the target as it got it.
func echo(got *sync.Map) check.Runner {
	return engine(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
		got.Store(t.Input, t)
		return checktest.Pass(t)
	}))
}

func TestForeignCallerGetsTheWholeSchema(t *testing.T) {
	w := start(t, engine(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
		r := checktest.Pass(t)
		r.FinalURL = "https://user:secret@h.test/?token=secret"
		r.Timing = check.Timing{Queue: time.Millisecond, Connect: 2 * time.Millisecond}
		r.TLS = &check.TLS{Version: "1.3", Issuer: "X", NotAfter: r.CheckedAt.Add(49 * time.Hour)}
		return r
	})), ServerConfig{Name: "worker-1"})
	got, err := ask1(t, w.address, &hcpb.CheckRequest{Batches: []*hcpb.Batch{{Id: 9, Targets: []*hcpb.Target{
		{Url: "HTTP://user:secret@H.test?key=secret", Method: "head", Tags: []string{"a", "b"}, Expect: &hcpb.Expect{Accept: "2xx,301"}},
	}}}})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	r := got[0]
	for _, f := range []struct{ name, got, want string }{
		{"input", r.Input, "HTTP://user:secret@H.test?key=secret"},
		{"url", r.Url, check.MaskURL("http://user:secret@h.test/?key=secret")},
		{"final_url", r.FinalUrl, check.MaskURL("https://user:secret@h.test/?token=secret")},
		{"method", r.Method, "HEAD"},
		{"expect", r.Expect, "200-299,301"},
		{"tags", strings.Join(r.Tags, " "), "a b"},
		{"outcome", r.Outcome, "pass"},
		{"worker", r.Worker, "worker-1"},
	} {
		if f.got != f.want {
			t.Errorf("%s is %q, want %q", f.name, f.got, f.want)
		}
	}
	if strings.Contains(r.Url+r.FinalUrl, "secret") {
		t.Errorf("a secret is shown: %s %s", r.Url, r.FinalUrl)
	}
	if r.Batch != 9 || r.Seq != 0 || r.TimingMs.GetTotal() != 3 || r.Tls.GetDaysLeft() != 2 {
		t.Errorf("%v", r)
	}
}

// The worker does not trust its callers.
func TestTargetsAreTestedAnew(t *testing.T) {
	var seen sync.Map
	w := start(t, echo(&seen), ServerConfig{MaxTimeout: time.Minute})
	long := "http://h.test/" + strings.Repeat("x", 3<<10)
	for name, row := range map[string]struct {
		target *hcpb.Target
		want   string // in the error of an invalid_url; "" passes
	}{
		"good":                {&hcpb.Target{Url: "http://h.test/"}, ""},
		"long":                {&hcpb.Target{Url: long}, ""},
		"longer than any":     {&hcpb.Target{Url: "http://h.test/" + strings.Repeat("x", 65<<10)}, "bytes"},
		"no URL":              {&hcpb.Target{}, "empty"},
		"scheme":              {&hcpb.Target{Url: "file:///etc/passwd"}, "scheme"},
		"line break":          {&hcpb.Target{Url: "http://h.test/\r\nX: 1"}, "control"},
		"method":              {&hcpb.Target{Url: "http://h.test/1", Method: "GET / HTTP/1.1"}, "no HTTP method"},
		"codes":               {&hcpb.Target{Url: "http://h.test/2", Expect: &hcpb.Expect{Accept: "200,nonsense"}}, "expect"},
		"expression":          {&hcpb.Target{Url: "http://h.test/3", Expect: &hcpb.Expect{Body: "("}}, "expect"},
		"header's expression": {&hcpb.Target{Url: "http://h.test/4", Expect: &hcpb.Expect{Headers: []*hcpb.HeaderRule{{Name: "X", Match: "("}}}}, "expect"},
		"header's name":       {&hcpb.Target{Url: "http://h.test/5", Headers: []*hcpb.Header{{Name: "X Y"}}}, "no name"},
		"header's value":      {&hcpb.Target{Url: "http://h.test/6", Headers: []*hcpb.Header{{Name: "X", Value: []byte("1\r\nHost: other")}}}, "line break"},
		"negative times":      {&hcpb.Target{Url: "http://h.test/7", Timeout: durationpb.New(-time.Second), MaxAge: durationpb.New(-time.Second)}, ""},
		"endless":             {&hcpb.Target{Url: "http://h.test/8", Timeout: durationpb.New(1 << 62)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask1(t, w.address, &hcpb.CheckRequest{Batches: []*hcpb.Batch{{Targets: []*hcpb.Target{row.target}}}})
			if err != nil || len(got) != 1 {
				t.Fatalf("%v, %v", got, err)
			}
			invalid := got[0].Reason == string(check.InvalidURL)
			if invalid != (row.want != "") || !strings.Contains(got[0].Error, row.want) {
				t.Errorf("%q %s, want %q", got[0].Reason, got[0].Error, row.want)
			}
			if len(got[0].Input) > 2<<10 {
				t.Errorf("the input has %d bytes", len(got[0].Input))
			}
			if v, ok := seen.Load(row.target.Url); ok && !invalid {
				if target := v.(check.Target); target.Timeout < 0 || target.Timeout > time.Minute || target.MaxAge < 0 {
					t.Errorf("timeout %v, max age %v", target.Timeout, target.MaxAge)
				}
			}
		})
	}
}

func TestCallsThatAreRefused(t *testing.T) {
	w := start(t, engine(&checktest.Fake{Takes: 50 * time.Millisecond}), ServerConfig{})
	many := func(n int) []*hcpb.Target {
		ts := make([]*hcpb.Target, n)
		for i := range ts {
			ts[i] = &hcpb.Target{Url: "http://h.test/"}
		}
		return ts
	}
	unknown := &hcpb.CheckRequest{Batches: []*hcpb.Batch{{Targets: many(1)}}}
	unknown.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "of a later version"))
	unknown.Batches[0].Targets[0].ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 98, protowire.VarintType), 1))
	for _, tt := range []struct {
		name     string
		requests []*hcpb.CheckRequest
		want     codes.Code
		results  int
	}{
		{"nothing", nil, codes.OK, 0},
		{"no targets", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{}}}}, codes.OK, 0},
		{"as many as are taken", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{Targets: many(1024)}}}}, codes.OK, 1024},
		{"one more", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{Targets: many(1025)}}}}, codes.InvalidArgument, 0},
		{"many batches", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{Id: 1, Targets: many(1000)}, {Id: 2, Targets: many(1000)}, {Id: 3, Targets: many(1000)}, {Id: 4, Targets: many(1000)}, {Id: 5, Targets: many(1000)}}}}, codes.OK, 5000},
		{"an id twice", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{Id: 1, Targets: many(1)}, {Id: 1, Targets: many(1)}}}}, codes.InvalidArgument, 0},
		{"a message too large", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{Targets: []*hcpb.Target{{Body: make([]byte, 5<<20)}}}}}}, codes.ResourceExhausted, 0},
		{"a later version", []*hcpb.CheckRequest{unknown}, codes.OK, 1},
		{"cancel of what never was", []*hcpb.CheckRequest{{Cancel: []uint64{1, 2}}}, codes.OK, 0},
		{"cancel at once", []*hcpb.CheckRequest{{Batches: []*hcpb.Batch{{Id: 3, Targets: many(3)}}}, {Cancel: []uint64{3}}}, codes.OK, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ask1(t, w.address, tt.requests...)
			if status.Code(err) != tt.want || err == nil && len(got) != tt.results {
				t.Errorf("%d results and %v, want %d and %v", len(got), err, tt.results, tt.want)
			}
		})
	}
}

// A caller that asks and does not read is not read from either.
func TestCallerThatDoesNotReadHoldsLittle(t *testing.T) {
	fake := &checktest.Fake{}
	w := start(t, engine(fake), ServerConfig{})
	stream := call1(t, w.address)
	url := "http://h.test/" + strings.Repeat("x", 1000)
	sending := make(chan int)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		n := 0
		for id := uint64(1); ctx.Err() == nil && n < 1<<20; id++ {
			b := &hcpb.Batch{Id: id}
			for range 100 {
				b.Targets = append(b.Targets, &hcpb.Target{Url: url})
			}
			if stream.Send(&hcpb.CheckRequest{Batches: []*hcpb.Batch{b}}) != nil {
				break
			}
			n += 100
		}
		sending <- n
	}()
	var before int64
	eventually(t, 10*time.Second, "the worker checks no more", func() bool {
		time.Sleep(200 * time.Millisecond)
		now := fake.Calls()
		defer func() { before = now }()
		return now > 0 && now == before
	})
	// What lies on the way: a window of 1 MiB here, maxUnread there, and what
	// is checked and waits to be put.
	if n := fake.Calls(); n > 10_000 {
		t.Errorf("%d checks for a caller that reads nothing", n)
	}
	cancel()
	for {
		if _, err := stream.Recv(); err != nil {
			break
		}
		select {
		case <-sending:
			_ = stream.CloseSend()
		default:
		}
	}
}

// Fault 19.
func TestPanicsEndNoProcess(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	}), nil))
	var panics atomic.Bool
	w := start(t, runnerFunc(func(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
		return func(yield func(check.Result) bool) {
			n := 0
			for t := range ts {
				if n++; n == 3 && panics.Load() {
					panic("in the Runner, staged")
				}
				if !yield(checktest.Pass(t)) {
					return
				}
			}
		}
	}), ServerConfig{Log: logger, WithTraceparent: func(ctx context.Context, traceparent string) context.Context {
		if traceparent == "panic" {
			panic("in the handler, staged")
		}
		return ctx
	}})
	var traceparent atomic.Value
	traceparent.Store("")
	c := connect(t, ClientConfig{Workers: []string{w.address}, Traceparent: func(context.Context) string { return traceparent.Load().(string) }})

	panics.Store(true)
	n := reasons(run(t, c, targets(10)))
	if n[""] != 2 || n[check.Internal] != 8 {
		t.Errorf("a panic of the Runner: %v", n)
	}
	panics.Store(false)
	allPass(t, run(t, c, targets(10)))

	traceparent.Store("panic")
	if n := reasons(run(t, c, targets(10))); n[check.WorkerLost] != 10 {
		t.Errorf("a panic of the handler: %v", n)
	}
	_, err := ask1(t, w.address, &hcpb.CheckRequest{Batches: []*hcpb.Batch{{Traceparent: "panic"}}})
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "staged") {
		t.Errorf("a panic of the handler is %v", err)
	}
	traceparent.Store("")
	allPass(t, run(t, c, targets(10)))
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"in the Runner, staged", "in the handler, staged", "server_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log", want)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// An engine that drops targets, or answers what was not asked, breaks the law;
// the caller still gets one result for each.
func TestRunnerThatBreaksTheLawIsMadeGood(t *testing.T) {
	w := start(t, runnerFunc(func(_ context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
		return func(yield func(check.Result) bool) {
			for t := range ts {
				switch t.Seq % 3 {
				case 0: // dropped
				case 1: // twice
					if yield(checktest.Pass(t)) {
						yield(checktest.Pass(t))
					}
				default:
					t.Seq = 1 << 40
					yield(checktest.Pass(t))
				}
			}
		}
	}), ServerConfig{})
	c := connect(t, ClientConfig{Workers: []string{w.address}})
	if n := reasons(run(t, c, targets(30))); n[""] != 10 || n[check.Internal] != 20 {
		t.Errorf("results by reason: %v", n)
	}
}

func TestReflectionIsByFlag(t *testing.T) {
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			w := start(t, engine(&checktest.Fake{}), ServerConfig{Reflection: on})
			stream, err := reflectpb.NewServerReflectionClient(foreign(t, w.address)).ServerReflectionInfo(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_ = stream.Send(&reflectpb.ServerReflectionRequest{MessageRequest: &reflectpb.ServerReflectionRequest_ListServices{}})
			_ = stream.CloseSend()
			m, err := stream.Recv()
			if !on {
				if status.Code(err) != codes.Unimplemented {
					t.Errorf("%v, %v", m, err)
				}
				return
			}
			var names []string
			for _, s := range m.GetListServicesResponse().GetService() {
				names = append(names, s.Name)
			}
			if list := strings.Join(names, " "); !strings.Contains(list, "hc.v1.Checker") || !strings.Contains(list, "grpc.health.v1.Health") {
				t.Errorf("services: %s, %v", list, err)
			}
		})
	}
}

func TestHeaderIsBounded(t *testing.T) {
	w := start(t, engine(&checktest.Fake{}), ServerConfig{})
	stream, err := hcpb.NewCheckerClient(foreign(t, w.address)).Check(withHeader(t.Context(), strings.Repeat("x", 17<<10)))
	if err == nil {
		_, err = stream.Recv()
	}
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("17 KiB of header: %v", err)
	}
}

func withHeader(ctx context.Context, value string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-long", value)
}
