// Package lab starts what is put under load, on this machine's loopback: Redis,
// the service in its arrangements, and targets that answer when they should.
package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// A Lab has the programs, built from the tree, and the targets.
type Lab struct {
	Targets *Targets
	dir     string // for everything written; removed in the end
}

// Open builds the programs and starts the targets. root is the repository's.
func Open(ctx context.Context, root string) (*Lab, error) {
	dir, err := os.MkdirTemp("", "hc-load-")
	if err != nil {
		return nil, err
	}
	l := &Lab{dir: dir}
	for _, args := range [][]string{
		{"-C", root, "build", "-o", l.program("hc"), "./cmd/hc"},
		{"-C", filepath.Join(root, "bench", "peers", "straight"), "build", "-o", l.program("straight"), "."},
	} {
		build := exec.CommandContext(ctx, "go", args...)
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return nil, errors.Join(fmt.Errorf("go %v: %w", args, err), os.RemoveAll(dir))
		}
	}
	if l.Targets, err = startTargets(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return l, nil
}

// Close ends the targets and removes what was built.
func (l *Lab) Close() error {
	return errors.Join(l.Targets.close(), os.RemoveAll(l.dir))
}

func (l *Lab) program(name string) string { return filepath.Join(l.dir, name) }

// freeAddress is one on loopback that nobody listens on.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}
