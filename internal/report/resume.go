package report

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/maphash"
	"os"
	"slices"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

// Resume holds what an earlier run has answered, for [InputOptions.Resume].
// Targets are recognised by [check.Result.Identity], as often as they were
// answered, so that a list checked with --no-dedup is completed line by line.
type Resume struct {
	done identities
	left []uint32 // how often each of done may still be left out
}

// ReadResume reads the JSONL results of an earlier run, of which pass, warn and
// fail are answers. What is no result is passed over, the last line that a
// killed run cut off among it; a file with nothing else is an error. It keeps
// 12 to 15 bytes per result.
func ReadResume(file string) (*Resume, error) {
	done, err := readIdentities(file, func(r check.Result) bool {
		return r.Outcome == check.Pass || r.Outcome == check.Warn || r.Outcome == check.Fail
	})
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	r := Resume{done: done}
	distinct := r.done.hashes[:0]
	for i, h := range r.done.hashes {
		if i == 0 || h != distinct[len(distinct)-1] {
			distinct = append(distinct, h)
			r.left = append(r.left, 0)
		}
		r.left[len(r.left)-1]++
	}
	r.done.hashes = slices.Clip(distinct)
	return &r, nil
}

// Skip reports whether t was answered, and takes that answer as used.
func (r *Resume) Skip(t check.Target) bool {
	i, found := r.done.find(check.Result{Target: t})
	if !found || r.left[i] == 0 {
		return false
	}
	r.left[i]--
	return true
}

// Baseline holds the failures of an earlier run.
type Baseline struct {
	failed identities
}

// ReadBaseline reads the JSONL results of an earlier run like [ReadResume]. What
// failed there, or was known to fail from a baseline of its own, is known.
func ReadBaseline(file string) (*Baseline, error) {
	failed, err := readIdentities(file, func(r check.Result) bool {
		return r.Outcome == check.Fail || r.Outcome == check.Warn && strings.HasPrefix(r.Error, "known: ")
	})
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return &Baseline{failed}, nil
}

// Known reports whether the check that r answers is known to fail.
func (b *Baseline) Known(r check.Result) bool {
	_, known := b.failed.find(r)
	return known
}

// identities is a sorted list of hashes of [check.Result.Identity]. Among ten
// million of either, two unequal ones have the same hash with odds of one to
// hundred thousand; nobody can choose them, since each process has its own seed.
type identities struct {
	seed   maphash.Seed
	hashes []uint64
}

func (s *identities) find(r check.Result) (int, bool) {
	return slices.BinarySearch(s.hashes, maphash.String(s.seed, r.Identity()))
}

// maxResult bounds a line of results: a URL of 64 KiB may stand in it more than
// once. A longer one is passed over.
const maxResult = 1 << 20

// readIdentities reads the results that wanted wants.
func readIdentities(file string, wanted func(check.Result) bool) (identities, error) {
	s := identities{seed: maphash.MakeSeed()}
	f, err := os.Open(file)
	if err != nil {
		return s, fileError(file, err)
	}
	defer f.Close()
	l := lines{r: bufio.NewReaderSize(f, maxResult)}
	ours := false
	for l.scan() {
		var r check.Result
		if err := r.UnmarshalJSON(l.text); err != nil {
			ours = ours || bytes.HasPrefix(l.text, []byte(`{"type":"`))
			continue
		}
		ours = ours || r.Outcome != ""
		if wanted(r) {
			s.hashes = append(s.hashes, maphash.String(s.seed, r.Identity()))
		}
	}
	if l.err != nil {
		return s, fileError(file, l.err)
	}
	if l.number > 0 && !ours {
		return s, fmt.Errorf("%s holds no results: give a file that hc check -f jsonl wrote", file)
	}
	slices.Sort(s.hashes)
	return s, nil
}
