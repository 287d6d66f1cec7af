package lab

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Hits are the look-ups of all tiers and processes so far that gave a result,
// those included that were answered by an equal target's check: what
// hc_cache_requests_total says at the URLs of /metrics.
func Hits(ctx context.Context, urls []string) (int, error) {
	sum := 0.0
	for _, url := range urls {
		n, err := hitsAt(ctx, url)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", url, err)
		}
		sum += n
	}
	return int(sum), nil
}

func hitsAt(ctx context.Context, url string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	sum, series := 0.0, 0
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		labels, ok := strings.CutPrefix(lines.Text(), "hc_cache_requests_total{")
		if !ok {
			continue
		}
		series++
		if !strings.Contains(labels, `result="hit"`) && !strings.Contains(labels, `result="coalesced"`) {
			continue
		}
		n, err := strconv.ParseFloat(labels[strings.LastIndexByte(labels, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	if series == 0 && lines.Err() == nil {
		return 0, fmt.Errorf("no hc_cache_requests_total: is this the --admin-listen of hc serve?")
	}
	return sum, lines.Err()
}
