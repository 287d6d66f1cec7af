// Package report reads targets in and writes results out: every file format of hc
// lives here.
package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Defaults is what a target has where its line says nothing else.
type Defaults struct {
	Method  string         // "" is GET
	Expect  check.Expect   // each part of it by itself
	Timeout time.Duration  // 0 is the Checker's own
	Request *check.Request // header lines a target names itself replace those of the same name
}

// InputOptions says how targets are read. The zero value drops duplicates.
type InputOptions struct {
	Defaults Defaults
	// NoDedup gives a target per line, and needs no memory per line.
	NoDedup bool
	// Resume names the targets that have been answered before and are left
	// out, each as often as it was answered; nil for none.
	Resume *Resume
}

// ErrNoTargets is what [Open] and [Input.Err] wrap when the inputs hold no
// target at all, good or bad.
var ErrNoTargets = errors.New("no targets")

// An Input is the targets of a run: URLs, files and standard input, in the
// order of the arguments, as one stream.
type Input struct {
	sources    []source
	opt        InputOptions
	seen       *seen // nil with NoDedup
	read       int64 // targets found, before any was left out
	given      atomic.Int64
	ended      atomic.Bool
	duplicates atomic.Int64
	err        error
}

// source is one argument.
type source struct {
	name string    // as written; Source.File of its targets
	url  bool      // the argument is the target
	r    io.Reader // a stream that can be read only once; nil for a regular file
}

// Open opens every argument before anything is checked. One with "://" is a URL,
// "-" is stdin, everything else a file, whose format its extension tells, else
// its beginning. A file is read until its first target (YAML: to its end, at
// most 4 MiB); streams, which are stdin, pipes and devices, are read only when
// their turn comes, so that a slow one keeps nobody waiting.
//
// The error says what is wrong with which argument and what to do about it. It
// wraps [ErrNoTargets] where no argument holds a target and none is a stream.
func Open(args []string, stdin io.Reader, opt InputOptions) (*Input, error) {
	if opt.Defaults.Method == "" {
		opt.Defaults.Method = http.MethodGet
	}
	in := &Input{opt: opt}
	if !opt.NoDedup {
		in.seen = newSeen()
	}
	found := false
	for _, arg := range args {
		s, err := openSource(arg, stdin)
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		in.sources = append(in.sources, s)
		if s.r != nil {
			found = true // or not: the end of the stream will tell
			continue
		}
		err = in.targets(s, func(check.Target) bool {
			found = true
			return false
		})
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
	}
	if !found {
		return nil, in.noTargets()
	}
	return in, nil
}

func openSource(arg string, stdin io.Reader) (source, error) {
	if arg == "-" {
		return source{name: arg, r: stdin}, nil
	}
	if strings.Contains(arg, "://") {
		return source{name: arg, url: true}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return source{}, fileError(arg, err)
	case info.IsDir():
		return source{}, fmt.Errorf("%s is a directory: name the list files in it", arg)
	case info.Mode().IsRegular():
		return source{name: arg}, nil
	}
	f, err := os.Open(arg)
	if err != nil {
		return source{}, fileError(arg, err)
	}
	return source{name: arg, r: f}, nil
}

// fileError puts what the system says about a file into a sentence with a way out.
func fileError(name string, err error) error {
	name = check.MaskText(name) // it may be a URL that lacks its scheme
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no file %s: give a list file, - for standard input, or a URL with its scheme, such as https://example.com/", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("may not read %s: permission denied", name)
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("cannot read %s: %w", name, err)
}

// All gives the targets, numbered from 0 without gaps over all arguments. It is
// ranged over once, and stops at the first argument that cannot be read on; what
// was given before stays good. URLs among the arguments have no Source; stdin's
// File is "-".
func (in *Input) All() iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		defer in.ended.Store(true)
		more := true
		for _, s := range in.sources {
			in.err = in.targets(s, func(t check.Target) bool {
				in.read++
				if in.leaveOut(t) {
					return true
				}
				t.Seq = in.given.Load()
				in.given.Add(1)
				more = yield(t)
				return more
			})
			if in.err != nil || !more {
				return
			}
		}
		if in.read == 0 {
			in.err = in.noTargets()
		}
	}
}

// leaveOut reports what is not to be checked, and counts duplicates. A bad line is
// never one: each has its own place to be mended.
func (in *Input) leaveOut(t check.Target) bool {
	if in.seen != nil && t.Invalid == "" && !in.seen.add(t) {
		in.duplicates.Add(1)
		return true
	}
	return in.opt.Resume != nil && in.opt.Resume.Skip(t)
}

// targets hands the targets of s to emit until that returns false. Regular
// files are opened here, so that a thousand of them do not need a thousand
// descriptors.
func (in *Input) targets(s source, emit func(check.Target) bool) error {
	if s.url {
		emit(in.opt.Defaults.bare(0, s.name))
		return nil
	}
	r := s.r
	if r == nil {
		f, err := os.Open(s.name)
		if err != nil {
			return fileError(s.name, err)
		}
		defer f.Close()
		r = f
	}
	buf := bufio.NewReaderSize(r, readAhead)
	decode, err := recognise(s.name, buf)
	if err == nil {
		err = decode(buf, in.opt.Defaults, func(t check.Target) bool {
			t.Source.File = s.name
			return emit(t)
		})
	}
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fileError(s.name, err)
	}
	return fmt.Errorf("%s: %w", s.title(), err)
}

func (s source) title() string {
	if s.name == "-" {
		return "standard input"
	}
	return s.name
}

func (in *Input) noTargets() error {
	var names []string
	for _, s := range in.sources {
		names = append(names, s.title())
	}
	if more := len(names) - 3; more > 0 {
		names = append(names[:3], fmt.Sprintf("%d more", more))
	}
	return fmt.Errorf("%w in %s", ErrNoTargets, strings.Join(names, ", "))
}

// Err says why All ended early, or wraps [ErrNoTargets] where the inputs held
// nothing. It is asked after the loop; nil where the loop was broken off.
func (in *Input) Err() error { return in.err }

// Total is how many targets All has given so far, and whether there will be no
// more. It may be asked at any time.
func (in *Input) Total() (n int64, final bool) { return in.given.Load(), in.ended.Load() }

// Duplicates counts the targets dropped so far. It may be asked at any time.
func (in *Input) Duplicates() int64 { return in.duplicates.Load() }

// Close closes what Open opened, but not stdin.
func (in *Input) Close() error {
	var errs []error
	for _, s := range in.sources {
		if f, ok := s.r.(*os.File); ok && s.name != "-" {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
