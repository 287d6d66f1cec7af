package rpc

import (
	"errors"
	"math"
	"net/netip"
	"regexp"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/hc-health/hc/internal/check"
)

var errMalformed = errors.New("the message is not of hc.v1: both sides must speak it, see internal/rpc/proto")

// A request is what a CheckRequest says.
type request struct {
	batches []order
	cancel  []uint64
}

// An order is a batch as it is sent, and as it came.
type order struct {
	id          uint64
	deadline    time.Duration
	brief       bool
	traceparent string
	caller      string
	targets     []check.Target // as sent: neither normalised nor tested
}

// A scanner reads messages and remembers the words that keep coming, so that a
// result allocates only what is its own.
type scanner struct {
	worker, issuer  string
	accept, pattern string
	codes           check.Codes
	compiled        *regexp.Regexp
	places          []place
}

func (s *scanner) request(b []byte) (request, error) {
	var req request
	f := fields{rest: b}
	for f.next() {
		switch f.tag {
		case requestBatches:
			o, err := s.order(f.bytes)
			if err != nil {
				return request{}, err
			}
			req.batches = append(req.batches, o)
		case requestCancel1:
			req.cancel = append(req.cancel, f.n)
		case requestCancel:
			for ids := f.bytes; len(ids) > 0; {
				id, n := protowire.ConsumeVarint(ids)
				if n < 0 {
					return request{}, errMalformed
				}
				req.cancel = append(req.cancel, id)
				ids = ids[n:]
			}
		}
	}
	return req, f.err
}

func (s *scanner) order(b []byte) (order, error) {
	o := order{targets: make([]check.Target, 0, count(b, batchTargets))}
	f := fields{rest: b}
	for f.next() {
		var err error
		switch f.tag {
		case batchID:
			o.id = f.n
		case batchTargets:
			o.targets = append(o.targets, check.Target{})
			err = s.target(f.bytes, &o.targets[len(o.targets)-1])
		case batchDeadline:
			o.deadline, err = duration(f.bytes)
		case batchBrief:
			o.brief = f.n != 0
		case batchTraceparent:
			o.traceparent = string(f.bytes)
		case batchCaller:
			o.caller = string(f.bytes)
		}
		if err != nil {
			return order{}, err
		}
	}
	return o, f.err
}

func (s *scanner) target(b []byte, t *check.Target) error {
	f := fields{rest: b}
	for f.next() {
		var err error
		switch f.tag {
		case targetURL:
			t.URL = string(f.bytes)
		case targetMethod:
			t.Method = word(f.bytes)
		case targetExpect:
			err = s.expect(f.bytes, t)
		case targetTimeout:
			t.Timeout, err = duration(f.bytes)
		case targetFresh:
			t.Fresh = f.n != 0
		case targetMaxAge:
			t.MaxAge, err = duration(f.bytes)
		case targetHeaders:
			var h check.Field
			h.Name, h.Value, err = pair(f.bytes)
			r := requestOf(t)
			r.Header = append(r.Header, h)
		case targetBody:
			requestOf(t).Body = string(f.bytes)
		case targetTags:
			t.Tags = append(t.Tags, string(f.bytes))
		}
		if err != nil {
			return err
		}
	}
	return f.err
}

func requestOf(t *check.Target) *check.Request {
	if t.Request == nil {
		t.Request = &check.Request{}
	}
	return t.Request
}

// expect reads an Expect. One that cannot be met since it cannot be read makes
// its target Invalid, as a bad line of a file would be.
func (s *scanner) expect(b []byte, t *check.Target) error {
	e := &t.Expect
	f := fields{rest: b}
	for f.next() {
		var err, unread error
		switch f.tag {
		case expectAccept:
			e.Codes, unread = s.parseCodes(f.bytes)
		case expectMaxLatency:
			e.Latency, err = duration(f.bytes)
		case expectBody:
			e.Body, unread = s.compile(string(f.bytes))
		case expectHeaders:
			var rule check.HeaderRule
			var pattern string
			if rule.Name, pattern, err = pair(f.bytes); err != nil {
				break
			}
			if rule.Match, unread = s.compile(pattern); unread == nil {
				e.Header = append(e.Header, rule)
			}
		case expectCertDays:
			e.CertDays = int(int32(f.n))
		}
		if err != nil {
			return err
		}
		if unread != nil {
			t.Invalid = "expect: " + unread.Error()
		}
	}
	return f.err
}

