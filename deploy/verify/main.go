// Command verify holds deploy/prometheus and deploy/grafana against what they are
// made for. It runs in deploy/verify, below the repository's root.
//
//	go run . write                                      the dashboards' JSON, from boards/
//	go run . check                                      what can be seen without a Prometheus
//	go run . live -prom URL [-skip BOARD[/PANEL]=WHY]   every panel shows something there
//	go run . lab [-for 90s] [-pictures DIR]             the same in processes started here
//	go run . draw -prom URL -for 5m -pictures DIR BOARD pictures of what is there
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hc-health/hc/deploy/verify/boards"
	"github.com/hc-health/hc/deploy/verify/draw"
	"github.com/hc-health/hc/deploy/verify/lab"
	"github.com/hc-health/hc/deploy/verify/lint"
	"github.com/hc-health/hc/deploy/verify/live"
)

const (
	deploy = ".."    // from here
	repo   = "../.." // from here
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

// settings are the flags of all words.
type settings struct {
	prom     string
	patience time.Duration
	skip     reasons
	during   time.Duration
	pictures string
	boards   []string
}

func run(ctx context.Context, args []string) error {
	word := ""
	if len(args) > 0 {
		word, args = args[0], args[1:]
	}
	s := settings{skip: reasons{}}
	fs := flag.NewFlagSet(word, flag.ContinueOnError)
	fs.StringVar(&s.prom, "prom", "http://127.0.0.1:9093", "`URL` of Prometheus")
	fs.DurationVar(&s.patience, "wait", time.Minute, "how long panels have to fill")
	fs.Var(s.skip, "skip", "`BOARD[/PANEL]=WHY` it may be empty; may repeat")
	fs.DurationVar(&s.during, "for", 90*time.Second, "how long the lab runs, or what is drawn")
	fs.StringVar(&s.pictures, "pictures", "", "`DIR` for pictures")
	if err := fs.Parse(args); err != nil {
		return err
	}
	s.boards = fs.Args()
	switch word {
	case "write":
		return write()
	case "check":
		return check(ctx)
	case "live":
		return live.Check(ctx, s.prom, boards.All(), s.skip, s.patience)
	case "lab":
		return s.lab(ctx)
	case "draw":
		return s.draw(ctx, s.prom, s.during)
	default:
		return fmt.Errorf("%q is none of write, check, live, lab and draw", word)
	}
}

// reasons are why panels may be empty, by "board" or "board/panel".
type reasons map[string]string

// String implements [flag.Value].
func (r reasons) String() string { return "" }

// Set implements [flag.Value].
func (r reasons) Set(text string) error {
	panel, why, _ := strings.Cut(text, "=")
	if why == "" {
		return errors.New("say why after a =")
	}
	r[panel] = why
	return nil
}

func write() error {
	for _, b := range boards.All() {
		text, err := b.JSON()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(deploy, "grafana/dashboards", b.Name+".json"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func check(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "hc-check-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	known, err := lint.Known(ctx, dir, repo)
	if err != nil {
		return err
	}
	problems, err := lint.Problems(deploy, known)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	fmt.Printf("%d dashboards and the rules are sound\n", len(boards.All()))
	return nil
}

// lab runs all of it here, looks at every panel, and draws.
func (s settings) lab(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "hc-lab-")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	l, err := lab.Start(ctx, dir, repo)
	defer l.Stop()
	defer cancel()
	if err != nil {
		return err
	}
	traffic, end := context.WithTimeout(ctx, s.during)
	defer end()
	var asking errgroup.Group
	asking.Go(func() error { return l.Traffic(traffic) })
	fmt.Printf("traffic for %s; Prometheus is at %s, logs are in %s\n", s.during, l.Prometheus, dir)
	s.skip["containers"] = "there are none here"
	<-traffic.Done()
	if err := errors.Join(asking.Wait(), live.Check(ctx, l.Prometheus, boards.All(), s.skip, 0)); err != nil {
		return err
	}
	if s.pictures != "" {
		s.boards = []string{"overview", "worker", "targets"}
		if err := s.draw(ctx, l.Prometheus, s.during-warmUp); err != nil {
			return err
		}
	}
	cancel()
	l.Stop()
	fmt.Println("every panel of overview, worker and targets shows something")
	return os.RemoveAll(dir)
}

// warmUp is how long the first rates take to be there, which is not drawn.
const warmUp = 30 * time.Second

// points of a line in a picture: one for each 4 pixels.
const points = 90

// draw writes a picture of each board that is named, or of all.
func (s settings) draw(ctx context.Context, prom string, over time.Duration) error {
	p, err := live.Connect(prom, over, points)
	if err != nil {
		return err
	}
	from, to := p.Span()
	for _, b := range boards.All() {
		if len(s.boards) > 0 && !slices.Contains(s.boards, b.Name) {
			continue
		}
		source, err := p.Source(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		picture, err := draw.Board(b, from, to, source)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		if err := os.WriteFile(filepath.Join(s.pictures, b.Name+".svg"), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}
