// Package drive sends load: at rates that take no notice of the answers (open),
// by users who wait for theirs (users), and over gRPC.
package drive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// Load is what is sent, again and again: batches drawn from one set of URLs.
type Load struct {
	URLs  []string
	Batch int // URLs of a request
	// Strict wants each URL to be up, and not only each to have a result: for
	// targets that are known to be well.
	Strict bool
}

// variants is how many different batches are drawn.
const variants = 256

// batches draws the same batches each time: from a fixed seed, without a URL
// twice in one.
func (l Load) batches() [][]string {
	r := rand.New(rand.NewPCG(1, 2))
	batches := make([][]string, variants)
	for i := range batches {
		for _, u := range r.Perm(len(l.URLs))[:min(l.Batch, len(l.URLs))] {
			batches[i] = append(batches[i], l.URLs[u])
		}
	}
	return batches
}

// bodies are the batches as POST /check takes them.
func (l Load) bodies() ([][]byte, error) {
	var bodies [][]byte
	for _, batch := range l.batches() {
		body, err := json.Marshal(map[string][]string{"urls": batch})
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// A judgement is what an answer was.
type judgement struct {
	err    string
	cached int
}

// judge reads the answer of hc, or of the straightforward service it is compared
// with, without parsing it: what measures should cost less than what is measured.
func (l Load) judge(status int, body []byte) judgement {
	if status != http.StatusOK {
		return judgement{err: fmt.Sprintf("HTTP %d", status)}
	}
	want := min(l.Batch, len(l.URLs))
	up := bytes.Count(body, []byte(`"outcome":"pass"`)) + bytes.Count(body, []byte(`"up":true`))
	down := bytes.Count(body, []byte(`"outcome":"fail"`)) + bytes.Count(body, []byte(`"outcome":"warn"`)) +
		bytes.Count(body, []byte(`"outcome":"skip"`)) + bytes.Count(body, []byte(`"up":false`))
	switch {
	case up+down != want:
		return judgement{err: fmt.Sprintf("%d results for %d URLs", up+down, want)}
	case l.Strict && down > 0:
		return judgement{err: "a target that is well did not pass"}
	}
	return judgement{cached: bytes.Count(body, []byte(`"cached":true`))}
}
