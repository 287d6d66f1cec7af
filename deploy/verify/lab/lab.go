// Package lab starts all of it here: Redis, two workers, a gateway, pages to
// check, a Prometheus by deploy/prometheus, and somebody who asks. Containers are
// not part of it; docker-compose.yml has those.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A Lab is a directory of processes that end with the context they began with.
type Lab struct {
	dir     string // of this run, with a log per process
	repo    string // the repository
	port    string // of the sites
	running []*process

	Prometheus string // its URL
	Gateway    string // its URL
}

type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended, with err
	err  error
}

// Start starts everything, in dir, and returns when all are ready. repo is the
// repository's root. Whatever was started ends with ctx: call Stop after that.
func Start(ctx context.Context, dir, repo string) (*Lab, error) {
	l := &Lab{dir: dir, repo: repo}
	if err := l.start(ctx); err != nil {
		return l, err
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context) error {
	hc, err := l.build(ctx)
	if err != nil {
		return err
	}
	ports, err := freePorts(8)
	if err != nil {
		return err
	}
	redis, w1, a1, w2, a2, gw, ga, prom := ports[0], ports[1], ports[2], ports[3], ports[4], ports[5], ports[6], ports[7]
	l.Gateway, l.Prometheus = "http://"+gw, "http://"+prom

	pages, err := l.pages(ctx)
	if err != nil {
		return err
	}
	l.port = pages.port
	_, redisPort, err := net.SplitHostPort(redis)
	if err != nil {
		return err
	}
	begin := func(name, program string, args ...string) {
		if err == nil {
			err = l.begin(ctx, name, program, args...)
		}
	}
	common := append([]string{"--allow-cidr", "127.0.0.0/8", "--drain-delay", "0"}, pages.resolve...)
	engine := append([]string{"--cache", "redis://" + redis + "/0", "--cache-ttl", ttl, "-c", "8"}, common...)
	begin("redis", "redis-server", "--port", redisPort, "--bind", "127.0.0.1", "--save", "", "--dir", l.dir)
	begin("worker1", hc, append([]string{"serve", "worker", "--listen", w1, "--admin-listen", a1}, engine...)...)
	begin("worker2", hc, append([]string{"serve", "worker", "--listen", w2, "--admin-listen", a2}, engine...)...)
	begin("gateway", hc, append([]string{
		"serve", "gateway", "--listen", gw, "--admin-listen", ga, "--workers", w1 + "," + w2,
		"--cache-ttl", ttl, "--probe-config", pages.modules,
	}, common...)...)
	if err != nil {
		return err
	}
	config, err := l.prometheusConfig(map[string][]string{
		"api-gateway": {ga}, "health-worker": {a1, a2}, "prometheus": {prom},
	}, gw, pages.probed)
	if err != nil {
		return err
	}
	if err := l.begin(ctx, "prometheus", "prometheus", "--config.file", config, "--storage.tsdb.path", filepath.Join(l.dir, "tsdb"), "--web.listen-address", prom); err != nil {
		return err
	}
	for _, url := range []string{l.Gateway + "/readyz", l.Prometheus + "/-/ready"} {
		if _, err := l.ready(ctx, url); err != nil {
			return err
		}
	}
	return nil
}

// build makes hc of the repository.
func (l *Lab) build(ctx context.Context) (string, error) {
	hc, err := filepath.Abs(filepath.Join(l.dir, "hc"))
	if err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", l.repo, "-o", hc, "./cmd/hc").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/hc: %w\n%s", err, out)
	}
	return hc, nil
}

// begin starts a program whose output goes to a file of its name.
func (l *Lab) begin(ctx context.Context, name, program string, args ...string) error {
	log, err := os.Create(filepath.Join(l.dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	l.running = append(l.running, p)
	return nil
}

// Stop waits for all processes to end, which they do with the context of Start.
func (l *Lab) Stop() {
	for _, p := range l.running {
		<-p.done
	}
}

// ttl is short, so that there is always something to ask.
const ttl = "pass=15s,fail=5s"

// readyWithin is generous: a busy machine of two cores starts Prometheus in 5 s.
const readyWithin = time.Minute

// ready gives what url answers as soon as it does with 200.
func (l *Lab) ready(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		text, err := get(ctx, url)
		if err == nil {
			return text, nil
		}
		for _, p := range l.running {
			select {
			case <-p.done:
				return "", fmt.Errorf("%s has ended (%w): see %s", p.name, p.err, filepath.Join(l.dir, p.name+".log"))
			default:
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("%s is not ready: %w; logs are in %s", url, err, l.dir)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status)
	}
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// freePorts are addresses of this machine that nobody listens on, for now.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close() // all together, so that no port is given twice
		ports = append(ports, ln.Addr().String())
	}
	return ports, nil
}
