package rpc

import (
	"math"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/hc-health/hc/internal/check"
)

// Requests and responses are written and read by hand, straight from and into
// the types of package check. Through the generated structs a target and its
// result take twice the processor time, and seven times the allocations
// (BenchmarkWire). TestWireIsTheSchema and two fuzz targets hold both against
// each other.
//
// As in proto3, a field that is zero is left out, and a string is UTF-8.

// appendRequest appends a CheckRequest with one batch. Messages that follow
// each other are one message with the fields of both, so the requests, and the
// responses, of many goroutines are sent together by laying them end to end.
func appendRequest(b []byte, o order) []byte {
	b, at := open(b, requestBatches)
	b = appendNumber(b, batchID, o.id)
	for i := range o.targets {
		b = appendTarget(b, &o.targets[i])
	}
	b = appendDuration(b, batchDeadline, o.deadline)
	b = appendFlag(b, batchBrief, o.brief)
	b = appendText(b, batchTraceparent, o.traceparent)
	b = appendText(b, batchCaller, o.caller)
	return shut(b, at)
}

// appendCancel appends a CheckRequest that gives a batch up.
func appendCancel(b []byte, id uint64) []byte {
	b, at := open(b, requestCancel)
	b = protowire.AppendVarint(b, id)
	return shut(b, at)
}

// appendTarget leaves out what the caller keeps: Seq, Source, Input and Tags.
func appendTarget(b []byte, t *check.Target) []byte {
	b, at := open(b, batchTargets)
	b = appendText(b, targetURL, t.URL)
	b = appendText(b, targetMethod, t.Method)
	b = appendExpect(b, &t.Expect)
	b = appendDuration(b, targetTimeout, t.Timeout)
	b = appendFlag(b, targetFresh, t.Fresh)
	b = appendDuration(b, targetMaxAge, t.MaxAge)
	if r := t.Request; r != nil {
		for _, h := range r.Header {
			b = appendPair(b, targetHeaders, h.Name, h.Value)
		}
		b = appendBytes(b, targetBody, r.Body)
	}
	return shut(b, at)
}

func appendExpect(b []byte, e *check.Expect) []byte {
	b, at := open(b, targetExpect)
	b = appendText(b, expectAccept, string(e.Codes))
	b = appendDuration(b, expectMaxLatency, e.Latency)
	if e.Body != nil {
		b = appendText(b, expectBody, e.Body.String())
	}
	for _, h := range e.Header {
		b = appendPair(b, expectHeaders, h.Name, h.Match.String())
	}
	b = appendNumber(b, expectCertDays, uint64(max(e.CertDays, 0)))
	return shut(b, at)
}

func appendPair(b []byte, tag uint64, name, value string) []byte {
	b, at := open(b, tag)
	b = appendText(b, pairName, name)
	b = appendBytes(b, pairValue, value)
	return shut(b, at)
}

// appendResult appends a CheckResponse with one result, for target seq of a
// batch. URLs are masked, as they are wherever a result is shown.
func appendResult(b []byte, batch, seq uint64, brief bool, r *check.Result) []byte {
	b, at := open(b, responseResults)
	b = appendNumber(b, resultBatch, batch)
	b = appendNumber(b, resultSeq, seq)
	b = appendText(b, resultOutcome, string(r.Outcome))
	b = appendText(b, resultReason, string(r.Reason))
	b = appendNumber(b, resultStatusCode, uint64(r.StatusCode))
	b = appendNumber(b, resultAttempts, uint64(r.Attempts))
	b = appendText(b, resultProtocol, r.Protocol)
	if r.RemoteIP.IsValid() {
		var ip int
		b, ip = open(b, resultRemoteIP)
		b = shut(r.RemoteIP.AppendTo(b), ip)
	}
	b = appendNumber(b, resultContentLength, uint64(r.ContentLength))
	b = appendFlag(b, resultCached, r.Cached)
	b = appendNumber(b, resultCacheAge, uint64(r.CacheAge.Milliseconds()))
	b = appendTime(b, resultCheckedAt, r.CheckedAt)
	b = appendTiming(b, &r.Timing, brief)
	b = appendTLS(b, r.TLS, r.CheckedAt, brief)
	b = appendText(b, resultWorker, r.Worker)
	if !brief {
		b = appendAsked(b, &r.Target)
	}
	b = appendText(b, resultFinalURL, check.MaskURL(r.FinalURL))
	for _, hop := range r.Redirects {
		b = appendRedirect(b, hop)
	}
	b = appendText(b, resultError, check.MaskText(r.Error))
	b = appendFlag(b, resultTemporary, r.Temporary)
	b = appendDuration(b, resultRetryAfter, r.RetryAfter)
	b = appendFlag(b, resultLate, r.Late)
	return shut(b, at)
}

