package gateway

import (
	"strings"
	"sync"

	"github.com/hc-health/hc/internal/check"
)

// names remembers what texts of URLs stand for: those that are asked for again
// and again need not be read again (BenchmarkCheckHot). A text stands for one
// thing for ever, so nothing of it grows old. Texts with secrets are not kept.
type names struct {
	mu         sync.RWMutex
	young, old map[string]name // by text; old was young until that was full
}

// A name is what the text of a URL stands for, in a target that says nothing else.
type name struct {
	url string
	key check.Key
}

const (
	// maxNames are in either generation: with texts of 60 bytes 3 MB at most.
	maxNames = 8192
	// maxNamed is how long a text may be. With the longest ones it is 10 MB.
	maxNamed = 512
)

// find fills in the targets of b whose texts are known and notes the others.
func (n *names) find(b *batch) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i := range b.targets {
		t := &b.targets[i]
		if t.Method == "" && t.Expect.Plain() {
			if known, ok := n.young[t.Input]; ok {
				t.URL, b.keys[i] = known.url, known.key
				continue
			}
			if known, ok := n.old[t.Input]; ok {
				t.URL, b.keys[i] = known.url, known.key
				b.unnamed = append(b.unnamed, int32(i)) // young again
				continue
			}
			b.unnamed = append(b.unnamed, int32(i))
		}
	}
}

// learn keeps the names that b has found out.
func (n *names) learn(b *batch) {
	if len(b.unnamed) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, i := range b.unnamed {
		t := &b.targets[i]
		if t.Invalid != "" || len(t.Input) > maxNamed || check.MaskURL(t.Input) != t.Input {
			continue
		}
		if len(n.young) >= maxNames {
			n.young, n.old = nil, n.young
		}
		if n.young == nil {
			n.young = make(map[string]name)
		}
		text := strings.Clone(t.Input) // or it would keep the whole body
		url := text
		if t.URL != t.Input {
			url = strings.Clone(t.URL)
		}
		n.young[text] = name{url, b.keys[i]}
	}
}
