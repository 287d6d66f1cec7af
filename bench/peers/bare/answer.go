package main

type request struct {
	URLs []string `json:"urls"`
}

// An answer is one of hc's gateway, as far as cached passes need it.
type answer struct {
	Results []result `json:"results"`
	Summary summary  `json:"summary"`
}

type result struct {
	Type          string  `json:"type"`
	V             int     `json:"v"`
	Seq           int     `json:"seq"`
	Input         string  `json:"input"`
	URL           string  `json:"url"`
	Method        string  `json:"method"`
	Outcome       string  `json:"outcome"`
	StatusCode    int     `json:"status_code,omitempty"`
	Attempts      int     `json:"attempts,omitempty"`
	Protocol      string  `json:"protocol,omitempty"`
	RemoteIP      string  `json:"remote_ip,omitempty"`
	ContentLength int64   `json:"content_length,omitempty"`
	Cached        bool    `json:"cached,omitempty"`
	CacheAge      float64 `json:"cache_age_ms,omitempty"`
	CheckedAt     string  `json:"checked_at,omitempty"`
	Timing        timing  `json:"timing_ms"`
	Worker        string  `json:"worker,omitempty"`
}

type timing struct {
	Queue      float64 `json:"queue"`
	Resolve    float64 `json:"resolve"`
	Connect    float64 `json:"connect"`
	TLS        float64 `json:"tls"`
	Processing float64 `json:"processing"`
	Transfer   float64 `json:"transfer"`
	Total      float64 `json:"total"`
	Reused     bool    `json:"reused,omitempty"`
}

type summary struct {
	Type       string         `json:"type"`
	V          int            `json:"v"`
	Total      int            `json:"total"`
	Duplicates int            `json:"duplicates"`
	Unique     int            `json:"unique"`
	Pass       int            `json:"pass"`
	Warn       int            `json:"warn"`
	Fail       int            `json:"fail"`
	Skip       int            `json:"skip"`
	Cached     int            `json:"cached"`
	ByReason   map[string]int `json:"by_reason"`
	Duration   float64        `json:"duration_ms"`
	Rate       float64        `json:"rate"`
	Latency    quantiles      `json:"latency_ms"`
	Incomplete int            `json:"incomplete"`
	ExitCode   int            `json:"exit_code"`
	Version    string         `json:"version"`
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}