// appendAsked appends what a caller that is not brief has not kept.
func appendAsked(b []byte, t *check.Target) []byte {
	b = appendText(b, resultInput, t.Input)
	b = appendText(b, resultURL, check.MaskURL(t.URL))
	b = appendText(b, resultMethod, t.Method)
	b = appendText(b, resultExpect, t.Expect.String())
	for _, tag := range t.Tags {
		var at int
		b, at = open(b, resultTags)
		b = shut(append(b, tag...), at)
	}
	return b
}

func appendRedirect(b []byte, hop check.Hop) []byte {
	b, at := open(b, resultRedirects)
	b = appendText(b, redirectURL, check.MaskURL(hop.URL))
	b = appendNumber(b, redirectStatusCode, uint64(hop.StatusCode))
	return shut(b, at)
}

func appendTiming(b []byte, t *check.Timing, brief bool) []byte {
	if *t == (check.Timing{}) {
		return b
	}
	b, at := open(b, resultTiming)
	b = appendMillis(b, timingQueue, t.Queue)
	b = appendMillis(b, timingResolve, t.Resolve)
	b = appendMillis(b, timingConnect, t.Connect)
	b = appendMillis(b, timingTLS, t.TLS)
	b = appendMillis(b, timingProcessing, t.Processing)
	b = appendMillis(b, timingTransfer, t.Transfer)
	if !brief {
		b = appendMillis(b, timingTotal, t.Total())
	}
	b = appendFlag(b, timingReused, t.Reused)
	return shut(b, at)
}

func appendTLS(b []byte, t *check.TLS, checked time.Time, brief bool) []byte {
	if t == nil {
		return b
	}
	b, at := open(b, resultTLS)
	b = appendText(b, tlsVersion, t.Version)
	b = appendText(b, tlsIssuer, t.Issuer)
	b = appendTime(b, tlsNotAfter, t.NotAfter)
	if !brief {
		b = appendNumber(b, tlsDaysLeft, uint64(t.DaysLeft(checked)))
	}
	return shut(b, at)
}

func appendNumber(b []byte, tag, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendVarint(b, tag), n)
}

func appendFlag(b []byte, tag uint64, on bool) []byte {
	if !on {
		return b
	}
	return append(protowire.AppendVarint(b, tag), 1)
}

// appendText replaces what is no UTF-8, byte by byte, as the JSON form does.
func appendText(b []byte, tag uint64, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return appendBytes(b, tag, s)
}

func appendBytes(b []byte, tag uint64, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendVarint(b, tag), s)
}

// appendMillis is exact to the nanosecond for any time below a month.
func appendMillis(b []byte, tag uint64, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	ms := float64(d) / float64(time.Millisecond)
	return protowire.AppendFixed64(protowire.AppendVarint(b, tag), math.Float64bits(ms))
}

func appendDuration(b []byte, tag uint64, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	return appendSeconds(b, tag, int64(d/time.Second), int64(d%time.Second))
}

func appendTime(b []byte, tag uint64, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return appendSeconds(b, tag, t.Unix(), int64(t.Nanosecond()))
}

func appendSeconds(b []byte, tag uint64, seconds, nanos int64) []byte {
	b, at := open(b, tag)
	b = appendNumber(b, timeSeconds, uint64(seconds))
	b = appendNumber(b, timeNanos, uint64(nanos))
	return shut(b, at)
}

// open begins a field that has its length in front. shut writes the length,
// once what comes between is known.
func open(b []byte, tag uint64) (out []byte, at int) {
	b = append(protowire.AppendVarint(b, tag), 0)
	return b, len(b)
}

func shut(b []byte, at int) []byte {
	n := uint64(len(b) - at)
	size := protowire.SizeVarint(n)
	if size > 1 { // rare among small fields: one byte is kept free
		b = append(b, make([]byte, size-1)...)
		copy(b[at+size-1:], b[at:at+int(n)])
	}
	protowire.AppendVarint(b[:at-1], n)
	return b
}
