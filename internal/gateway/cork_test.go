package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// corked gives the two ends of a connection, one of them a cork.
func corked(t *testing.T) (*cork, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	conn, err := corks{ln}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*cork), peer
}

func TestACorkKeepsASmallWriteUntilMoreComes(t *testing.T) {
	small, large := bytes.Repeat([]byte("s"), corkedBytes), bytes.Repeat([]byte("l"), 50<<10)
	for _, row := range []struct {
		name   string
		writes [][]byte
		kept   int // bytes that are not out before it is pulled
	}{
		{"nothing", nil, 0},
		{"a small one alone", [][]byte{small}, len(small)},
		{"a large one alone", [][]byte{large}, 0},
		{"a small one and a large one", [][]byte{small, large}, 0},
		{"two small ones", [][]byte{small, small}, 0},
		{"a third small one", [][]byte{small, large, small}, len(small)},
		{"a large one and a small one", [][]byte{large, small}, len(small)},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, peer := corked(t)
			c.put()
			for _, b := range row.writes {
				if n, err := c.Write(b); n != len(b) || err != nil {
					t.Fatalf("wrote %d of %d: %v", n, len(b), err)
				}
			}
			want := bytes.Join(row.writes, nil)
			got := make([]byte, len(want))
			out := len(want) - row.kept
			if _, err := io.ReadFull(peer, got[:out]); err != nil {
				t.Fatal(err)
			}
			_ = peer.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			if n, err := peer.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("more than %d bytes are out before it is pulled: %v", out, err)
			}
			if err := c.pull(); err != nil {
				t.Fatal(err)
			}
			_ = peer.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.ReadFull(peer, got[out:]); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Error("what came is not what was written")
			}
		})
	}
}

func TestACorkTellsThatItsConnectionIsGone(t *testing.T) {
	c, _ := corked(t)
	c.put()
	if _, err := c.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := c.pull(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("pulled on a closed connection: %v", err)
	}
}
