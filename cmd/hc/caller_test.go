//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A caller asks gateways. Its connections end with the test.
type caller struct {
	http.Client
	journey
	key string
}

func newCaller(t testing.TB) *caller {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{Client: http.Client{Transport: transport, Timeout: time.Minute}}
}

// batchAnswer is what POST /check gives.
type batchAnswer struct {
	Results []check.Result
	Summary check.Summary

	code   int
	header http.Header
	took   time.Duration
}

// ask posts a batch of urls, with more members of its JSON object if any. A code
// of 0 is no answer.
func (c *caller) ask(t testing.TB, gateway string, urls []string, more ...string) batchAnswer {
	t.Helper()
	return c.askUntil(t.Context(), t, gateway, urls, more...)
}

// askUntil is ask for one who hangs up when ctx ends.
func (c *caller) askUntil(ctx context.Context, t testing.TB, gateway string, urls []string, more ...string) batchAnswer {
	t.Helper()
	quoted, err := json.Marshal(urls)
	if err != nil {
		t.Error(err) // not the test's own goroutine, maybe
		return batchAnswer{}
	}
	members := append([]string{`"urls":` + string(quoted)}, more...)
	begun := time.Now()
	answer := c.post(ctx, t, gateway, "{"+strings.Join(members, ",")+"}")
	c.add(exchange{gateway, urls, answer, begun, time.Now(), ctx.Err() != nil})
	return answer
}

func (c *caller) post(ctx context.Context, t testing.TB, gateway, body string) (answer batchAnswer) {
	t.Helper()
	begun := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+gateway+"/check", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return answer
	}
	req.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.Do(req)
	if err != nil {
		answer.header = http.Header{"Error": {err.Error()}}
		return answer
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	answer.code, answer.header, answer.took = resp.StatusCode, resp.Header, time.Since(begun)
	if err == nil && answer.code == http.StatusOK {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		answer.code, answer.header = 0, http.Header{"Error": {err.Error()}}
	}
	return answer
}

// complete fails unless a has one result for each of n indexes, in order.
func (a batchAnswer) complete(t testing.TB, n int) {
	t.Helper()
	if a.code != http.StatusOK {
		t.Errorf("status %d %v", a.code, a.header)
		return
	}
	if len(a.Results) != n || a.Summary.Total != int64(n) {
		t.Errorf("%d results, and a summary of %d, for %d URLs", len(a.Results), a.Summary.Total, n)
	}
	for i, r := range a.Results {
		if r.Target.Seq != int64(i) {
			t.Errorf("result %d is for index %d", i, r.Target.Seq)
			return
		}
	}
}

// passed fails unless a is complete and all passed.
func (a batchAnswer) passed(t testing.TB, n int) {
	t.Helper()
	a.complete(t, n)
	if a.Summary.Pass != int64(n) && a.code == http.StatusOK {
		t.Errorf("%d of %d passed: %v", a.Summary.Pass, n, a.Summary.ByReason)
	}
}

// urls gives prefix0 to prefix(n-1).
func urls(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = prefix + strconv.Itoa(i)
	}
	return all
}

// sumOf is what a file of keys has of a key.
func sumOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
