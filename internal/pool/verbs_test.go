package pool

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// count gives 0 to n-1, a pause before each.
func count(n int, pause time.Duration) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if pause > 0 {
				time.Sleep(pause)
			}
			if !yield(i) {
				return
			}
		}
	}
}

func TestGroupsTakeWhatIsReadyFirst(t *testing.T) {
	for _, linger := range []time.Duration{0, time.Millisecond} {
		t.Run(fmt.Sprintf("linger %v", linger), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sizes []int
				for group := range Groups(t.Context(), count(65, 0), 8, linger) {
					sizes = append(sizes, len(group))
					// While the reader is busy, far longer than linger, the source runs
					// ahead; a timer that is due must not win over what is ready.
					time.Sleep(time.Second)
				}
				middle := sizes[1 : len(sizes)-1] // only of these is sure that 8 were ready
				if len(middle) < 7 || slices.Min(middle) != 8 {
					t.Errorf("groups of %v, want full ones between the first and the last", sizes)
				}
			})
		})
	}
}

func TestGroupsNeverHoldBackASlowSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const linger = 5 * time.Millisecond
		sent := make([]time.Time, 30)
		slow := func(yield func(int) bool) {
			for i := range sent {
				time.Sleep(3 * time.Millisecond)
				sent[i] = time.Now()
				if !yield(i) {
					return
				}
			}
			time.Sleep(time.Hour) // a pipe that stays open
		}
		got := 0
		for group := range Groups(t.Context(), slow, 1000, linger) {
			for _, i := range group {
				got++
				if late := time.Since(sent[i]); late > linger {
					t.Errorf("item %d came after %v, linger is %v", i, late, linger)
				}
			}
		}
		if got != len(sent) {
			t.Errorf("%d items, want %d", got, len(sent))
		}
	})
}

func TestGroupsStopWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		for range Groups(ctx, count(1_000_000, 10*time.Millisecond), 1000, time.Hour) {
			t.Error("a group after ctx ended")
		}
		if took := time.Since(begin); took > 1200*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// doubled answers each item with its double, d after the one before.
func doubled(d time.Duration) func(context.Context, []int) iter.Seq[int] {
	return func(ctx context.Context, group []int) iter.Seq[int] {
		return func(yield func(int) bool) {
			for _, i := range group {
				time.Sleep(d)
				if !yield(2 * i) {
					return
				}
			}
		}
	}
}

// parts gives the answers of f, n at a time.
func parts[In, Out any](n int, f func(context.Context, []In) iter.Seq[Out]) func(context.Context, []In) iter.Seq[[]Out] {
	return func(ctx context.Context, group []In) iter.Seq[[]Out] {
		return func(yield func([]Out) bool) {
			var part []Out
			for out := range f(ctx, group) {
				if part = append(part, out); len(part) < n {
					continue
				}
				if !yield(part) {
					return
				}
				part = nil
			}
			yield(part) // may be empty
		}
	}
}

func TestWindowedAnswersEachOnce(t *testing.T) {
	for _, tt := range []struct{ n, window, size int }{
		{0, 10, 4}, {1, 1, 1}, {100, 1, 8}, {1000, 64, 8}, {1000, 8, 64}, {1000, 5000, 7},
	} {
		t.Run(fmt.Sprintf("%d items, window %d, groups of %d", tt.n, tt.window, tt.size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := slices.Sorted(Windowed(t.Context(), tt.window, tt.size, time.Millisecond, count(tt.n, 0), parts(3, doubled(time.Millisecond))))
				if len(got) != tt.n {
					t.Fatalf("%d answers", len(got))
				}
				for i, v := range got {
					if v != 2*i {
						t.Fatalf("answer %d is %d", i, v)
					}
				}
			})
		})
	}
}

func TestWindowedLimitsItemsNotGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The first item takes an hour; the others must go on meanwhile, since it
		// holds one place of 16 and not a group's.
		slow := func(ctx context.Context, group []int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for _, i := range group {
					if i != 0 && !yield(i) {
						return
					}
				}
				if slices.Contains(group, 0) {
					time.Sleep(time.Hour)
					yield(0)
				}
			}
		}
		begin, n := time.Now(), 0
		for range Windowed(t.Context(), 16, 8, 0, count(10_000, 0), parts(1, slow)) {
			if n++; n == 9_999 && time.Since(begin) > time.Second {
				t.Errorf("9 999 answers took %v", time.Since(begin))
			}
		}
		if n != 10_000 {
			t.Errorf("%d answers", n)
		}
	})
}

func TestWindowedStalledReaderStallsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 20
		var asked atomic.Int64
		read := int64(0)
		for range Windowed(t.Context(), window, 8, 0, counted(count(1000, 0), &asked), parts(1, doubled(0))) {
			read++
			synctest.Wait()
			if ahead := asked.Load() - read; ahead > window {
				t.Fatalf("%d read, source asked for %d more", read, ahead)
			}
		}
	})
}

func counted[T any](in iter.Seq[T], n *atomic.Int64) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range in {
			n.Add(1)
			if !yield(item) {
				return
			}
		}
	}
}

