package report

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestInterruptEndsAReadThatHangs(t *testing.T) {
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	in := open(t, []string{"-"}, Interruptible(ctx, r), InputOptions{})
	got := make(chan string)
	go func() {
		defer close(got)
		for target := range in.All() {
			got <- show(target)
		}
	}()
	if _, err := io.WriteString(w, "https://a.test/\nhttps://half"); err != nil {
		t.Fatal(err)
	}
	if want := "1: GET https://a.test/"; <-got != want {
		t.Errorf("want %q", want)
	}
	cancel()
	select {
	case half, more := <-got:
		if more {
			t.Errorf("got %q", half)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("All hangs in Read after ctx ended")
	}
	if !errors.Is(in.Err(), context.Canceled) {
		t.Errorf("Err: %v", in.Err())
	}
	if err := w.Close(); err != nil { // lets the goroutine go, as the exit of a process would
		t.Fatal(err)
	}
}

func TestInterruptibleHandsOnEverythingAndTheEnd(t *testing.T) {
	text := strings.Repeat("0123456789", 100_000)
	got, err := io.ReadAll(Interruptible(t.Context(), strings.NewReader(text)))
	if err != nil || string(got) != text {
		t.Errorf("%d bytes of %d, %v", len(got), len(text), err)
	}
	unplugged := errors.New("unplugged")
	if _, err := io.ReadAll(Interruptible(t.Context(), readerFunc(func([]byte) (int, error) { return 0, unplugged }))); !errors.Is(err, unplugged) {
		t.Errorf("%v, want %v", err, unplugged)
	}
}

func TestInterruptBeforeTheFirstRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe()
	if n, err := Interruptible(ctx, r).Read(make([]byte, 1)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// The stream is that of a pipe, read by the buffer of an Input.
func BenchmarkInterruptible(b *testing.B) {
	for _, bb := range []struct {
		name string
		wrap func(io.Reader) io.Reader
	}{
		{"plain", func(r io.Reader) io.Reader { return r }},
		{"interruptible", func(r io.Reader) io.Reader { return Interruptible(b.Context(), r) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r, w, err := os.Pipe()
			if err != nil {
				b.Fatal(err)
			}
			chunk := make([]byte, 32<<10)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					if _, err := w.Write(chunk); err != nil {
						return
					}
				}
			}()
			in := bufio.NewReaderSize(bb.wrap(r), readAhead)
			b.SetBytes(int64(len(chunk)))
			for b.Loop() {
				if _, err := in.Discard(len(chunk)); err != nil {
					b.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				b.Fatal(err)
			}
			<-done
		})
	}
}
