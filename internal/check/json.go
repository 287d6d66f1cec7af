package check

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// AppendJSON appends the result as one line of JSON, without the newline, in the
// schema that `hc schema result` prints. What is zero is left out, but for what
// identifies a result and gives its verdict. Secrets in URLs, in the input and in the error are
// masked. A plain result takes about 1 µs and allocates nothing
// (BenchmarkResultAppendJSON).
func (r Result) AppendJSON(b []byte) []byte {
	url := MaskURL(r.Target.URL)
	input := url // often the very same text, and masking is a third of the work
	if r.Target.Input != r.Target.URL {
		input = MaskText(r.Target.Input)
	}
	return r.appendJSON(b, input, url)
}

// AppendJSONVerbatim is AppendJSON with the input as it was sent, for a caller
// of the service, who knows it. All else is masked.
func (r *Result) AppendJSONVerbatim(b []byte) []byte {
	if r.Text != nil {
		return r.Text.appendTo(b, r, r.Target.Input)
	}
	return r.appendJSON(b, r.Target.Input, MaskURL(r.Target.URL))
}

// MarshalJSON is [Result.AppendJSON] for encoding/json.
func (r Result) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

func (r *Result) appendJSON(b []byte, input, url string) []byte {
	b = appendHead(b, &r.Target, input)
	b = r.appendAsked(b, url)
	b = appendTags(b, r.Target.Tags)
	b = r.appendFound(b)
	if r.Cached {
		b = append(appendKey(b, "cached"), "true"...)
		b = strconv.AppendInt(appendKey(b, "cache_age_ms"), r.CacheAge.Milliseconds(), 10)
	}
	b = r.appendMeasured(b)
	return append(b, '}')
}

func appendHead(b []byte, t *Target, input string) []byte {
	b = append(b, `{"type":"result","v":1`...)
	b = strconv.AppendInt(appendKey(b, "seq"), t.Seq, 10)
	b = appendSource(b, t.Source)
	return appendText(b, "input", input)
}

// appendAsked appends what was asked of whom.
func (r *Result) appendAsked(b []byte, url string) []byte {
	b = appendString(appendKey(b, "url"), url)
	b = appendText(b, "final_url", MaskURL(r.FinalURL))
	b = appendString(appendKey(b, "method"), cmp.Or(r.Target.Method, http.MethodGet))
	return appendText(b, "expect", r.Target.Expect.String())
}

// appendFound appends the verdict and the answer it is about.
func (r *Result) appendFound(b []byte) []byte {
	b = appendString(appendKey(b, "outcome"), string(r.Outcome))
	b = appendText(b, "reason", string(r.Reason))
	b = appendText(b, "error", MaskText(r.Error))
	b = appendInt(b, "status_code", int64(r.StatusCode))
	b = appendInt(b, "attempts", int64(r.Attempts))
	b = appendText(b, "protocol", r.Protocol)
	if r.RemoteIP.IsValid() {
		b = append(appendKey(b, "remote_ip"), '"')
		b = append(r.RemoteIP.AppendTo(b), '"')
	}
	b = appendInt(b, "content_length", r.ContentLength)
	return appendRedirects(b, r.Redirects)
}

// appendMeasured appends when, how long and by whom it was checked.
func (r *Result) appendMeasured(b []byte) []byte {
	if !r.CheckedAt.IsZero() {
		b = append(appendKey(b, "checked_at"), '"')
		b = append(appendTime(b, r.CheckedAt), '"')
	}
	if r.Late {
		b = append(appendKey(b, "late"), "true"...)
	}
	b = appendTiming(b, r.Timing)
	b = appendTLS(b, r.TLS, r.CheckedAt)
	return appendText(b, "worker", r.Worker)
}

func appendSource(b []byte, s Source) []byte {
	if s == (Source{}) {
		return b
	}
	b = append(appendKey(b, "source"), '{')
	b = appendText(b, "file", s.File)
	b = appendInt(b, "line", int64(s.Line))
	return append(b, '}')
}

func appendTags(b []byte, tags []string) []byte {
	if len(tags) == 0 {
		return b
	}
	b = append(appendKey(b, "tags"), '[')
	for i, tag := range tags {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, tag)
	}
	return append(b, ']')
}

func appendRedirects(b []byte, hops []Hop) []byte {
	if len(hops) == 0 {
		return b
	}
	b = append(appendKey(b, "redirects"), '[')
	for i, h := range hops {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = appendString(appendKey(b, "url"), MaskURL(h.URL))
		b = strconv.AppendInt(appendKey(b, "status_code"), int64(h.StatusCode), 10)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendTiming writes all phases where one is not zero. They are rounded before
// they are added up, so that they sum to the total as exactly as written.
func appendTiming(b []byte, t Timing) []byte {
	if t == (Timing{}) {
		return b
	}
	t.Queue = t.Queue.Round(time.Microsecond)
	t.Resolve = t.Resolve.Round(time.Microsecond)
	t.Connect = t.Connect.Round(time.Microsecond)
	t.TLS = t.TLS.Round(time.Microsecond)
	t.Processing = t.Processing.Round(time.Microsecond)
	t.Transfer = t.Transfer.Round(time.Microsecond)
	b = append(appendKey(b, "timing_ms"), '{')
	b = appendMillis(appendKey(b, "queue"), t.Queue)
	b = appendMillis(appendKey(b, "resolve"), t.Resolve)
	b = appendMillis(appendKey(b, "connect"), t.Connect)
	b = appendMillis(appendKey(b, "tls"), t.TLS)
	b = appendMillis(appendKey(b, "processing"), t.Processing)
	b = appendMillis(appendKey(b, "transfer"), t.Transfer)
	b = appendMillis(appendKey(b, "total"), t.Total())
	if t.Reused {
		b = append(appendKey(b, "reused"), "true"...)
	}
	return append(b, '}')
}

// appendTLS counts the days left from when the network was asked, so that a
// cached answer reads the same.
func appendTLS(b []byte, t *TLS, at time.Time) []byte {
	if t == nil {
		return b
	}
	b = append(appendKey(b, "tls"), '{')
	b = appendText(b, "version", t.Version)
	b = appendText(b, "issuer", t.Issuer)
	b = append(appendKey(b, "not_after"), '"')
	b = append(t.NotAfter.UTC().AppendFormat(b, time.RFC3339), '"')
	b = strconv.AppendInt(appendKey(b, "days_left"), int64(t.DaysLeft(at)), 10)
	return append(b, '}')
}
