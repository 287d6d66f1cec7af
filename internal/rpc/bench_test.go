package rpc

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/rpc/hcpb"
)

// cpu is the processor time this process has used. Unlike the clock it does not
// tell what else the machine does.
func cpu(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hit is a result as most are, out of a cache.
func hit(t check.Target) check.Result {
	return check.Result{
		Target: t, Outcome: check.Pass, StatusCode: 200, Attempts: 1, Protocol: "HTTP/1.1", RemoteIP: netip.AddrFrom4([4]byte{10, 0, 0, 1}),
		ContentLength: 612, Cached: true, CacheAge: 1234 * time.Millisecond, CheckedAt: time.Unix(1_790_000_000, 5).UTC(),
		Timing: check.Timing{Queue: 10, Resolve: 12_000, Connect: 120_000, Processing: 1_250_123, Transfer: 50_111},
		Worker: "worker-1:9090",
	}
}

// hits is an engine that costs nothing.
func hits(_ context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		for t := range ts {
			if !yield(hit(t)) {
				return
			}
		}
	}
}

func pages(n int) []check.Target {
	ts := make([]check.Target, n)
	for i := range ts {
		ts[i] = check.Target{Seq: int64(i), URL: fmt.Sprintf("https://host%d.example.com/health", i), Method: "GET", Timeout: 10 * time.Second}
	}
	return ts
}

// BenchmarkRun is the way of a batch of 1, or of 100, to a worker in the same
// process and back, with 64 callers at once.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("targets=%d", n), func(b *testing.B) {
			w := start(b, runnerFunc(hits), ServerConfig{})
			c := connect(b, ClientConfig{Workers: []string{w.address}})
			ts := pages(n)
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			begin := cpu(b)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					got := 0
					for range c.Run(b.Context(), slices.Values(ts)) {
						got++
					}
					if got != n {
						b.Errorf("%d results", got)
					}
				}
			})
			b.ReportMetric(float64(cpu(b)-begin)/float64(b.N*n), "cpu-ns/target")
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "targets/s")
		})
	}
}

// BenchmarkStream is one long Run, as of `hc check --workers`.
func BenchmarkStream(b *testing.B) {
	w := start(b, runnerFunc(hits), ServerConfig{})
	c := connect(b, ClientConfig{Workers: []string{w.address}})
	ts := pages(1000)
	b.ReportAllocs()
	b.ResetTimer()
	begin := cpu(b)
	for range c.Run(b.Context(), func(yield func(check.Target) bool) {
		for i := range b.N {
			if !yield(ts[i%len(ts)]) {
				return
			}
		}
	}) {
	}
	b.ReportMetric(float64(cpu(b)-begin)/float64(b.N), "cpu-ns/target")
}

// BenchmarkOneCallEach is what BenchmarkRun is not: a call for each Run.
func BenchmarkOneCallEach(b *testing.B) {
	w := start(b, runnerFunc(hits), ServerConfig{})
	c := connect(b, ClientConfig{Workers: []string{w.address}})
	ts := pages(1)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	begin := cpu(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			batch := newBatch(1, ts)
			call := newCall()
			call.add(batch, appendRequest(nil, order{id: 1, brief: true, targets: ts}))
			call.close()
			call.run(b.Context(), c.checker)
		}
	})
	b.ReportMetric(float64(cpu(b)-begin)/float64(b.N), "cpu-ns/target")
}

// BenchmarkWire is the way of 64 targets there, and of their results back, as
// bytes: by hand, and through the generated structs.
func BenchmarkWire(b *testing.B) {
	const n = 64
	ts := pages(n)
	results := make([]check.Result, n)
	for i := range results {
		results[i] = hit(ts[i])
	}
	measure := func(name string, once func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			begin := cpu(b)
			for b.Loop() {
				once(b)
			}
			b.ReportMetric(float64(cpu(b)-begin)/float64(b.N*n), "cpu-ns/target")
		})
	}
	var s scanner
	measure("by hand", func(b *testing.B) {
		if _, err := s.request(appendRequest(nil, order{id: 7, brief: true, targets: ts})); err != nil {
			b.Fatal(err)
		}
		var response []byte
		for i := range results {
			response = appendResult(response, 7, uint64(i), true, &results[i])
		}
		if out, _, err := s.results(response); err != nil || len(out) != n {
			b.Fatal(err)
		}
	})
	measure("generated", func(b *testing.B) {
		batch := &hcpb.Batch{Id: 7, Brief: true}
		for i := range ts {
			batch.Targets = append(batch.Targets, &hcpb.Target{Url: ts[i].URL, Method: ts[i].Method, Timeout: durationpb.New(ts[i].Timeout)})
		}
		request, err := proto.Marshal(&hcpb.CheckRequest{Batches: []*hcpb.Batch{batch}})
		if err != nil {
			b.Fatal(err)
		}
		read := &hcpb.CheckRequest{}
		if err := proto.Unmarshal(request, read); err != nil {
			b.Fatal(err)
		}
		fromRequest(read)
		sent := &hcpb.CheckResponse{}
		for i := range results {
			sent.Results = append(sent.Results, toResult(&results[i]))
		}
		response, err := proto.Marshal(sent)
		if err != nil {
			b.Fatal(err)
		}
		got := &hcpb.CheckResponse{}
		if err := proto.Unmarshal(response, got); err != nil {
			b.Fatal(err)
		}
		out := make([]check.Result, n)
		for i, r := range got.Results {
			out[i] = fromResult(r)
		}
		if out[n-1].StatusCode != 200 {
			b.Fatal(out[n-1])
		}
	})
}

func toResult(r *check.Result) *hcpb.Result {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	return &hcpb.Result{
		Batch: 7, Outcome: string(r.Outcome), Reason: string(r.Reason), StatusCode: int32(r.StatusCode), Attempts: int32(r.Attempts),
		Protocol: r.Protocol, RemoteIp: r.RemoteIP.String(), ContentLength: r.ContentLength, Cached: r.Cached,
		CacheAgeMs: r.CacheAge.Milliseconds(), CheckedAt: timestamppb.New(r.CheckedAt), Worker: r.Worker,
		TimingMs: &hcpb.Timing{
			Queue: ms(r.Timing.Queue), Resolve: ms(r.Timing.Resolve), Connect: ms(r.Timing.Connect), Tls: ms(r.Timing.TLS),
			Processing: ms(r.Timing.Processing), Transfer: ms(r.Timing.Transfer),
		},
	}
}

func fromResult(r *hcpb.Result) check.Result {
	ip, _ := netip.ParseAddr(r.RemoteIp)
	t := r.TimingMs
	return check.Result{
		Outcome: check.Outcome(r.Outcome), Reason: check.Reason(r.Reason), StatusCode: int(r.StatusCode), Attempts: int(r.Attempts),
		Protocol: r.Protocol, RemoteIP: ip, ContentLength: r.ContentLength, Cached: r.Cached,
		CacheAge: time.Duration(r.CacheAgeMs) * time.Millisecond, CheckedAt: r.CheckedAt.AsTime(), Worker: r.Worker,
		Timing: check.Timing{
			Queue: millis(t.Queue), Resolve: millis(t.Resolve), Connect: millis(t.Connect), TLS: millis(t.Tls),
			Processing: millis(t.Processing), Transfer: millis(t.Transfer),
		},
	}
}
