package cache

import (
	"testing"
	"time"
)

func TestMemoryAnswersBeforeRedisIsAsked(t *testing.T) {
	server := startRedis(t)
	var counts tally
	observe := counts.observer()
	s := Over(NewMemory(MemoryConfig{Observe: observe}), newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second, Observe: observe}))
	ts := targets(100)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n := loaded(t, s, ts); n != len(ts) {
			t.Errorf("%d of %d loaded", n, len(ts))
		}
	}
	if n := server.calls("mget"); n != 0 {
		t.Errorf("Redis was asked %d times", n)
	}

	other := Over(NewMemory(MemoryConfig{Observe: observe}), s.Redis) // another process
	for range 3 {
		if n := loaded(t, other, ts); n != len(ts) {
			t.Errorf("%d of %d loaded in another process", n, len(ts))
		}
	}
	if n := server.calls("mget"); n != 1 {
		t.Errorf("Redis was asked %d times", n)
	}
	for what, want := range map[string]int{"memory hit": 500, "memory miss": 100, "redis hit": 100, "redis miss": 0} {
		if got := counts.count(what); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
}

func TestNothingIsServedPastItsTTLFromTheFront(t *testing.T) {
	server := startRedis(t)
	redis := newStore(t, RedisConfig{Address: server.url(), TTL: TTL{Pass: 300 * time.Millisecond}, Timeout: 5 * time.Second})
	writer := Over(NewMemory(MemoryConfig{TTL: TTL{Pass: time.Hour}}), redis)
	reader := Over(NewMemory(MemoryConfig{TTL: TTL{Pass: time.Hour}}), redis)
	ts := targets(100)
	saved := time.Now()
	if err := writer.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	loaded(t, reader, ts) // fills its front
	time.Sleep(time.Until(saved.Add(350 * time.Millisecond)))
	if w, r := loaded(t, writer, ts), loaded(t, reader, ts); w != 0 || r != 0 {
		t.Errorf("%d and %d of 100 are served past their TTL", w, r)
	}
}

func TestTheFrontsOwnTTLIsTheShorter(t *testing.T) {
	server := startRedis(t)
	s := Over(NewMemory(MemoryConfig{TTL: TTL{Pass: 20 * time.Millisecond}}), newStore(t, RedisConfig{Address: server.url(), Timeout: 5 * time.Second}))
	ts := targets(10)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	if n := loaded(t, s, ts); n != 10 || server.calls("mget") != 1 {
		t.Errorf("%d loaded, Redis was asked %d times", n, server.calls("mget"))
	}
}

func TestTheFrontServesWhileRedisIsAway(t *testing.T) {
	server := startRedis(t)
	s := Over(NewMemory(MemoryConfig{}), newStore(t, RedisConfig{Address: server.url()}))
	ts := targets(10)
	server.kill()
	if err := s.Save(t.Context(), passed(ts)); err == nil {
		t.Error("no error")
	}
	if n := loaded(t, s, ts); n != 10 {
		t.Errorf("%d loaded", n)
	}
}
