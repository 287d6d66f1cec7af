package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// memoryCosts are what a gateway and a worker hold in memory while they hold
// something for others.
func memoryCosts(ctx context.Context, l *lab) ([]cost, error) {
	r := &rack{lab: l}
	defer r.stop()
	worker, err := r.start(ctx, "hc", loopback("serve", "worker", "--listen", "ADDR", "--timeout", "30s")...)
	if err != nil {
		return nil, err
	}
	gateway, err := l.inFront(ctx, r, worker)
	if err != nil {
		return nil, err
	}
	idle, err := residents(gateway, worker)
	if err != nil {
		return nil, err
	}
	all := []cost{
		{"gateway, idle", idle[0] / (1 << 20), "MiB"},
		{"worker, idle", idle[1] / (1 << 20), "MiB"},
	}

	const callers = 2000
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range callers {
		c, err := net.Dial("tcp4", gateway.addr)
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
		if _, err := fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: hc\r\n\r\n"); err != nil {
			return nil, err
		}
		if _, err := c.Read(make([]byte, 1024)); err != nil {
			return nil, err
		}
	}
	connected, err := residents(gateway, worker)
	if err != nil {
		return nil, err
	}
	all = append(all, cost{"gateway, a caller's idle connection", (connected[0] - idle[0]) / callers / 1024, "KiB"})

	held, err := l.pending(ctx, gateway, worker)
	if err != nil {
		return nil, err
	}
	return append(all,
		cost{"gateway, a URL that waits", (held[0] - connected[0]) / pendingURLs / 1024, "KiB"},
		cost{"worker, a URL that waits", (held[1] - connected[1]) / pendingURLs / 1024, "KiB"}), nil
}

const pendingURLs = 16_000

// pending gives what both hold while URLs wait for a host that says nothing.
func (l *lab) pending(ctx context.Context, gateway, worker *daemon) ([]float64, error) {
	// Nobody accepts: the system connects, and that is all.
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer silent.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	for batch := range pendingURLs / batchURLs {
		urls := make([]string, batchURLs)
		for i := range urls {
			urls[i] = fmt.Sprintf("http://%s/%d", silent.Addr(), batch*batchURLs+i)
		}
		body, err := json.Marshal(map[string]any{"urls": urls})
		if err != nil {
			return nil, err
		}
		g.Go(func() error {
			_, err := post(ctx, "http://"+gateway.addr+"/check", body)
			if ctx.Err() == nil {
				return errors.Join(errors.New("a batch did not wait"), err)
			}
			return nil
		})
	}
	wait(ctx, 4*time.Second)
	held, err := residents(gateway, worker)
	if err != nil {
		return nil, err
	}
	stop()
	return held, g.Wait()
}

// residents are the bytes that the processes have in memory.
func residents(ds ...*daemon) ([]float64, error) {
	bytes := make([]float64, len(ds))
	for i, d := range ds {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
		if err != nil {
			return nil, err
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		var kib float64
		if _, err := fmt.Sscan(rest, &kib); err != nil {
			return nil, fmt.Errorf("VmRSS of %d: %w", d.cmd.Process.Pid, err)
		}
		bytes[i] = kib * 1024
	}
	return bytes, nil
}