// parseCodes keeps the last set, as compile keeps the last expression: the
// targets of one caller share theirs.
func (s *scanner) parseCodes(accept []byte) (check.Codes, error) {
	if string(accept) == s.accept {
		return s.codes, nil
	}
	codes, err := check.ParseCodes(string(accept))
	if err == nil {
		s.accept, s.codes = string(accept), codes
	}
	return codes, err
}

func (s *scanner) compile(pattern string) (*regexp.Regexp, error) {
	if s.compiled == nil || s.pattern != pattern {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, err
		}
		s.pattern, s.compiled = pattern, re
	}
	return s.compiled, nil
}

func pair(b []byte) (name, value string, err error) {
	f := fields{rest: b}
	for f.next() {
		switch f.tag {
		case pairName:
			name = string(f.bytes)
		case pairValue:
			value = string(f.bytes)
		}
	}
	return name, value, f.err
}

// A place is which target a result is for.
type place struct{ batch, seq uint64 }

// results gives the results of a CheckResponse, without their Targets, and the place
// of each, until the next message is read. Beside an error it gives those in front
// of what is malformed.
func (s *scanner) results(b []byte) (rs []check.Result, places []place, err error) {
	rs = make([]check.Result, count(b, responseResults))
	s.places = s.places[:0]
	f := fields{rest: b}
	for f.next() {
		if f.tag != responseResults {
			continue
		}
		n := len(s.places)
		at, err := s.result(f.bytes, &rs[n]) // read into its place: results are large
		if err != nil {
			return rs[:n], s.places, err
		}
		s.places = append(s.places, at)
	}
	return rs[:len(s.places)], s.places, f.err
}

// result reads a result, but for what its caller has kept.
func (s *scanner) result(b []byte, r *check.Result) (at place, err error) {
	f := fields{rest: b}
	for f.next() {
		switch f.tag {
		case resultBatch:
			at.batch = f.n
		case resultSeq:
			at.seq = uint64(uint32(f.n))
		case resultFinalURL:
			r.FinalURL = string(f.bytes)
		case resultOutcome:
			r.Outcome = check.Outcome(word(f.bytes))
		case resultReason:
			r.Reason = check.Reason(word(f.bytes))
		case resultError:
			r.Error = string(f.bytes)
		case resultStatusCode:
			r.StatusCode = int(int32(f.n))
		case resultAttempts:
			r.Attempts = int(int32(f.n))
		case resultProtocol:
			r.Protocol = word(f.bytes)
		case resultRemoteIP:
			r.RemoteIP, _ = netip.ParseAddr(string(f.bytes))
		case resultContentLength:
			r.ContentLength = int64(f.n)
		case resultRedirects:
			var hop check.Hop
			hop, err = redirect(f.bytes)
			r.Redirects = append(r.Redirects, hop)
		case resultCached:
			r.Cached = f.n != 0
		case resultCacheAge:
			r.CacheAge = millis(float64(int64(f.n)))
		case resultCheckedAt:
			r.CheckedAt, err = timestamp(f.bytes)
		case resultTiming:
			r.Timing, err = timing(f.bytes)
		case resultTLS:
			r.TLS, err = s.tls(f.bytes)
		case resultWorker:
			r.Worker = same(&s.worker, f.bytes)
		case resultTemporary:
			r.Temporary = f.n != 0
		case resultRetryAfter:
			r.RetryAfter, err = duration(f.bytes)
		case resultLate:
			r.Late = f.n != 0
		}
		if err != nil {
			return place{}, err
		}
	}
	return at, f.err
}

func redirect(b []byte) (hop check.Hop, err error) {
	f := fields{rest: b}
	for f.next() {
		switch f.tag {
		case redirectURL:
			hop.URL = string(f.bytes)
		case redirectStatusCode:
			hop.StatusCode = int(int32(f.n))
		}
	}
	return hop, f.err
}

