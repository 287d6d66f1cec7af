// Package cache remembers results for a while: in memory, in Redis, and in
// memory over Redis. [Through] puts a [Store] in front of a [check.Runner].
//
// A cache never changes a verdict. One that is down, hung, full, read-only or
// filled with garbage is an empty cache: counted, and logged once a minute.
package cache

import (
	"context"

	"github.com/hc-health/hc/internal/check"
)

// A Store remembers results by [check.Target.Key]. It takes and gives groups
// only, so that a round trip per target cannot even be written. It is safe for
// concurrent use.
type Store interface {
	// Load gives len(ts) results, that of ts[i] at i, beside an error too. One
	// whose CheckedAt is zero is a miss: not held, no longer good, older than
	// ts[i].MaxAge, or not to be read because of the error. A hit has ts[i] as
	// its Target, Cached set, CacheAge, and the default outcome of its reason,
	// since the reader's policy may differ from the writer's.
	Load(ctx context.Context, ts []check.Target) ([]check.Result, error)

	// Save keeps those of rs that are [Cacheable], each for its [TTL]. The error
	// says that some could not be written.
	Save(ctx context.Context, rs []check.Result) error
}

// A peeker is a Store that can be looked into a second time without counting
// the look-up again.
type peeker interface {
	peek(ctx context.Context, ts []check.Target) ([]check.Result, error)
}

// An Observer is told what the caches do. Nil funcs are not called; the others
// are called from many goroutines and return at once.
type Observer struct {
	// Requests counts n look-ups of a tier, "memory" or "redis", by their result:
	// "hit", "miss", "error" (could not be asked), or, after a miss, "coalesced":
	// answered by an equal target's check, in this process (memory) or in another
	// one (redis).
	Requests func(tier, result string, n int)
	// Up reports each change of whether the shared cache answers.
	Up func(up bool)
	// Dropped counts results that were to be kept and could not be.
	Dropped func(n int)
}

// The two tiers, as metric labels.
const (
	tierMemory = "memory"
	tierRedis  = "redis"
)

func (o Observer) requests(tier, result string, n int) {
	if o.Requests != nil && n > 0 {
		o.Requests(tier, result, n)
	}
}

func (o Observer) up(up bool) {
	if o.Up != nil {
		o.Up(up)
	}
}

func (o Observer) dropped(n int) {
	if o.Dropped != nil && n > 0 {
		o.Dropped(n)
	}
}

// looked counts a look-up that gave rs, of which failed could not be asked for.
func (o Observer) looked(tier string, rs []check.Result, failed int) {
	hit := 0
	for i := range rs {
		if !rs[i].CheckedAt.IsZero() {
			hit++
		}
	}
	o.requests(tier, "hit", hit)
	o.requests(tier, "error", failed)
	o.requests(tier, "miss", len(rs)-hit-failed)
}
