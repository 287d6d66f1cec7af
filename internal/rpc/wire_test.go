package rpc

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/rpc/hcpb"
)

// alike compares what is read with what was meant.
var alike = cmp.Options{
	cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b || a != nil && b != nil && a.String() == b.String() }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.AllowUnexported(request{}, order{}),
	cmpopts.EquateEmpty(),
}

// everything has each field of a target that travels.
func everything() check.Target {
	return check.Target{
		URL: "https://h.test/a?b=c", Method: "POST", Timeout: 1500 * time.Millisecond, Fresh: true, MaxAge: time.Hour + 1,
		Request: &check.Request{Header: []check.Field{{Name: "A", Value: "1"}, {Name: "B", Value: "caf\xe9"}}, Body: "\x00\xff"},
		Expect: check.Expect{
			Codes: "200-299,404", Latency: 300 * time.Millisecond, Body: regexp.MustCompile("ok|é"), CertDays: 14,
			Header: []check.HeaderRule{{Name: "X", Match: regexp.MustCompile("^y$")}, {Name: "Z", Match: regexp.MustCompile("")}},
		},
	}
}

// found has each field of a result.
func found() check.Result {
	return check.Result{
		FinalURL: "https://h.test/end", Outcome: check.Fail, Reason: check.HTTPStatus, Error: "404 Not Found",
		StatusCode: 404, Attempts: 2, Protocol: "HTTP/2.0", RemoteIP: netip.MustParseAddr("2001:db8::1"), ContentLength: -1,
		Redirects: []check.Hop{{URL: "https://h.test/", StatusCode: 301}, {URL: "https://h.test/2", StatusCode: 302}},
		Cached:    true, CacheAge: 1234 * time.Millisecond, CheckedAt: time.Date(2026, 11, 24, 1, 2, 3, 4, time.UTC),
		Timing: check.Timing{Queue: 1, Resolve: 12_345, Connect: 1_000_001, TLS: 2e6, Processing: 9_999_999_999, Transfer: 7, Reused: true},
		TLS:    &check.TLS{Version: "1.3", Issuer: "CN=é", NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		Worker: "worker-1", Temporary: true, RetryAfter: 30 * time.Second, Late: true,
	}
}

func TestWireIsTheSchema(t *testing.T) {
	t.Run("what we send is read by the generated code", func(t *testing.T) {
		target := everything()
		b := appendCancel(appendRequest(nil, order{id: 7, deadline: time.Minute, brief: true, traceparent: "00-trace", caller: "ci", targets: []check.Target{target, {URL: "http://x.test/"}}}), 300)
		got := &hcpb.CheckRequest{}
		if err := proto.Unmarshal(b, got); err != nil {
			t.Fatal(err)
		}
		want := &hcpb.CheckRequest{
			Cancel: []uint64{300},
			Batches: []*hcpb.Batch{{Id: 7, Deadline: durationpb.New(time.Minute), Brief: true, Traceparent: "00-trace", Caller: "ci", Targets: []*hcpb.Target{
				{
					Url: target.URL, Method: "POST", Timeout: durationpb.New(target.Timeout), Fresh: true, MaxAge: durationpb.New(target.MaxAge),
					Headers: []*hcpb.Header{{Name: "A", Value: []byte("1")}, {Name: "B", Value: []byte("caf\xe9")}}, Body: []byte("\x00\xff"),
					Expect: &hcpb.Expect{
						Accept: "200-299,404", MaxLatency: durationpb.New(300 * time.Millisecond), Body: "ok|é", CertDays: 14,
						Headers: []*hcpb.HeaderRule{{Name: "X", Match: "^y$"}, {Name: "Z"}},
					},
				},
				{Url: "http://x.test/", Expect: &hcpb.Expect{}},
			}}},
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what we send is what we read", func(t *testing.T) {
		var s scanner
		want := request{cancel: []uint64{5}, batches: []order{{id: 7, deadline: time.Minute, brief: true, traceparent: "00-trace", caller: "ci", targets: []check.Target{everything(), {URL: "http://x.test/"}}}}}
		got, err := s.request(appendRequest(appendCancel(nil, 5), want.batches[0]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, alike); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what we answer is read by the generated code", func(t *testing.T) {
		r := found()
		r.Target = check.Target{Input: "H.test", URL: "https://h.test/", Method: "GET", Tags: []string{"a", ""}, Expect: check.Expect{Codes: "200"}}
		full, brief := &hcpb.CheckResponse{}, &hcpb.CheckResponse{}
		for m, b := range map[*hcpb.CheckResponse][]byte{full: appendResult(nil, 3, 200, false, &r), brief: appendResult(nil, 3, 200, true, &r)} {
			if err := proto.Unmarshal(b, m); err != nil {
				t.Fatal(err)
			}
		}
		want := &hcpb.Result{
			Batch: 3, Seq: 200, Outcome: "fail", Reason: "http_status", StatusCode: 404, Attempts: 2, Protocol: "HTTP/2.0",
			RemoteIp: "2001:db8::1", ContentLength: -1, Cached: true, CacheAgeMs: 1234, CheckedAt: timestamppb.New(r.CheckedAt),
			TimingMs: &hcpb.Timing{Queue: 1e-6, Resolve: 0.012345, Connect: 1.000001, Tls: 2, Processing: 9999.999999, Transfer: 7e-6, Reused: true},
			Tls:      &hcpb.TLS{Version: "1.3", Issuer: "CN=é", NotAfter: timestamppb.New(r.TLS.NotAfter)},
			Worker:   "worker-1", FinalUrl: r.FinalURL, Error: r.Error, Temporary: true, RetryAfter: durationpb.New(30 * time.Second), Late: true,
			Redirects: []*hcpb.Redirect{{Url: "https://h.test/", StatusCode: 301}, {Url: "https://h.test/2", StatusCode: 302}},
		}
		if diff := cmp.Diff(want, brief.Results[0], protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		want.Input, want.Url, want.Method, want.Expect, want.Tags = "H.test", "https://h.test/", "GET", "200", []string{"a", ""}
		want.TimingMs.Total = float64(r.Timing.Total()) / 1e6
		want.Tls.DaysLeft = 37
		if diff := cmp.Diff(want, full.Results[0], protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what we answer is what we read", func(t *testing.T) {
		var s scanner
		want := found()
		b := appendResult(appendResult(nil, 3, 200, true, &want), 3, 201, true, &check.Result{})
		got, places, err := s.results(b)
		if diff := cmp.Diff([]check.Result{want, {}}, got, alike); diff != "" {
			t.Error(diff)
		}
		if err != nil || !slices.Equal(places, []place{{3, 200}, {3, 201}}) {
			t.Errorf("for %v, %v", places, err)
		}
		got, places, err = s.results(append(b, b[:len(b)-1]...))
		if len(got) != 3 || len(places) != 3 || err == nil {
			t.Errorf("of a message cut off: %d results for %v, %v", len(got), places, err)
		}
	})
	t.Run("text that is no UTF-8", func(t *testing.T) {
		m := &hcpb.CheckResponse{}
		if err := proto.Unmarshal(appendResult(nil, 0, 0, true, &check.Result{Error: "a\xff\xfeb"}), m); err != nil || m.Results[0].Error != "a\uFFFD\uFFFDb" {
			t.Errorf("%v, %v", m, err)
		}
	})
	t.Run("each field is tested here", func(t *testing.T) {
		r := found()
		r.Target = everything()
		r.Target.Input, r.Target.Tags = "x", []string{"y"}
		m := &hcpb.CheckResponse{}
		if err := proto.Unmarshal(appendResult(nil, 1, 1, false, &r), m); err != nil {
			t.Fatal(err)
		}
		req := &hcpb.CheckRequest{}
		if err := proto.Unmarshal(appendCancel(appendRequest(nil, order{id: 1, deadline: 1, brief: true, traceparent: "t", caller: "c", targets: []check.Target{everything()}}), 1), req); err != nil {
			t.Fatal(err)
		}
		req.Batches[0].Targets[0].Tags = []string{"from others only"}
		unset(t, m.ProtoReflect())
		unset(t, req.ProtoReflect())
	})
}

// unset fails for each field that m does not have, in the first of each list.
func unset(t *testing.T, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case !m.Has(f):
			if f.ContainingMessage().ParentFile().Package() == "hc.v1" {
				t.Errorf("%s is not written", f.FullName())
			}
		case f.IsList() && f.Message() != nil:
			unset(t, m.Get(f).List().Get(0).Message())
		case f.Message() != nil:
			unset(t, m.Get(f).Message())
		}
	}
}

// FuzzRequest: whatever comes, we neither panic nor refuse what the generated
// code takes, and read the same from it.
func FuzzRequest(f *testing.F) {
	f.Add(appendCancel(appendRequest(nil, order{id: 7, deadline: time.Minute, brief: true, traceparent: "00-trace", caller: "ci", targets: []check.Target{everything(), {}}}), 300))
	f.Add([]byte{0x10, 0x05, 0x12, 0x02, 0x01, 0x02})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s scanner
		_, err := s.request(b)
		m := &hcpb.CheckRequest{}
		if proto.Unmarshal(b, m) != nil {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		// Fields that come twice are merged by them and not by us, which nobody
		// sends; so compare what they would send.
		b, err = proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.request(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromRequest(m), got, alike); diff != "" {
			t.Error(diff)
		}
	})
}

func fromRequest(m *hcpb.CheckRequest) request {
	req := request{cancel: m.Cancel}
	for _, b := range m.Batches {
		o := order{id: b.Id, deadline: b.Deadline.AsDuration(), brief: b.Brief, traceparent: b.Traceparent, caller: b.Caller}
		for _, t := range b.Targets {
			o.targets = append(o.targets, fromTarget(t))
		}
		req.batches = append(req.batches, o)
	}
	return req
}

func fromTarget(m *hcpb.Target) check.Target {
	t := check.Target{
		URL: m.Url, Method: m.Method, Timeout: m.Timeout.AsDuration(), Fresh: m.Fresh, MaxAge: m.MaxAge.AsDuration(), Tags: m.Tags,
	}
	for _, h := range m.Headers {
		r := requestOf(&t)
		r.Header = append(r.Header, check.Field{Name: h.Name, Value: string(h.Value)})
	}
	if len(m.Body) > 0 {
		requestOf(&t).Body = string(m.Body)
	}
	e := m.Expect
	t.Expect.Latency, t.Expect.CertDays = e.GetMaxLatency().AsDuration(), int(e.GetCertDays())
	unread := func(err error) {
		if err != nil {
			t.Invalid = "expect: " + err.Error()
		}
	}
	if e.GetAccept() != "" {
		codes, err := check.ParseCodes(e.Accept)
		t.Expect.Codes = codes
		unread(err)
	}
	if e.GetBody() != "" {
		re, err := regexp.Compile(e.Body)
		t.Expect.Body = re
		unread(err)
	}
	for _, h := range e.GetHeaders() {
		re, err := regexp.Compile(h.Match)
		if unread(err); err == nil {
			t.Expect.Header = append(t.Expect.Header, check.HeaderRule{Name: h.Name, Match: re})
		}
	}
	return t
}

// FuzzResponse: whatever comes, we do not panic, and what we make of it is sent
// on as a message the generated code takes, and is read again as it was.
func FuzzResponse(f *testing.F) {
	r := found()
	f.Add(appendResult(appendResult(nil, 3, 200, false, &r), 1, 2, true, &check.Result{Outcome: check.Pass}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s scanner
		write := func(b []byte) (out []byte, err error) {
			rs, places, err := s.results(b)
			for i := range rs {
				out = appendResult(out, places[i].batch, places[i].seq, true, &rs[i])
			}
			return out, err
		}
		once, err := write(b)
		if err != nil {
			if proto.Unmarshal(b, &hcpb.CheckResponse{}) == nil {
				t.Fatal(err)
			}
			return
		}
		if err := proto.Unmarshal(once, &hcpb.CheckResponse{}); err != nil {
			t.Fatalf("%v: %x", err, once)
		}
		twice, err := write(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%v\n%x\n%x", err, once, twice)
		}
	})
}
