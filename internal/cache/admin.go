package cache

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Stats is what a shared cache holds and how well it serves. All but Results
// are the whole server's, other users of it included; of a cluster, the sum over
// its masters.
type Stats struct {
	Results int64 // of this version of the program
	Bytes   int64 // used_memory
	Hits    int64 // keyspace_hits since the server started
	Misses  int64 // keyspace_misses
	Evicted int64 // evicted_keys: keys that went before their time, for want of memory
}

// HitRatio is hits among look-ups, 0 to 1; 0 where there were none.
func (s Stats) HitRatio() float64 {
	if s.Hits == 0 {
		return 0
	}
	return float64(s.Hits) / float64(s.Hits+s.Misses)
}

// scanCount keys are gone through in one round trip.
const scanCount = 1000

// Stats counts what s holds. It goes through all keys of the server, 1000 at a
// time, without keeping it from its work.
func (s *Redis) Stats(ctx context.Context) (Stats, error) {
	var sum [5]atomic.Int64
	err := s.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		info, err := c.Info(ctx, "memory", "stats").Result()
		if err != nil {
			return err
		}
		for i, name := range [...]string{"used_memory", "keyspace_hits", "keyspace_misses", "evicted_keys"} {
			sum[i].Add(infoNumber(info, name))
		}
		return eachResult(ctx, c, func(keys []string) error {
			for _, key := range keys {
				if !strings.HasSuffix(key, lockSuffix) {
					sum[4].Add(1)
				}
			}
			return nil
		})
	})
	if err != nil {
		return Stats{}, fmt.Errorf("reading the shared cache: %w", err)
	}
	return Stats{
		Bytes: sum[0].Load(), Hits: sum[1].Load(), Misses: sum[2].Load(), Evicted: sum[3].Load(), Results: sum[4].Load(),
	}, nil
}

// Purge removes all results, and the leases of running checks, and tells how many
// results there were. Other keys of the server stay. What it removed before an error
// stays removed, and is counted.
func (s *Redis) Purge(ctx context.Context) (removed int64, err error) {
	var sum atomic.Int64
	err = s.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		return eachResult(ctx, c, func(keys []string) error {
			cmds, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for _, key := range keys {
					p.Unlink(ctx, key)
				}
				return nil
			})
			for i, cmd := range cmds {
				if n, ok := cmd.(*redis.IntCmd); ok && !strings.HasSuffix(keys[i], lockSuffix) {
					sum.Add(n.Val())
				}
			}
			return err
		})
	})
	if err != nil {
		err = fmt.Errorf("emptying the shared cache: %w", err)
	}
	return sum.Load(), err
}

// eachMaster calls f for every server that holds a part of the keys, at the same
// time where there are several.
func (s *Redis) eachMaster(ctx context.Context, f func(context.Context, *redis.Client) error) error {
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, f)
	case *redis.Client:
		return f(ctx, c)
	default:
		return fmt.Errorf("no way to go through the keys of a %T", c)
	}
}

// eachResult calls f with the keys of c that are ours, some at a time, perhaps
// one of them twice.
func eachResult(ctx context.Context, c *redis.Client, f func(keys []string) error) error {
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		keys, next, err := c.Scan(ctx, cursor, keyPrefix+"*", scanCount).Result()
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := f(keys); err != nil {
				return err
			}
		}
		cursor = next
	}
	return nil
}

// infoNumber finds "name:123" in the text of INFO.
func infoNumber(info, name string) int64 {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n
		}
	}
	return 0
}
