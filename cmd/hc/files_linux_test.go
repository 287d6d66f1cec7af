package main

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// tableSize is how many descriptors the kernel has made room for in this process.
func tableSize(t *testing.T) (n int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, field, _ := strings.Cut(string(status), "FDSize:")
	if _, err := fmt.Sscan(field, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheTableOfDescriptorsGrowsAtOnce(t *testing.T) {
	before := tableSize(t)
	if limit := openFiles(); limit <= 2*before {
		t.Fatalf("%d descriptors are allowed, and there is room for %d already", limit, before)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	growFiles(2 * before)
	if after := tableSize(t); after < 2*before {
		t.Errorf("room for %d descriptors, want %d", after, 2*before)
	}
	if now, _ := os.ReadDir("/proc/self/fd"); len(now) != len(open) {
		t.Errorf("%d descriptors open, %d before", len(now), len(open))
	}
}

func TestATableThatMayNotGrowStaysAsItIs(t *testing.T) {
	before := tableSize(t)
	growFiles(1 << 30)
	if after := tableSize(t); after != before {
		t.Errorf("room for %d descriptors, %d before", after, before)
	}
}

func TestOnlyLongListsGrowTheTable(t *testing.T) {
	for _, row := range []struct {
		name          string
		targets, read int
		grown         int
	}{
		{"no target", 0, 0, 0},
		{"a few", fewTargets, fewTargets, 0},
		{"one more", fewTargets + 1, fewTargets + 1, 1},
		{"many", 10 * fewTargets, 10 * fewTargets, 1},
		{"many, of which few are read", 10 * fewTargets, 5, 0},
		{"many, of which some are read", 10 * fewTargets, 2 * fewTargets, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			grown, read := 0, 0
			for got := range growing(numbered(row.targets), func() { grown++ }) {
				if want := fmt.Sprint(read); got.URL != want {
					t.Fatalf("target %s, want %s", got.URL, want)
				}
				if read++; read == row.read {
					break
				}
			}
			if read != row.read || grown != row.grown {
				t.Errorf("%d targets read and %d times grown, want %d and %d", read, grown, row.read, row.grown)
			}
		})
	}
}

// numbered gives n targets, whose URLs count from 0.
func numbered(n int) iter.Seq[check.Target] {
	ts := make([]check.Target, n)
	for i := range ts {
		ts[i].URL = fmt.Sprint(i)
	}
	return slices.Values(ts)
}
