package main

import (
	"context"
	"strconv"
	"time"
)

// shotLong is how long wrk asks a service in each round of a comparison.
const shotLong = time.Second

// probeSweep compares /probe.
func (l *lab) probeSweep() sweep {
	s := sweep{
		name: "probe", title: "/probe", axis: "connections, targets", unit: "probes", linear: true,
		says: "wrk asks for a probe per request, of a thousand hosts in turn. blackbox_exporter is Debian's, tuned with GOGC=400.",
	}
	for i, kind := range []struct {
		label       string
		connections int
		port        int
	}{{"16", 16, l.target.fast}, {"64", 64, l.target.fast}, {"256", 256, l.target.fast}, {"64, 5 ms", 64, l.target.brisk}, {"64, 50 ms", 64, l.target.slow}} {
		if l.short && i != 1 {
			continue
		}
		s.points = append(s.points, point{label: kind.label, x: float64(len(s.points)), cell: contestCell(1, kind.connections, func(ctx context.Context, l *lab, r *rack) (contest, error) {
			return l.probedTuned(ctx, r, kind.port)
		})})
	}
	return s
}

// probedTuned is [lab.probed] with another exporter that collects less often.
func (l *lab) probedTuned(ctx context.Context, r *rack, port int) (contest, error) {
	c, err := l.probed(ctx, r, port)
	if err != nil {
		return c, err
	}
	d, err := r.start(ctx, "env", "GOGC=400", "prometheus-blackbox-exporter", "--web.listen-address", "ADDR", "--config.file", l.dir+"/blackbox.yml")
	if err != nil {
		return c, err
	}
	c.services = append(c.services, probing(blackbox+", tuned", d, probePath(0, port)))
	return c, nil
}

// stackSweep compares gateway, gRPC, worker and Redis.
func (l *lab) stackSweep() sweep {
	s := sweep{
		name: "service", title: "Gateway, gRPC, worker and Redis, all hits", axis: "URLs in a request", unit: "URLs",
		says: "wrk asks over 64 connections. The straightforward service is tuned with GOGC=400, gateway and worker.",
	}
	for _, n := range []int{1, 10, 100} {
		if l.short && n != 10 {
			continue
		}
		s.points = append(s.points, point{label: strconv.Itoa(n), x: float64(n), cell: contestCell(n, connections, func(ctx context.Context, l *lab, r *rack) (contest, error) {
			return l.stackedTuned(ctx, r, n)
		})})
	}
	return s
}

// stackedTuned is [lab.stacked] with another straightforward service that collects
// less often, on the same Redis.
func (l *lab) stackedTuned(ctx context.Context, r *rack, n int) (contest, error) {
	redis, err := r.redis(ctx)
	if err != nil {
		return contest{}, err
	}
	c, err := l.stacked(ctx, r, redis, n)
	if err != nil {
		return c, err
	}
	plain, err := l.straight(ctx, r, redis, "GOGC=400")
	if err != nil {
		return c, err
	}
	body, err := l.urlsOf(n)
	if err != nil {
		return c, err
	}
	s := checkingStraight(plain[0], body, n)
	s.name, s.daemons = s.name+", tuned", plain
	c.services = append(c.services, s)
	_, err = settled(ctx, s.url, body, s.proof)
	return c, err
}
