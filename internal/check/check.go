// Package check says what a target, a result, a check and an expectation are,
// and how one HTTP(S) target is checked.
//
// A [Checker] answers for one target. A [Runner] answers for a stream. Package
// pool turns the first into the second; everything else wraps one or the other.
package check

import (
	"context"
	"iter"
	"net/netip"
	"time"
)

// A Checker answers for one target. It cannot fail: whatever goes wrong is the
// Result's Reason, never a Go error and never a panic. Check returns soon after
// ctx ends, with reason [Canceled] where the target was not fully asked. It is
// safe for concurrent use.
//
// What needs one target (retry, single-flight, tracing) wraps a Checker.
type Checker interface {
	Check(ctx context.Context, t Target) Result
}

// CheckerFunc makes a function a [Checker].
type CheckerFunc func(ctx context.Context, t Target) Result

// Check calls f.
func (f CheckerFunc) Check(ctx context.Context, t Target) Result { return f(ctx, t) }

// A Runner answers for a stream of targets. Its five laws are tested by package
// checktest on every implementation, local and remote:
//
//  1. While ctx lives and the reader reads: exactly one Result per Target, in
//     completion order.
//  2. Never two Results for one Target.
//  3. A stalled reader stalls the source: a Runner reads ahead by no more than
//     a stated number.
//  4. When the reader breaks off or ctx ends, Run returns promptly and leaves
//     no goroutine and no socket behind, provided the source itself does not
//     block. What was in flight when ctx ended may still be yielded as
//     [Canceled].
//  5. A slow source is never held back to fill a batch.
//
// ts is ranged over once, from a goroutine of the Runner's. Trouble with the
// source is asked of the source, as with bufio.Scanner.
//
// What needs to see many (cache, remote, metrics) wraps a Runner.
type Runner interface {
	Run(ctx context.Context, ts iter.Seq[Target]) iter.Seq[Result]
}

// A Target is one thing to check. It is complete: whoever reads it from a list
// or a request has filled in the defaults, so that equal targets have equal
// [Target.Key]s wherever they are checked.
type Target struct {
	Seq    int64  // position in the run, 0-based, no gaps
	Source Source // where it was written
	Input  string // as written, at most 2 KiB, not masked

	URL     string        // absolute http or https URL as [Normalize] gives it; not masked
	Method  string        // upper case; "" is GET, [Auto] is HEAD and then GET
	Request *Request      // header and body to send; nil for none
	Expect  Expect        // what a good answer is
	Timeout time.Duration // all attempts and redirects; 0 is the Checker's own
	Tags    []string      // carried to the Result, not interpreted

	// Realm tells apart engines whose answers do not serve one another: one that
	// verifies no certificate, say, from one that does. "" is the ordinary one.
	// Part of the [Target.Key].
	Realm string

	Fresh  bool          // do not read a cache, join no check begun before; the answer is cached all the same
	MaxAge time.Duration // oldest cached answer that will do; 0 is whatever the cache holds

	// Invalid says why this line or item is no target. Such a Target is
	// answered with [InvalidURL] and never dialled, so that a bad line is a
	// result like any other.
	Invalid string
}

// Auto as a Target's Method asks with HEAD, then with GET where HEAD is refused
// or the body matters.
const Auto = "AUTO"

// Source is where a target was written. Line is 1-based; 0 is unknown.
type Source struct {
	File string
	Line int
}

// Request is what is sent beside method and URL.
type Request struct {
	Header []Field
	Body   string
}

// Field is one header line.
type Field struct{ Name, Value string }

// A Result answers for one Target. Its JSON form is the one schema of the
// command, REST and gRPC; see [Result.AppendJSON].
type Result struct {
	Target Target

	FinalURL      string // where redirects led; "" when nothing was asked or no redirect was followed
	Outcome       Outcome
	Reason        Reason // "" on pass
	Error         string // for people: the whole chain of causes, secrets masked
	StatusCode    int    // of the last answer; 0 for none
	Attempts      int    // requests for the first hop, retries included; 0 when nothing was asked
	Protocol      string // "HTTP/1.1", "HTTP/2.0"
	RemoteIP      netip.Addr
	ContentLength int64 // as announced; -1 is unknown, 0 is absent from the JSON
	Redirects     []Hop
	Cached        bool
	CacheAge      time.Duration
	CheckedAt     time.Time // when the network was asked
	Timing        Timing
	TLS           *TLS   // of the last answer; nil for plain HTTP
	Worker        string // who checked, in the service

	// Late says that the check was late because of us, not of its target: it
	// waited long for a slot in the pool, or its time ran out and we saw that more
	// than half a second afterwards, since this process did not run. Its times,
	// and a [Timeout] most of all, may then tell of us.
	Late bool

	// Text, if set, is the Result in JSON, put together before. Beside it, Target,
	// Outcome, Reason, Cached and CacheAge are set; what is in no other field is in
	// Text alone.
	Text *Text

	// Temporary says that asking again may help: a refused or reset connection, a
	// temporary DNS failure, a timeout, 408, 429, 502, 503 or 504. It steers
	// [Retry] and is not part of the JSON form.
	Temporary bool

	// RetryAfter is how long a throttling host asked to be left alone (RFC 9110
	// §10.2.3). Set only with reason [RateLimited]; 0 where it named no time.
	// It steers the pool and is not part of the JSON form.
	RetryAfter time.Duration
}

