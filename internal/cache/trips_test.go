package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// gated answers each key with itself, once it is let.
type gated struct {
	began chan []string
	let   chan error
}

func newGated() *gated { return &gated{began: make(chan []string), let: make(chan error)} }

func (g *gated) get(_ context.Context, keys []string) ([]any, error) {
	g.began <- keys
	if err := <-g.let; err != nil {
		return nil, err
	}
	values := make([]any, len(keys))
	for i, key := range keys {
		values[i] = key
	}
	return values, nil
}

// awaitQueue waits until n look-ups wait for a trip.
func awaitQueue(t *testing.T, tr *trips, n int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		tr.mu.Lock()
		waiting := len(tr.waiting)
		tr.mu.Unlock()
		if waiting == n {
			return
		}
	}
	t.Fatalf("%d look-ups do not wait", n)
}

func TestLookUpsThatComeMeanwhileShareTheNextTrip(t *testing.T) {
	redis := newGated()
	tr := &trips{get: redis.get}
	var callers sync.WaitGroup
	ask := func(keys ...string) {
		callers.Go(func() {
			values, err := tr.ask(t.Context(), keys)
			if want := fmt.Sprint(keys); err != nil || fmt.Sprint(values) != want {
				t.Errorf("got %v, %v; want %s", values, err, want)
			}
		})
	}
	for i := range tripsAtOnce { // each goes at once, and alone
		ask("first " + strconv.Itoa(i))
		if keys := <-redis.began; len(keys) != 1 {
			t.Errorf("a trip has %q", keys)
		}
	}
	var want []string
	for i := range 20 {
		key := strconv.Itoa(i)
		ask(key, key+" again")
		want = append(want, key, key+" again")
	}
	awaitQueue(t, tr, 20)
	redis.let <- nil
	together := <-redis.began
	for range tripsAtOnce {
		redis.let <- nil
	}
	callers.Wait()
	tr.wait()
	slices.Sort(together)
	slices.Sort(want)
	if !slices.Equal(together, want) {
		t.Errorf("the next trip has %q, want %q", together, want)
	}
}

func TestATripHasSoManyKeysAndNoMore(t *testing.T) {
	tr := &trips{}
	for _, n := range []int{2 * tripKeys, tripKeys - 1, 1, 1} {
		tr.waiting = append(tr.waiting, &lookup{keys: make([]string, n)})
	}
	var got []int
	for some := tr.take(); len(some) > 0; some = tr.take() {
		keys := 0
		for _, l := range some {
			keys += len(l.keys)
		}
		got = append(got, keys)
	}
	if want := []int{2 * tripKeys, tripKeys, 1}; !slices.Equal(got, want) {
		t.Errorf("trips have %v keys, want %v", got, want)
	}
}

func TestACallerThatLeavesTakesNobodyAlong(t *testing.T) {
	redis := newGated()
	tr := &trips{get: redis.get, under: tripsAtOnce - 1}
	ctx, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := tr.ask(ctx, []string{"a"}); left <- err }()
	<-redis.began
	go func() { _, err := tr.ask(t.Context(), []string{"b"}); stayed <- err }()
	awaitQueue(t, tr, 1)
	leave()
	if err := <-left; !errors.Is(err, errCallerGone) {
		t.Errorf("who left got %v", err)
	}
	redis.let <- nil
	<-redis.began
	down := errors.New("down")
	redis.let <- down
	if err := <-stayed; !errors.Is(err, down) {
		t.Errorf("who stayed got %v, want the trip's own error", err)
	}
	tr.wait()
}
