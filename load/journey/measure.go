package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hc-health/hc/load/internal/chart"
	"github.com/hc-health/hc/load/internal/drive"
	"github.com/hc-health/hc/load/internal/lab"
	"github.com/hc-health/hc/load/internal/measure"
)

// A measurement is one stage in one round.
type measurement struct {
	Stage   string `json:"stage"`
	Machine string `json:"machine"`
	measure.Figures
	Asked int `json:"asked"` // requests that reached the targets
}

// Spared is the share of URLs that no target was asked for.
func (m measurement) Spared() float64 {
	if m.URLs == 0 {
		return 0
	}
	return max(0, 1-float64(m.Asked)/float64(m.URLs))
}

type measurements []measurement

func (ms measurements) errors() int {
	n := 0
	for _, m := range ms {
		n += m.Errors
	}
	return n
}

// journey takes rounds over all stages and gives what was measured in them, and
// what was kept before.
func journey(ctx context.Context, root string, rounds int, short bool, kept string, stdout io.Writer) (ms measurements, err error) {
	if kept != "" {
		if ms, err = read(kept); err != nil {
			return nil, err
		}
	}
	if rounds == 0 {
		return ms, nil
	}
	l, err := lab.Open(ctx, root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	for range rounds {
		for _, st := range stages() {
			m, err := take(ctx, l, st, short)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", st.name, err)
			}
			fmt.Fprintf(stdout, "%-16s %8s requests/s   median %-8s p99 %-8s %d errors   %d of %d URLs asked of a target\n",
				st.name, chart.Count(m.Rate), chart.Ms(m.Median), chart.Ms(m.P99), m.Errors, m.Asked, m.URLs)
			ms = append(ms, m)
			if kept == "" {
				continue
			}
			if err := keep(kept, m); err != nil {
				return nil, err
			}
		}
	}
	return ms, nil
}

func take(ctx context.Context, l *lab.Lab, st stage, short bool) (m measurement, err error) {
	service, err := l.Start(ctx, st.service)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	load := drive.Load{URLs: l.Targets.URLs(urls, fastest, slowest), Batch: batch, Strict: true}
	run := measure.NewRun(time.Second)
	l.Targets.Asked()
	if err := load.Users(ctx, service.URL, ramps(short), run); err != nil {
		return m, err
	}
	return measurement{st.name, lab.Machine(), run.Figures(), l.Targets.Asked()}, nil
}

// read is what was kept; nothing where there is no file yet.
func read(file string) (measurements, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var ms measurements
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var m measurement
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		ms = append(ms, m)
	}
	return ms, lines.Err()
}

func keep(file string, m measurement) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}