func timing(b []byte) (t check.Timing, err error) {
	f := fields{rest: b}
	for f.next() {
		switch f.tag {
		case timingQueue:
			t.Queue = f.millis()
		case timingResolve:
			t.Resolve = f.millis()
		case timingConnect:
			t.Connect = f.millis()
		case timingTLS:
			t.TLS = f.millis()
		case timingProcessing:
			t.Processing = f.millis()
		case timingTransfer:
			t.Transfer = f.millis()
		case timingReused:
			t.Reused = f.n != 0
		}
	}
	return t, f.err
}

func (s *scanner) tls(b []byte) (*check.TLS, error) {
	t := &check.TLS{}
	f := fields{rest: b}
	for f.next() {
		var err error
		switch f.tag {
		case tlsVersion:
			t.Version = word(f.bytes)
		case tlsIssuer:
			t.Issuer = same(&s.issuer, f.bytes)
		case tlsNotAfter:
			t.NotAfter, err = timestamp(f.bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	return t, f.err
}

func duration(b []byte) (time.Duration, error) {
	seconds, nanos, err := seconds(b)
	const most = int64(math.MaxInt64 / time.Second)
	return time.Duration(max(-most, min(seconds, most)))*time.Second + time.Duration(nanos), err
}

func timestamp(b []byte) (time.Time, error) {
	seconds, nanos, err := seconds(b)
	return time.Unix(seconds, int64(nanos)).UTC(), err
}

func seconds(b []byte) (s int64, nanos int32, err error) {
	f := fields{rest: b}
	for f.next() {
		switch f.tag {
		case timeSeconds:
			s = int64(f.n)
		case timeNanos:
			nanos = int32(f.n)
		}
	}
	return s, nanos, f.err
}

// word gives the text of b without allocating where it is one of the words that
// most results are made of.
func word(b []byte) string {
	switch string(b) {
	case "pass":
		return "pass"
	case "fail":
		return "fail"
	case "warn":
		return "warn"
	case "HTTP/1.1":
		return "HTTP/1.1"
	case "HTTP/2.0":
		return "HTTP/2.0"
	case "1.3":
		return "1.3"
	case "GET":
		return "GET"
	default:
		return string(b)
	}
}

// same gives the text of b, which is that of *last as a rule.
func same(last *string, b []byte) string {
	if string(b) != *last {
		*last = string(b)
	}
	return *last
}

// fields walks over the fields of a message. A field whose value is of another
// type than the schema has is one with an unknown tag, and unknown fields are
// passed over: they are of another version.
type fields struct {
	rest  []byte
	tag   uint64 // number<<3 | type
	n     uint64 // where it is a number
	bytes []byte // where it has a length; part of the message
	err   error
}

func (f *fields) next() bool {
	if len(f.rest) == 0 || f.err != nil {
		return false
	}
	tag, n := protowire.ConsumeVarint(f.rest)
	if n < 0 || tag>>3 == 0 {
		f.err = errMalformed
		return false
	}
	f.rest, f.tag = f.rest[n:], tag
	switch tag & 7 {
	case varint:
		f.n, n = protowire.ConsumeVarint(f.rest)
	case fixed64:
		f.n, n = protowire.ConsumeFixed64(f.rest)
	case length:
		f.bytes, n = protowire.ConsumeBytes(f.rest)
	default:
		number, kind := protowire.DecodeTag(tag)
		n = protowire.ConsumeFieldValue(number, kind, f.rest)
	}
	if n < 0 {
		f.err = errMalformed
		return false
	}
	f.rest = f.rest[n:]
	return true
}

func (f *fields) millis() time.Duration { return millis(math.Float64frombits(f.n)) }

// millis gives 0 for what no time can be.
func millis(ms float64) time.Duration {
	ns := math.Round(ms * float64(time.Millisecond))
	if math.IsNaN(ns) || math.Abs(ns) > math.MaxInt64/2 {
		return 0
	}
	return time.Duration(ns)
}

// count gives how many fields of that tag b has.
func count(b []byte, tag uint64) int {
	n := 0
	for f := (fields{rest: b}); f.next(); {
		if f.tag == tag {
			n++
		}
	}
	return n
}
