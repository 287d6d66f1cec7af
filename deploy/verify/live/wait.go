package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// again is how often Prometheus is asked while panels are empty: as it scrapes.
const again = 5 * time.Second

// Check asks the Prometheus at url for every panel of the boards until each has
// shown something, within patience. skip are panels that may stay empty, by
// "board/panel" or "board", each with the reason; one that fills nonetheless, or
// that does not exist, is an error too, so that the list stays true.
func Check(ctx context.Context, url string, all []boards.Board, skip map[string]string, patience time.Duration) error {
	if err := exist(all, skip); err != nil {
		return err
	}
	end := time.Now().Add(patience)
	for {
		p, err := Connect(url, 5*time.Minute, 60)
		if err != nil {
			return err
		}
		empty := map[string]string{}
		for _, b := range all {
			if _, skipped := skip[b.Name]; !skipped {
				maps.Copy(empty, p.Empty(ctx, b))
			}
		}
		err = verdict(empty, skip)
		if err == nil || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, while: %w", ctx.Err(), err)
		case <-time.After(again):
		}
	}
}

func verdict(empty, skip map[string]string) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(empty)) {
		if _, skipped := skip[name]; !skipped {
			wrong = append(wrong, name+": "+empty[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(skip)) {
		if _, isEmpty := empty[name]; strings.Contains(name, "/") && !isEmpty {
			wrong = append(wrong, name+": is skipped, but shows something")
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("of the panels these are not as they should be:\n%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// exist refuses to skip what is not there, or without a reason.
func exist(all []boards.Board, skip map[string]string) error {
	there := map[string]bool{}
	for _, b := range all {
		there[b.Name] = true
		for _, at := range b.Grid() {
			if at.Panel != nil {
				there[b.Name+"/"+at.Title] = true
			}
		}
	}
	for name, why := range skip {
		if !there[name] || why == "" {
			return fmt.Errorf("-skip %s=%s: no such dashboard or panel, or no reason", name, why)
		}
	}
	return nil
}
