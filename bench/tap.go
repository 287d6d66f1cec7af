package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// A tap stands before an address and counts the bytes that go through it.
type tap struct {
	to, from atomic.Int64 // the address

	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func openTap(ctx context.Context, target string) (*tap, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{listener: listener, target: target}
	t.running.Go(t.accept)
	return t, nil
}

func (t *tap) addr() string { return t.listener.Addr().String() }

// close ends what goes through it.
func (t *tap) close() {
	t.listener.Close()
	t.mu.Lock()
	for _, c := range t.conns {
		c.Close()
	}
	t.mu.Unlock()
	t.running.Wait()
}

func (t *tap) accept() {
	for {
		in, err := t.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp4", t.target)
		if err != nil {
			in.Close()
			continue
		}
		t.mu.Lock()
		t.conns = append(t.conns, in, out)
		t.mu.Unlock()
		t.running.Go(func() { pass(out, in, &t.to) })
		t.running.Go(func() { pass(in, out, &t.from) })
	}
}

// pass copies until either side ends, and then ends both.
func pass(dst, src net.Conn, count *atomic.Int64) {
	buf := make([]byte, 64<<10)
	for {
		n, err := src.Read(buf)
		count.Add(int64(n))
		if _, wrong := dst.Write(buf[:n]); err != nil || wrong != nil {
			break
		}
	}
	src.Close()
	dst.Close()
}
