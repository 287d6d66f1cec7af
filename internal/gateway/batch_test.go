package gateway

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// TestEqualItemsArePairedInTheirOrder, whatever they are hashed with.
func TestEqualItemsArePairedInTheirOrder(t *testing.T) {
	for _, row := range []struct {
		name  string
		batch *batch
	}{{"hashed", newBatch()}, {"all with one hash", new(batch)}} {
		t.Run(row.name, func(t *testing.T) {
			b := row.batch
			for round, n := range []int{1, 2, 3, 7, 8, 100, 1000, 100} {
				random := rand.New(rand.NewPCG(1, uint64(round)))
				for range n {
					url := fmt.Sprintf("https://host%d.test/", random.IntN(n))
					b.targets = append(b.targets, check.Target{URL: url, Timeout: time.Duration(random.IntN(2))})
					b.keys = append(b.keys, b.targets[len(b.targets)-1].Key())
				}
				b.pair()
				type identity struct {
					key     check.Key
					timeout time.Duration
				}
				last, leaders := map[identity]int{}, 0
				for i := range b.targets {
					id := identity{b.keys[i], b.targets[i].Timeout}
					if before, equal := last[id]; !equal {
						if leaders >= len(b.leaders) || b.leaders[leaders] != int32(i) {
							t.Fatalf("%d items: item %d equals none before it, and does not lead: %v", n, i, b.leaders)
						}
						leaders++
					} else if b.again[before] != int32(i) {
						t.Fatalf("%d items: after item %d comes %d, want %d", n, before, b.again[before], i)
					}
					last[id] = i
				}
				for _, i := range last {
					if b.again[i] != 0 {
						t.Fatalf("%d items: item %d is the last, and %d follows", n, i, b.again[i])
					}
				}
				if leaders != len(b.leaders) || n-leaders != b.duplicates() {
					t.Fatalf("%d items: %d leaders and %d duplicates, want %d leaders", n, len(b.leaders), b.duplicates(), leaders)
				}
				b.reset()
			}
		})
	}
}
