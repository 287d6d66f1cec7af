package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// A lab is what every scenario works with: the programs, the target, and how
// thorough to be.
type lab struct {
	dir    string // for everything written; removed in the end
	rounds int    // of each measurement, interleaved
	short  bool   // smaller lists
	slack  float64
	target *nginx
	fresh  *supply // of URLs that nobody has asked for
}

// openLab builds the programs and starts the target. It runs in the root of the
// repository.
func openLab(ctx context.Context, l lab) (*lab, error) {
	dir, err := os.MkdirTemp("", "hc-bench-")
	if err != nil {
		return nil, err
	}
	l.dir, l.fresh = dir, &supply{}
	l.target, err = startNginx(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := l.build(ctx); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return &l, nil
}

func (l *lab) close() error {
	return errors.Join(l.target.stop(), os.RemoveAll(l.dir))
}

func (l *lab) build(ctx context.Context) error {
	return errors.Join(
		l.goBuild(ctx, ".", "./cmd/hc", "./bench/peers/minimal", "./bench/peers/raw", "./bench/peers/bare"),
		l.goBuild(ctx, "bench/peers/fasthttp", "."),
		l.goBuild(ctx, "bench/peers/straight", "."),
	)
}

// goBuild builds programs of the module in dir.
func (l *lab) goBuild(ctx context.Context, dir string, programs ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"-C", dir, "build", "-o", l.dir + "/"}, programs...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %v in %s: %w", programs, dir, err)
	}
	return nil
}

// size is full, or short in a short run.
func (l *lab) size(full, short int) int {
	if l.short {
		return short
	}
	return full
}

// list writes n lines to a file and gives its path.
func (l *lab) list(name string, n int, line func(i int) string) (string, error) {
	file := filepath.Join(l.dir, name+".txt")
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintln(w, line(i)) // a Writer keeps its first error for Flush
	}
	return file, errors.Join(w.Flush(), f.Close())
}

// host is the address of the h-th host, 0 to 2²³: 127.1.0.0 and on.
func host(h int) string {
	return fmt.Sprintf("127.%d.%d.%d", 1+h>>16, h>>8&255, h&255)
}

// over gives line i of a list that goes round n hosts again and again, with
// another path each time, so that no two lines are the same.
func over(scheme string, port, n int) func(i int) string {
	return func(i int) string {
		return fmt.Sprintf("%s://%s:%d/%d", scheme, host(i%n), port, i/n)
	}
}
