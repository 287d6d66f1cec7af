package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// A Summary is the last line of a run. Total is always Pass + Warn +
// Fail + Skip, the number of results written.
type Summary struct {
	Total      int64
	Duplicates int64 // lines dropped since they were there before
	Unique     int64 // distinct targets
	Pass       int64
	Warn       int64
	Fail       int64
	Skip       int64
	Cached     int64
	ByReason   map[Reason]int64
	Duration   time.Duration
	Latency    Latency // of the targets that were asked, without [Timing.Queue]
	Incomplete int64   // targets read or known of that were never started
	ExitCode   int
	Version    string
}

// Latency holds nearest-rank percentiles, each less than 1 % off, and the exact
// maximum.
type Latency struct{ P50, P90, P95, P99, Max time.Duration }

// Rate is results per second, 0 for no time at all.
func (s Summary) Rate() float64 {
	if s.Duration <= 0 {
		return 0
	}
	return float64(s.Total) / s.Duration.Seconds()
}

// AppendJSON appends the summary line, without a newline. All counts are
// present, zeros included.
func (s Summary) AppendJSON(b []byte) []byte {
	b = append(b, `{"type":"summary","v":1`...)
	b = strconv.AppendInt(appendKey(b, "total"), s.Total, 10)
	b = strconv.AppendInt(appendKey(b, "duplicates"), s.Duplicates, 10)
	b = strconv.AppendInt(appendKey(b, "unique"), s.Unique, 10)
	b = strconv.AppendInt(appendKey(b, "pass"), s.Pass, 10)
	b = strconv.AppendInt(appendKey(b, "warn"), s.Warn, 10)
	b = strconv.AppendInt(appendKey(b, "fail"), s.Fail, 10)
	b = strconv.AppendInt(appendKey(b, "skip"), s.Skip, 10)
	b = strconv.AppendInt(appendKey(b, "cached"), s.Cached, 10)
	b = append(appendKey(b, "by_reason"), '{')
	if len(s.ByReason) > 0 { // sorting none would allocate
		for _, r := range slices.Sorted(maps.Keys(s.ByReason)) {
			b = strconv.AppendInt(appendKey(b, string(r)), s.ByReason[r], 10)
		}
	}
	b = append(b, '}')
	b = appendMillis(appendKey(b, "duration_ms"), s.Duration)
	b = strconv.AppendFloat(appendKey(b, "rate"), math.Round(s.Rate()*10)/10, 'f', -1, 64)
	b = append(appendKey(b, "latency_ms"), '{')
	b = appendMillis(appendKey(b, "p50"), s.Latency.P50)
	b = appendMillis(appendKey(b, "p90"), s.Latency.P90)
	b = appendMillis(appendKey(b, "p95"), s.Latency.P95)
	b = appendMillis(appendKey(b, "p99"), s.Latency.P99)
	b = appendMillis(appendKey(b, "max"), s.Latency.Max)
	b = append(b, '}')
	b = strconv.AppendInt(appendKey(b, "incomplete"), s.Incomplete, 10)
	b = strconv.AppendInt(appendKey(b, "exit_code"), int64(s.ExitCode), 10)
	b = appendString(appendKey(b, "version"), s.Version)
	return append(b, '}')
}

// MarshalJSON is [Summary.AppendJSON] for encoding/json.
func (s Summary) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// UnmarshalJSON reads what [Summary.AppendJSON] wrote. Unknown fields are
// ignored, absent ones are zero; a line of another type is an error.
func (s *Summary) UnmarshalJSON(b []byte) error {
	var w struct {
		Type       string           `json:"type"`
		Total      int64            `json:"total"`
		Duplicates int64            `json:"duplicates"`
		Unique     int64            `json:"unique"`
		Pass       int64            `json:"pass"`
		Warn       int64            `json:"warn"`
		Fail       int64            `json:"fail"`
		Skip       int64            `json:"skip"`
		Cached     int64            `json:"cached"`
		ByReason   map[Reason]int64 `json:"by_reason"`
		Duration   millis           `json:"duration_ms"`
		Latency    struct {
			P50 millis `json:"p50"`
			P90 millis `json:"p90"`
			P95 millis `json:"p95"`
			P99 millis `json:"p99"`
			Max millis `json:"max"`
		} `json:"latency_ms"`
		Incomplete int64  `json:"incomplete"`
		ExitCode   int    `json:"exit_code"`
		Version    string `json:"version"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if w.Type != "summary" {
		return fmt.Errorf("summary: the line is of type %.20q", w.Type)
	}
	l := w.Latency
	*s = Summary{
		Total: w.Total, Duplicates: w.Duplicates, Unique: w.Unique,
		Pass: w.Pass, Warn: w.Warn, Fail: w.Fail, Skip: w.Skip, Cached: w.Cached,
		ByReason: w.ByReason, Duration: w.Duration.duration(),
		Latency: Latency{
			P50: l.P50.duration(), P90: l.P90.duration(), P95: l.P95.duration(),
			P99: l.P99.duration(), Max: l.Max.duration(),
		},
		Incomplete: w.Incomplete, ExitCode: w.ExitCode, Version: w.Version,
	}
	return nil
}
