// Command watching measures what metrics and traces cost a hot gateway: the same
// gateway without either, with metrics, and with metrics and traces of 1 % of its
// requests, take turns under wrk. It prints the medians and the medians of the
// rounds' ratios, and exits 1 where the last costs more than 5 %.
//
// It needs wrk, and runs in the root of the repository: go run ./bench/watching -h.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// modes are what is compared, each with all of those before it. What the second
// seems to cost is what cannot be told from nothing.
func modes() []string { return []string{"bare", "bare again", "metrics", "traces"} }

// most is what watching may cost of a hot gateway's throughput.
const most = 0.05

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "watching:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("watching", flag.ContinueOnError)
	rounds := flags.Int("rounds", 11, "rounds; the medians count")
	lasts := flags.Int("lasts", 3, "seconds of each run of wrk")
	urls := flags.Int("urls", 1, "URLs of a request")
	as := flags.String("serve", "", "be a gateway that is watched so: bare, metrics or traces (for itself)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *as != "" {
		return serve(ctx, *as)
	}
	l, err := openLab(ctx, *urls)
	if err != nil {
		return err
	}
	defer l.close()
	found := map[string][]float64{}
	for range *rounds {
		turns := modes()
		rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for _, mode := range turns {
			rate, err := l.load(ctx, mode, *lasts)
			if err != nil {
				return err
			}
			found[mode] = append(found[mode], rate)
		}
	}
	return tell(found, l.spans())
}

// tell prints the table.
func tell(found map[string][]float64, spans int64) error {
	fmt.Printf("| watched by | requests/s | of bare | of the row above |\n|---|---:|---:|---:|\n")
	above, cost := modes()[0], 0.0
	for _, mode := range modes() {
		ofBare := ratio(found[mode], found["bare"])
		fmt.Printf("| %s | %.0f | %s | %s |\n", mode, median(found[mode]), ofBare, ratio(found[mode], found[above]))
		above, cost = mode, 1-ofBare.median
	}
	fmt.Printf("\n%.1f MB of spans were sent\n", float64(spans)/1e6)
	if spans == 0 {
		return errors.New("no trace was sent: the figure says nothing")
	}
	if cost > most {
		return fmt.Errorf("watching costs %.1f %%, more than %.0f %%", 100*cost, 100*most)
	}
	return nil
}

// A spread is the median of ratios, and what they lie within.
type spread struct{ median, least, largest float64 }

func (s spread) String() string {
	return fmt.Sprintf("%.3f [%.3f–%.3f]", s.median, s.least, s.largest)
}

func ratio(a, b []float64) spread {
	rs := make([]float64, len(a))
	for i := range a {
		rs[i] = a[i] / b[i]
	}
	return spread{median(rs), slices.Min(rs), slices.Max(rs)}
}

func median(xs []float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[len(sorted)/2]
}

// A lab has a target, a collector, a gateway for each mode and wrk's script.
type lab struct {
	dir       string
	target    *httptest.Server
	collector *collector
	gateways  map[string]*gateway
}

func openLab(ctx context.Context, urls int) (_ *lab, err error) {
	l := &lab{target: httptest.NewServer(http.NotFoundHandler()), collector: newCollector(), gateways: map[string]*gateway{}}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.dir, err = os.MkdirTemp("", "watching"); err != nil {
		return nil, err
	}
	quoted := make([]string, urls)
	for i := range quoted {
		quoted[i] = strconv.Quote(l.target.URL + "/" + strconv.Itoa(i))
	}
	script := "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = '{\"urls\":[" + strings.Join(quoted, ",") + "]}'\n"
	if err = os.WriteFile(filepath.Join(l.dir, "post.lua"), []byte(script), 0o600); err != nil {
		return nil, err
	}
	for _, mode := range modes() {
		if l.gateways[mode], err = start(ctx, mode, l.collector.server.URL); err != nil {
			return nil, err
		}
		if _, err = l.load(ctx, mode, 1); err != nil { // fills the cache
			return nil, err
		}
	}
	return l, nil
}

func (l *lab) close() {
	for _, g := range l.gateways {
		g.stop()
	}
	l.target.Close()
	l.collector.server.Close()
	_ = os.RemoveAll(l.dir)
}

func (l *lab) spans() int64 { return l.collector.bytes.Load() }

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	badLine  = regexp.MustCompile(`Non-2xx|Socket errors`)
)

// load gives the requests a second that mode's gateway answers.
func (l *lab) load(ctx context.Context, mode string, lasts int) (float64, error) {
	out, err := exec.CommandContext(ctx, "wrk", "-t2", "-c64", fmt.Sprintf("-d%ds", lasts), "-s", filepath.Join(l.dir, "post.lua"),
		"http://"+l.gateways[mode].address+"/check").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	found := rateLine.FindSubmatch(out)
	if found == nil || badLine.Match(out) {
		return 0, fmt.Errorf("wrk on %s:\n%s", mode, out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// A gateway is one in a process of its own.
type gateway struct {
	cmd     *exec.Cmd
	address string
}

func start(ctx context.Context, mode, collector string) (*gateway, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := &gateway{cmd: exec.CommandContext(ctx, exe, "-serve", mode)}
	g.cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+collector)
	g.cmd.Stderr = os.Stderr
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	g.address = strings.TrimSpace(line)
	return g, nil
}

func (g *gateway) stop() {
	if g != nil {
		_ = g.cmd.Process.Signal(syscall.SIGTERM)
		_ = g.cmd.Wait()
	}
}
