package main

import (
	"context"
	"fmt"
)

// redisServer is a real Redis on a port of its own that saves nothing to disk.
type redisServer struct{ *daemon }

func (l *lab) startRedis(ctx context.Context) (*redisServer, error) {
	d, err := l.start(ctx, "redis-server", "--bind", "127.0.0.1", "--port", "PORT", "--save", "", "--loglevel", "warning")
	if err != nil {
		return nil, fmt.Errorf("%w: run scripts/deps.sh redis-server", err)
	}
	return &redisServer{d}, nil
}

func (r *redisServer) url() string { return "redis://" + r.addr }
