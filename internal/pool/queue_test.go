package pool

import (
	"slices"
	"testing"
)

// FuzzQueue runs a program of pushes and pops against a slice.
func FuzzQueue(f *testing.F) {
	f.Add([]byte("aabbAB"))
	f.Add([]byte("fffffBBBBBaaaAAAffA"))
	f.Fuzz(func(t *testing.T, program []byte) {
		var q queue[int]
		var model []int
		for i, op := range program {
			switch {
			case op%4 == 0:
				q.push(i)
				model = append(model, i)
			case op%4 == 1:
				q.pushFront(i)
				model = slices.Insert(model, 0, i)
			case len(model) == 0:
				continue
			case op%4 == 2:
				if got := q.pop(); got != model[0] {
					t.Fatalf("pop %d, want %d", got, model[0])
				}
				model = model[1:]
			default:
				if got := q.popBack(); got != model[len(model)-1] {
					t.Fatalf("popBack %d, want %d", got, model[len(model)-1])
				}
				model = model[:len(model)-1]
			}
			if q.len() != len(model) || len(model) > 0 && (q.front() != model[0] || q.back() != model[len(model)-1]) {
				t.Fatalf("after %q the queue is not %v", program[:i+1], model)
			}
		}
	})
}
