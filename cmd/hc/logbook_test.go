package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes notes each Write.
type writes struct {
	mu   sync.Mutex
	each []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.each = append(w.each, string(b))
	return len(b), nil
}

func (w *writes) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.each
}

// TestLogbookWritesLinesOfRequestsLaterAndAllOthersAtOnce, in the order in which
// they came.
func TestLogbookWritesLinesOfRequestsLaterAndAllOthersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out writes
		j := newLogbook(&out)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		later := j.later()
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if got := out.all(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("written %q, want %q", got, want)
			}
		}
		fmt.Fprint(later, "before;")
		expect("before;") // nobody would write it

		var running sync.WaitGroup
		running.Go(func() { j.run(ctx) })
		synctest.Wait()
		fmt.Fprint(later, "1;")
		fmt.Fprint(later, "2;")
		expect("before;")
		fmt.Fprint(j, "trouble;")
		expect("before;", "1;2;", "trouble;")
		fmt.Fprint(later, "3;")
		time.Sleep(logbookDelay)
		expect("before;", "1;2;", "trouble;", "3;")
		time.Sleep(time.Hour)
		fmt.Fprint(later, "4;")
		time.Sleep(logbookDelay / 2)
		fmt.Fprint(later, "5;")
		time.Sleep(logbookDelay / 2)
		expect("before;", "1;2;", "trouble;", "3;", "4;5;")
		fmt.Fprint(later, "6;")
		cancel()
		running.Wait()
		fmt.Fprint(later, "after;")
		expect("before;", "1;2;", "trouble;", "3;", "4;5;", "6;", "after;")
	})
}

func TestLogbookIsBoundedAndWritesWholeLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out writes
		j := newLogbook(&out)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { j.run(ctx) })
		synctest.Wait()
		var want bytes.Buffer
		for i, size := range []int{100, logbookBytes - 101, 1, 1, logbookBytes, logbookBytes + 1, 5} {
			line := append(bytes.Repeat([]byte{byte('a' + i)}, size-1), '\n')
			want.Write(line)
			if n, err := j.later().Write(line); n != size || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			if cap(j.waiting) > 2*logbookBytes {
				t.Errorf("%d bytes are kept", cap(j.waiting))
			}
		}
		cancel()
		running.Wait()
		for _, w := range out.all() {
			if w[len(w)-1] != '\n' || len(w) > logbookBytes+1 {
				t.Errorf("a write of %d bytes that ends with %q", len(w), w[len(w)-1])
			}
		}
		if strings.Join(out.all(), "") != want.String() {
			t.Error("what is written is not what was logged")
		}
	})
}
