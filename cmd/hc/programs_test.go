package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// eventually waits for what must come soon.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// startRedis gives the address of a Redis of this test's own, and what ends it
// early. Without redis-server the test fails: `make test` installs it.
func startRedis(t testing.TB, args ...string) (address string, kill func()) {
	t.Helper()
	at := "127.0.0.1:" + freePorts(t, 1)[0]
	return "redis://" + at + "/0", startRedisAt(t, at, args...)
}

// startRedisAt is startRedis where one is to come back.
func startRedisAt(t testing.TB, at string, args ...string) (kill func()) {
	t.Helper()
	host, port, _ := net.SplitHostPort(at)
	cmd := exec.Command("redis-server", append([]string{"--port", port, "--bind", host, "--save", "", "--dir", t.TempDir()}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("redis-server is needed: %v", err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	eventually(t, "redis-server", func() bool {
		c, err := net.Dial("tcp", at)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return kill
}

// startProgram runs one of the programs that `make test` installs on a free port,
// until the test ends. Without it the test fails. args get the address as their
// last word's end.
func startProgram(t testing.TB, name, ready string, args ...string) (base string) {
	t.Helper()
	address := "127.0.0.1:" + freePorts(t, 1)[0]
	var said bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, append(args, "--web.listen-address="+address)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatalf("%v: make test installs it", err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", name, said.String())
		}
	})
	eventually(t, name, func() bool {
		code, _ := get(t, "http://"+address+ready)
		return code == http.StatusOK
	})
	return "http://" + address
}

// get asks a URL; 0 is no answer.
func get(t testing.TB, url string) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// freePorts gives ports that nobody listens on right now, nor will before a service
// takes one, or takes it again: they are below those that a system gives to
// connections.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for range 1000 {
		port := strconv.Itoa(20_000 + rand.IntN(10_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		defer l.Close() // not before all are found, or one is found twice
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatalf("no %d free ports between 20000 and 30000", n)
	return nil
}
