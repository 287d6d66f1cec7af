//go:build unix && faults

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// previous builds the hc before this one: of the newest tag behind this commit
// or, as long as there is none, of the commit that first had a worker.
func previous(t *testing.T) (path, version string) {
	t.Helper()
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "safe.directory=*"}, args...)...)
		cmd.Dir = filepath.Join("..", "..")
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	if shallow, err := git("rev-parse", "--is-shallow-repository"); err != nil || shallow != "false" {
		t.Fatalf("row 27 builds the version before this one, and needs the whole history of the repository: git fetch --unshallow --tags (shallow: %q, %v)", shallow, err)
	}
	version, err := git("describe", "--tags", "--abbrev=0", "HEAD^")
	if err != nil {
		added, err := git("log", "--diff-filter=A", "--format=%h", "--", "cmd/hc/serveworker.go", "internal/rpc/server.go")
		if err != nil || added == "" {
			t.Fatalf("no tag before this commit, and no commit that brought the worker: %v", err)
		}
		version = strings.Fields(added)[0] // the later of the two
	}
	dir := t.TempDir()
	packed := filepath.Join(dir, "src.tar")
	if _, err := git("archive", "--output", packed, version); err != nil {
		t.Fatalf("git archive %s: %v", version, err)
	}
	for _, words := range [][]string{
		{"tar", "xf", packed},
		{"go", "build", "-buildvcs=false", "-o", "hc", "./cmd/hc"},
	} {
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", words, err, out)
		}
	}
	return filepath.Join(dir, "hc"), version
}

// TestFault27MixedVersions: this gateway and the workers before, the gateway before
// and these workers, and both kinds behind one, over a Redis that they share.
func TestFault27MixedVersions(t *testing.T) {
	old, version := previous(t)
	t.Logf("the version before is %s", version)
	exe := self(t)
	for name, row := range map[string]struct {
		gateway string
		workers []string
	}{
		"old workers":          {exe, []string{old, old}},
		"old gateway":          {old, []string{exe, exe}},
		"old and new workers":  {exe, []string{old, exe}},
		"an old gateway, both": {old, []string{old, exe}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, _ := startRedis(t)
			c := &cachedService{site: newSite(t), caller: newCaller(t)}
			var workers []*service
			for _, path := range row.workers {
				workers = append(workers, serveBy(t, path, "worker", "--cache", redis, "--retries", "0"))
			}
			c.front = serveBy(t, row.gateway, "gateway", "--workers", addresses(workers...), "--cache", "off")
			connectedTo(t, workers...)
			pages := c.pages("mixed", 1000)
			c.batch(t, pages)
			eventually(t, "all to come from the cache that both kinds share", func() bool {
				return c.batch(t, pages).Summary.Cached == 1000
			})
			// As an upgrade does it: one worker leaves, the other has all.
			workers[0].signal(t, syscall.SIGTERM)
			if code := workers[0].code(t); code != 0 {
				t.Errorf("exit %d", code)
			}
			c.batch(t, c.pages("after", 100))
			c.holds(t, laws{}, c.caller)
			workers[1].idle(t)
		})
	}
}
