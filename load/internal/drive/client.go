package drive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

// patience is how long an answer is waited for.
const patience = 30 * time.Second

// newClient keeps as many connections as there are requests in flight, and goes
// through no proxy.
func newClient() *http.Client {
	return &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 2 * maxInFlight,
		},
	}
}

// post sends one batch and reads the answer to its end. at is for the sample.
func (l Load) post(ctx context.Context, client *http.Client, url string, body []byte, at time.Duration) measure.Sample {
	began := time.Now()
	status, answer, err := exchange(ctx, client, url, body)
	s := measure.Sample{At: at, Took: time.Since(began), URLs: min(l.Batch, len(l.URLs))}
	if err != nil {
		s.Err = cause(err)
		return s
	}
	j := l.judge(status, answer)
	s.Err, s.Cached = j.err, j.cached
	return s
}

func exchange(ctx context.Context, client *http.Client, url string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// cause is an error without the addresses in it, so that equal errors of many
// connections are counted as one.
func cause(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}
