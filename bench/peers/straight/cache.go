package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// cache keeps a result per URL in Redis, as JSON. Its trouble is a miss.
type cache struct {
	client *redis.Client
	ttl    time.Duration
}

func key(url string) string { return "straight:" + url }

func (c *cache) get(ctx context.Context, url string) (result, bool) {
	var res result
	value, err := c.client.Get(ctx, key(url)).Bytes()
	if err == nil {
		err = json.Unmarshal(value, &res)
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		slog.Warn("the cache could not be read", "cause", err)
	}
	return res, err == nil
}

func (c *cache) set(ctx context.Context, res result) {
	value, err := json.Marshal(res)
	if err == nil {
		err = c.client.Set(ctx, key(res.URL), value, c.ttl).Err()
	}
	if err != nil {
		slog.Warn("the cache could not be written", "cause", err)
	}
}
