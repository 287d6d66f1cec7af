package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// throttled mixes the throttled host's URLs in among the others'.
func throttled(ctx context.Context, l *lab) (findings, error) {
	return l.besides(ctx, 200, func(others, refused []string) []string {
		var all []string
		for i, url := range others {
			all = append(all, url)
			if i%99 == 0 {
				all = append(all, refused[i/99])
			}
		}
		return all
	})
}

// throttled10k puts them first and in such number that they would fill any
// look-ahead.
func throttled10k(ctx context.Context, l *lab) (findings, error) {
	return l.besides(ctx, 10_000, func(others, refused []string) []string {
		return append(refused, others...)
	})
}

// besides measures how long 99 hosts of 200 URLs each take, alone and with a
// throttled host's URLs in the list.
func (l *lab) besides(ctx context.Context, refused int, mix func(others, refused []string) []string) (findings, error) {
	const hosts, laps = 99, 200
	var others, throttled []string
	line := over("http", l.target.slow, hosts)
	for i := range hosts * laps {
		others = append(others, line(i))
	}
	for i := range refused {
		throttled = append(throttled, fmt.Sprintf("http://%s:%d/%d", throttledHost, l.target.slow, i))
	}
	mixed := mix(others, throttled)
	var ratios []float64
	for range l.rounds {
		alone, _, err := l.othersDone(ctx, others)
		if err != nil {
			return findings{}, err
		}
		beside, warned, err := l.othersDone(ctx, mixed)
		if err != nil {
			return findings{}, err
		}
		if warned != refused {
			return findings{}, fmt.Errorf("%d of the throttled host's %d URLs ended as warnings", warned, refused)
		}
		ratios = append(ratios, beside.Seconds()/alone.Seconds())
	}
	b := atMost("wall time of the other 99", "their time alone", 1.05)
	return findings{verdicts: []verdict{b.judge(ratios, l.slack)}}, nil
}

// othersDone checks the list and gives the time at which the last result of a
// host that is not throttled was written, and how many rate_limited warnings
// there were in all.
func (l *lab) othersDone(ctx context.Context, urls []string) (last time.Duration, warned int, err error) {
	list, err := l.list("throttled", len(urls), func(i int) string { return urls[i] })
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, l.dir+"/hc", "check", "-f", "jsonl", "-c", "256", list)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	passed := 0
	results := bufio.NewScanner(out)
	for results.Scan() {
		switch line := results.Bytes(); {
		case bytes.Contains(line, []byte(`"outcome":"pass"`)):
			last = time.Since(start)
			passed++
		case bytes.Contains(line, []byte(`"reason":"rate_limited"`)):
			warned++
		}
	}
	_, drained := io.Copy(io.Discard, out) // or a line too long would block the child
	if err := errors.Join(results.Err(), drained, cmd.Wait()); err != nil {
		return 0, 0, fmt.Errorf("hc check: %w", err)
	}
	healthy := len(urls) - countPrefix(urls, "http://"+throttledHost)
	if passed != healthy {
		return 0, 0, fmt.Errorf("%d of %d healthy URLs passed", passed, healthy)
	}
	return last, warned, nil
}

func countPrefix(lines []string, prefix string) int {
	n := 0
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}
