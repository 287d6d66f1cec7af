package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
)

// redisServer is a real Redis on a port of its own that saves nothing to disk.
type redisServer struct {
	cmd  *exec.Cmd
	addr string
}

func startRedis(ctx context.Context, dir string) (*redisServer, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	r := &redisServer{addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))}
	r.cmd = exec.CommandContext(ctx, "redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(ports[0]),
		"--save", "", "--appendonly", "no", "--dir", dir, "--loglevel", "warning")
	r.cmd.Stderr = os.Stderr
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Redis: %w: run scripts/deps.sh redis-server", err)
	}
	err = until(ctx, func() error {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("no answer from Redis: %w", err), r.stop())
	}
	return r, nil
}

func (r *redisServer) url() string { return "redis://" + r.addr }

// stop ends the server. It is killed: nothing of it is kept.
func (r *redisServer) stop() error {
	if err := r.cmd.Process.Kill(); err != nil {
		return err
	}
	if exited := (*exec.ExitError)(nil); !errors.As(r.cmd.Wait(), &exited) {
		return errors.New("redis-server ended before it was stopped")
	}
	return nil
}