func TestWindowedForgivesTooFewAndTooManyAnswers(t *testing.T) {
	for _, per := range []int{0, 1, 3} {
		t.Run(fmt.Sprintf("%d answers a group of 4", per*2), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := func(ctx context.Context, group []int) iter.Seq[int] { return count(per*2, 0) }
				n := len(slices.Collect(Windowed(t.Context(), 8, 4, time.Millisecond, count(400, 0), parts(5, f))))
				if want := 100 * min(per*2, 4); n != want {
					t.Errorf("%d answers, want %d", n, want)
				}
			})
		})
	}
}

func TestWindowedEndsOnBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := func(ctx context.Context, group []int) iter.Seq[int] {
			return func(yield func(int) bool) {
				for i, v := range group {
					if i > 0 {
						<-ctx.Done()
					}
					if !yield(v) {
						return
					}
				}
			}
		}
		var asked atomic.Int64
		for range Windowed(t.Context(), 100, 10, 0, counted(count(1_000_000, 0), &asked), parts(1, hanging)) {
			break
		}
		n := asked.Load()
		synctest.Wait()
		if asked.Load() != n || n > 200 {
			t.Errorf("the source was asked for %d, then %d", n, asked.Load())
		}
	}) // and the bubble fails when a goroutine is left
}

// evens looks like a cache that holds the even ones.
func evens(_ context.Context, group []int) (done, rest []int) {
	for _, i := range group {
		if i%2 == 0 {
			done = append(done, i)
		} else {
			rest = append(rest, i)
		}
	}
	return done, rest
}

func TestDetourAnswersEachOnce(t *testing.T) {
	looks := map[string]func(context.Context, []int) ([]int, []int){
		"half":     evens,
		"all hits": func(_ context.Context, g []int) ([]int, []int) { return g, nil },
		"no hits":  func(_ context.Context, g []int) ([]int, []int) { return nil, g },
	}
	for name, look := range looks {
		for _, n := range []int{0, 1, 63, 1000} {
			for _, depth := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s, %d items, depth %d", name, n, depth), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						next := func(ctx context.Context, rest iter.Seq[int]) iter.Seq[int] {
							return Windowed(ctx, 10, 3, 0, rest, func(_ context.Context, g []int) iter.Seq[[]int] { return slices.Chunk(g, 2) })
						}
						got := slices.Sorted(Detour(t.Context(), depth, 16, time.Millisecond, count(n, 0), look, next))
						if !slices.Equal(got, slices.Collect(count(n, 0))) {
							t.Errorf("got %v", got)
						}
					})
				})
			}
		}
	}
}

// one takes an item each pause, like a pool of one slow worker.
func one(pause time.Duration) func(context.Context, iter.Seq[int]) iter.Seq[int] {
	return func(ctx context.Context, in iter.Seq[int]) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := range in {
				select {
				case <-time.After(pause):
				case <-ctx.Done():
					return
				}
				if !yield(i) {
					return
				}
			}
		}
	}
}

func TestDetourHitsDoNotWaitForMisses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// 4 groups of 8 are under way: all their hits come before a miss is answered.
		begin, hits := time.Now(), 0
		for i := range Detour(t.Context(), 4, 8, time.Millisecond, count(32, 0), evens, one(time.Minute)) {
			if i%2 == 0 {
				hits++
				if time.Since(begin) > time.Second {
					t.Errorf("hit %d came after %v", i, time.Since(begin))
				}
			}
		}
		if hits != 16 {
			t.Errorf("%d hits", hits)
		}
	})
}

func TestDetourLooksAreConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const depth = 4
		var mu sync.Mutex
		now, most := 0, 0
		look := func(_ context.Context, g []int) ([]int, []int) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
			return g, nil
		}
		for range Detour(t.Context(), depth, 8, 0, count(1000, 0), look, one(0)) {
		}
		if most != depth {
			t.Errorf("%d look-ups at a time, want %d", most, depth)
		}
	})
}

func TestDetourStalledReaderStallsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const depth, size = 3, 8
		for name, look := range map[string]func(context.Context, []int) ([]int, []int){
			"hits":   func(_ context.Context, g []int) ([]int, []int) { return g, nil },
			"misses": func(_ context.Context, g []int) ([]int, []int) { return nil, g },
			"both":   evens,
		} {
			var asked atomic.Int64
			for range Detour(t.Context(), depth, size, 0, counted(count(1000, 0), &asked), look, one(0)) {
				synctest.Wait()
				if n, most := asked.Load(), int64((depth+2)*size+1+1+size); n > most {
					t.Errorf("%s: source asked for %d, want ≤ %d", name, n, most)
				}
				break
			}
		}
	})
}

func TestDetourEndsWithBreakAndContext(t *testing.T) {
	for _, how := range []string{"break", "ctx"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				begin := time.Now()
				for range Detour(ctx, 4, 8, 0, count(1_000_000, 0), evens, one(time.Hour)) {
					if cancel(); how == "break" {
						break
					}
				}
				if took := time.Since(begin); took > 0 {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func BenchmarkGroups(b *testing.B) {
	for range Groups(b.Context(), count(b.N, 0), 64, time.Millisecond) {
	}
}