// Hop is one redirect: the URL that answered and the status it answered with.
type Hop struct {
	URL        string
	StatusCode int
}

// TLS describes the connection of the last answer.
type TLS struct {
	Version  string // "1.2", "1.3"
	Issuer   string // of the leaf certificate
	NotAfter time.Time
}

// DaysLeft is the whole days from at until the leaf certificate expires,
// negative once it has.
func (t *TLS) DaysLeft(at time.Time) int {
	d := t.NotAfter.Sub(at)
	days := int(d / (24 * time.Hour))
	if d < 0 {
		days--
	}
	return days
}

// Timing says where the time of a check went, summed over attempts and hops, in
// blackbox_exporter's words for the phases. A check's clock is always running
// for one of them, so they sum to the total by construction.
type Timing struct {
	Queue      time.Duration // waiting for a place, for the host's turn, between attempts
	Resolve    time.Duration // DNS
	Connect    time.Duration // TCP
	TLS        time.Duration // handshake
	Processing time.Duration // request out, until the first byte of the answer (TTFB)
	Transfer   time.Duration // first to last byte read
	Reused     bool          // the last connection was an idle one
}

// Latency is the time the target took: all phases but [Timing.Queue].
func (t Timing) Latency() time.Duration {
	return t.Resolve + t.Connect + t.TLS + t.Processing + t.Transfer
}

// Total is Latency and Queue together.
func (t Timing) Total() time.Duration { return t.Queue + t.Latency() }

// Add gives the phase-wise sum; Reused is the later one's, u's.
func (t Timing) Add(u Timing) Timing {
	return Timing{
		Queue:      t.Queue + u.Queue,
		Resolve:    t.Resolve + u.Resolve,
		Connect:    t.Connect + u.Connect,
		TLS:        t.TLS + u.TLS,
		Processing: t.Processing + u.Processing,
		Transfer:   t.Transfer + u.Transfer,
		Reused:     u.Reused,
	}
}

// An Outcome is the only field that decides an exit code.
type Outcome string

// The four outcomes.
const (
	Pass Outcome = "pass"
	Warn Outcome = "warn" // worth a look; does not fail a run
	Fail Outcome = "fail"
	Skip Outcome = "skip" // not checked to the end, says nothing about the target
)

// A Reason says why a check did not pass. The list is closed: it is safe as a
// metric label and as a value of --fail-on and --warn-on.
type Reason string

// The closed list of reasons.
const (
	InvalidURL        Reason = "invalid_url"        // refused by its text; nothing was asked
	BlockedAddress    Reason = "blocked_address"    // refused by the address guard
	DNS               Reason = "dns"                // the name did not resolve
	ConnectRefused    Reason = "connect_refused"    // nobody listens, or no route
	ConnectReset      Reason = "connect_reset"      // closed or reset before there was a response
	ConnectTimeout    Reason = "connect_timeout"    // the TCP dial ran out of time
	TLSFailed         Reason = "tls"                // handshake or verification failed
	CertExpired       Reason = "cert_expired"       // a certificate is expired, or will within cert_days
	Timeout           Reason = "timeout"            // any other wait ran out of time
	HTTPStatus        Reason = "http_status"        // a status that is not accepted
	TooManyRedirects  Reason = "too_many_redirects" // more hops than allowed
	RateLimited       Reason = "rate_limited"       // 429, or 503 with Retry-After
	BodyMismatch      Reason = "body"               // an expectation on the body
	HeaderMismatch    Reason = "header"             // an expectation on the header
	LatencyExceeded   Reason = "latency"            // an expectation on the time
	ProtocolError     Reason = "protocol"           // not HTTP, or more of it than we take
	ProxyFailed       Reason = "proxy"              // the proxy, not the target
	Canceled          Reason = "canceled"           // cut off by a signal, a deadline or a caller gone
	NotAttempted      Reason = "not_attempted"      // handed back unasked by a draining worker
	WorkerLost        Reason = "worker_lost"        // every worker that held it went away
	ResourceExhausted Reason = "resource_exhausted" // out of file descriptors, ports or memory here
	Internal          Reason = "internal"           // a bug of ours, a panic among them
)

// Reasons lists every reason, in the order in which they are declared.
func Reasons() []Reason {
	return []Reason{
		InvalidURL, BlockedAddress, DNS, ConnectRefused, ConnectReset, ConnectTimeout, TLSFailed, CertExpired,
		Timeout, HTTPStatus, TooManyRedirects, RateLimited, BodyMismatch, HeaderMismatch, LatencyExceeded,
		ProtocolError, ProxyFailed, Canceled, NotAttempted, WorkerLost, ResourceExhausted, Internal,
	}
}

// Outcomes lists the four outcomes, in the order reports show them.
func Outcomes() []Outcome { return []Outcome{Pass, Warn, Fail, Skip} }

// Default is the outcome a reason has unless --fail-on or --warn-on say
// otherwise: pass for none, warn for a throttling host (it says nothing about
// the page), skip for what was not checked to the end, fail for the rest.
func (r Reason) Default() Outcome {
	switch r {
	case "":
		return Pass
	case RateLimited:
		return Warn
	case Canceled, NotAttempted:
		return Skip
	default:
		return Fail
	}
}

// Failed gives a Result for t with reason r, its default outcome and an error
// text for people, which must hold no secret.
func Failed(t Target, r Reason, err string) Result {
	return Result{Target: t, Reason: r, Outcome: r.Default(), Error: err}
}
