package lab

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// A Service is what takes the load. Its processes are stopped by Close, the last
// one first.
type Service struct {
	URL     string   // of POST /check
	Worker  string   // address of its gRPC, where it has a worker that is hc's
	Metrics []string // URLs of /metrics

	running []*process
}

// Close stops the processes of the service.
func (s *Service) Close() error {
	var err error
	for _, p := range slices.Backward(s.running) {
		err = errors.Join(err, p.stop())
	}
	s.running = nil
	return err
}

// An Arrangement is a service to start.
type Arrangement struct {
	Straight bool // the straightforward service, and not hc
	Redis    bool // the worker has a cache in Redis
	Front    bool // hc's gateway has a memory in front of the worker
	One      bool // hc's gateway and engine in one process, with a memory
}

// Start starts a service with an empty cache.
func (l *Lab) Start(ctx context.Context, a Arrangement) (*Service, error) {
	s := &Service{}
	start := l.startHC
	if a.Straight {
		start = l.startStraight
	}
	if err := start(ctx, a, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// run starts a process that listens on a free address, which it is told by what
// argv makes of it.
func (l *Lab) run(ctx context.Context, s *Service, argv func(addr string) []string) (addr string, err error) {
	if addr, err = freeAddress(); err != nil {
		return "", err
	}
	p, err := start(ctx, l.dir, addr, argv(addr)...)
	if err != nil {
		return "", err
	}
	s.running = append(s.running, p)
	return addr, nil
}

// redis starts a Redis of the service's own that saves nothing, within the memory
// and with the policy that docs/service.md advises.
func (l *Lab) redis(ctx context.Context, s *Service) (addr string, err error) {
	return l.run(ctx, s, func(addr string) []string {
		host, port, _ := strings.Cut(addr, ":")
		return []string{
			"redis-server", "--bind", host, "--port", port, "--save", "", "--appendonly", "no",
			"--dir", l.dir, "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru",
		}
	})
}

func (l *Lab) startHC(ctx context.Context, a Arrangement, s *Service) error {
	if a.One {
		return l.gateway(ctx, s, "--cache", "memory")
	}
	store := "off"
	if a.Redis {
		addr, err := l.redis(ctx, s)
		if err != nil {
			return err
		}
		store = "redis://" + addr + "/0"
	}
	worker, err := l.hc(ctx, s, "worker", "--cache", store)
	if err != nil {
		return err
	}
	s.Worker = worker
	front := "off"
	if a.Front {
		front = "memory"
	}
	return l.gateway(ctx, s, "--cache", front, "--workers", worker)
}

func (l *Lab) gateway(ctx context.Context, s *Service, args ...string) error {
	addr, err := l.hc(ctx, s, "gateway", args...)
	s.URL = "http://" + addr + "/check"
	return err
}

// hc starts `hc serve KIND`, which may ask the targets, ends at once when it is
// told to, and logs warnings only: its log is read by nobody.
func (l *Lab) hc(ctx context.Context, s *Service, kind string, args ...string) (addr string, err error) {
	admin, err := freeAddress()
	if err != nil {
		return "", err
	}
	addr, err = l.run(ctx, s, func(addr string) []string {
		return append([]string{
			l.program("hc"), "serve", kind, "--listen", addr, "--admin-listen", admin,
			"--allow-cidr", "127.0.0.0/8", "--drain-delay", "0", "--quiet",
		}, args...)
	})
	s.Metrics = append(s.Metrics, "http://"+admin+"/metrics")
	return addr, err
}

func (l *Lab) startStraight(ctx context.Context, a Arrangement, s *Service) error {
	var cached []string
	if a.Redis {
		addr, err := l.redis(ctx, s)
		if err != nil {
			return err
		}
		cached = []string{"-redis", addr}
	}
	worker, err := l.run(ctx, s, func(addr string) []string {
		return append([]string{l.program("straight"), "worker", "-listen", addr}, cached...)
	})
	if err != nil {
		return err
	}
	addr, err := l.run(ctx, s, func(addr string) []string {
		return []string{l.program("straight"), "gateway", "-listen", addr, "-worker", worker}
	})
	s.URL = "http://" + addr + "/check"
	return err
}
