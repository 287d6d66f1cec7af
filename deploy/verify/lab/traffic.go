package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Traffic asks the gateway for batches until ctx ends, more and less by turns: 5
// to 45 batches a second of 20 URLs, most of which come back. It fails only where
// no batch was answered.
func (l *Lab) Traffic(ctx context.Context) error {
	urls := urls(l.port)
	popular := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.2, 8, uint64(len(urls)-1))
	var callers errgroup.Group
	callers.SetLimit(32)
	var answered, failed atomic.Int64
	began := time.Now()
	for ctx.Err() == nil {
		batch := make([]string, 20)
		for i := range batch {
			batch[i] = urls[popular.Uint64()]
		}
		callers.Go(func() error {
			if post(ctx, l.Gateway+"/check", batch) == nil {
				answered.Add(1)
			} else {
				failed.Add(1) // the last ones are cut off with ctx
			}
			return nil
		})
		perSecond := 25 + 20*math.Sin(time.Since(began).Seconds()/25)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(float64(time.Second) / perSecond)):
		}
	}
	_ = callers.Wait() // none gives an error
	if answered.Load() == 0 {
		return fmt.Errorf("no batch was answered and %d failed: see the logs in %s", failed.Load(), l.dir)
	}
	return nil
}

func post(ctx context.Context, url string, batch []string) error {
	body, err := json.Marshal(map[string]any{"urls": batch})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// urls are 2 000 pages of the sites, which are on port, in no order, and some
// that fail.
func urls(port string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(sites())) {
		scheme := "http"
		if sites()[name] > 0 {
			scheme = "https"
		}
		site := scheme + "://" + net.JoinHostPort(name, port)
		for i := range 390 {
			all = append(all, fmt.Sprintf("%s/%d", site, i))
		}
		for i := range 10 {
			for _, path := range []string{"missing", "broken", "cut"} {
				all = append(all, fmt.Sprintf("%s/%s?%d", site, path, i))
			}
		}
	}
	all = append(all, "http://127.0.0.1:1/", "http://10.0.0.1/", "http://nowhere.invalid/")
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
