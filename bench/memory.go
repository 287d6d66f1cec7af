package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// memoryPipe holds the memory of a long stream against that of a short one.
func memoryPipe(ctx context.Context, l *lab) (findings, error) {
	const few = 100_000
	many := l.size(10_000_000, 1_000_000)
	var f findings
	var peaks []float64
	for _, n := range []int{few, many} {
		s, sum, err := l.pipe(ctx, n)
		if err != nil {
			return findings{}, err
		}
		f.verdicts = append(f.verdicts, sum.all(n))
		peaks = append(peaks, float64(s.peak))
		f.standings = append(f.standings, standing{
			name: fmt.Sprintf("hc, %d lines", n), rate: float64(n) / s.wall.Seconds(),
			cpu: s.cpu / time.Duration(n), peak: float64(s.peak), passed: share(sum.Pass, n),
		})
	}
	grown := atMost(peak, fmt.Sprintf("%d lines'", few), 1.25)
	f.verdicts = append(f.verdicts, grown.judge([]float64{peaks[1] / peaks[0]}, l.slack))
	return f, nil
}

// pipe sends n lines through hc and lets the cache answer, so that the stream is
// as fast as it gets and its length is all that differs.
func (l *lab) pipe(ctx context.Context, n int) (sample, summary, error) {
	line := over("http", l.target.fast, 1_000)
	repeats := func(i int) string { return line(i % 1_000) }
	said := &tail{max: 64 << 10}
	s, err := child(ctx, l.dir, []string{l.dir + "/hc", "check", "-", "-f", "jsonl", "--no-dedup", "--cache", "memory", "-c", "256"}, &lines{n: n, line: repeats}, said)
	if err != nil {
		return s, summary{}, err
	}
	sum, err := summaryOf(said)
	if err != nil {
		err = fmt.Errorf("%w (exit %d: %s)", err, s.exit, s.stderr)
	}
	return s, sum, err
}

// memoryDedup reads lists of distinct URLs with and without dropping
// duplicates. Sets grow in steps, so one length says little: the worst counts.
func memoryDedup(ctx context.Context, l *lab) (findings, error) {
	sizes := []int{1_000_000, 1_500_000, 2_000_000, 4_000_000}
	if l.short {
		sizes = sizes[:2]
	}
	var perURL []float64
	for _, n := range sizes {
		var peaks []float64
		for _, flag := range []string{"--no-dedup=false", "--no-dedup"} {
			s, err := child(ctx, l.dir, []string{l.dir + "/hc", "check", "-", "-n", flag}, &lines{n: n, line: over("https", 443, n)}, nil)
			if err == nil && s.exit != 0 {
				err = fmt.Errorf("hc check -n: exit %d: %s", s.exit, s.stderr)
			}
			if err != nil {
				return findings{}, err
			}
			peaks = append(peaks, float64(s.peak))
		}
		perURL = append(perURL, (peaks[0]-peaks[1])/float64(n))
	}
	var f findings
	for i, bytes := range perURL {
		f.verdicts = append(f.verdicts, verdict{
			bar:      fmt.Sprintf("%d distinct URLs: ≤ 40 bytes each", sizes[i]),
			measured: fmt.Sprintf("%.1f", bytes),
			ok:       bytes <= 40,
		})
	}
	return f, nil
}

// summary is the line that ends a JSONL stream.
type summary struct {
	Type        string
	Total, Pass int
}

func summaryOf(out *tail) (summary, error) {
	last := out.buf[bytes.LastIndexByte(bytes.TrimSpace(out.buf), '\n')+1:]
	var s summary
	if err := json.Unmarshal(last, &s); err != nil || s.Type != "summary" {
		return s, fmt.Errorf("the last line is no summary: %q", last)
	}
	return s, nil
}

// all is the verdict on whether each of n lines has its result, a pass.
func (s summary) all(n int) verdict {
	return verdict{
		bar:      fmt.Sprintf("%d lines, each with its result", n),
		measured: fmt.Sprintf("%d passed of %d", s.Pass, s.Total),
		ok:       s.Pass == n && s.Total == n,
	}
}

// lines is a Reader of n lines that never stand in memory together.
type lines struct {
	n    int
	line func(i int) string
	i    int
	rest []byte
}

// Read gives the next bytes, io.EOF after the last line.
func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) < len(p) && l.i < l.n {
		l.rest = append(append(l.rest, l.line(l.i)...), '\n')
		l.i++
	}
	if len(l.rest) == 0 && l.i == l.n {
		return 0, io.EOF
	}
	n := copy(p, l.rest)
	l.rest = l.rest[:copy(l.rest, l.rest[n:])]
	return n, nil
}
