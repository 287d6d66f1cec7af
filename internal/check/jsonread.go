package check

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"time"
)

// UnmarshalJSON reads a line that [Result.AppendJSON] wrote, or one written by
// hand in that schema: unknown fields are ignored, absent ones are zero. What
// was masked stays masked. A line of another type is an error. It takes about
// 8 µs, and half as much again through json.Unmarshal, which reads the line twice
// (BenchmarkResultUnmarshalJSON).
func (r *Result) UnmarshalJSON(b []byte) error {
	var w wireResult
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if w.Type != "" && w.Type != "result" {
		return fmt.Errorf("result: the line is of type %.20q", w.Type)
	}
	expect, err := ParseExpect(w.Expect)
	if err != nil {
		return fmt.Errorf("result: expect: %w", err)
	}
	*r = Result{
		Target: Target{
			Seq: w.Seq, Source: Source{File: w.Source.File, Line: w.Source.Line}, Input: w.Input,
			URL: w.URL, Method: w.Method, Expect: expect, Tags: w.Tags,
		},
		FinalURL: w.FinalURL, Outcome: w.Outcome, Reason: w.Reason, Error: w.Error,
		StatusCode: w.StatusCode, Attempts: w.Attempts, Protocol: w.Protocol, RemoteIP: w.RemoteIP,
		ContentLength: w.ContentLength, Redirects: hops(w.Redirects),
		Cached: w.Cached, CacheAge: w.CacheAge.duration(), CheckedAt: w.CheckedAt, Late: w.Late,
		Timing: Timing{
			Queue: w.Timing.Queue.duration(), Resolve: w.Timing.Resolve.duration(), Connect: w.Timing.Connect.duration(),
			TLS: w.Timing.TLS.duration(), Processing: w.Timing.Processing.duration(), Transfer: w.Timing.Transfer.duration(),
			Reused: w.Timing.Reused,
		},
		Worker: w.Worker,
	}
	if w.TLS != nil {
		r.TLS = &TLS{Version: w.TLS.Version, Issuer: w.TLS.Issuer, NotAfter: w.TLS.NotAfter}
	}
	return nil
}

// wireResult is the schema of a result as far as it is read back; total and
// days_left follow from the rest.
type wireResult struct {
	Type   string `json:"type"`
	Seq    int64  `json:"seq"`
	Source struct {
		File string `json:"file"`
		Line int    `json:"line"`
	} `json:"source"`
	Input         string     `json:"input"`
	URL           string     `json:"url"`
	FinalURL      string     `json:"final_url"`
	Method        string     `json:"method"`
	Expect        string     `json:"expect"`
	Tags          []string   `json:"tags"`
	Outcome       Outcome    `json:"outcome"`
	Reason        Reason     `json:"reason"`
	Error         string     `json:"error"`
	StatusCode    int        `json:"status_code"`
	Attempts      int        `json:"attempts"`
	Protocol      string     `json:"protocol"`
	RemoteIP      netip.Addr `json:"remote_ip"`
	ContentLength int64      `json:"content_length"`
	Redirects     []wireHop  `json:"redirects"`
	Cached        bool       `json:"cached"`
	CacheAge      millis     `json:"cache_age_ms"`
	CheckedAt     time.Time  `json:"checked_at"`
	Late          bool       `json:"late"`
	Timing        struct {
		Queue      millis `json:"queue"`
		Resolve    millis `json:"resolve"`
		Connect    millis `json:"connect"`
		TLS        millis `json:"tls"`
		Processing millis `json:"processing"`
		Transfer   millis `json:"transfer"`
		Reused     bool   `json:"reused"`
	} `json:"timing_ms"`
	TLS *struct {
		Version  string    `json:"version"`
		Issuer   string    `json:"issuer"`
		NotAfter time.Time `json:"not_after"`
	} `json:"tls"`
	Worker string `json:"worker"`
}

type wireHop struct {
	URL        string `json:"url"`
	StatusCode int    `json:"status_code"`
}

func hops(ws []wireHop) []Hop {
	if len(ws) == 0 {
		return nil
	}
	out := make([]Hop, len(ws))
	for i, w := range ws {
		out[i] = Hop(w)
	}
	return out
}

// millis is a duration in milliseconds, as JSON has it.
type millis float64

func (m millis) duration() time.Duration {
	return time.Duration(math.Round(float64(m)*1000)) * time.Microsecond
}
