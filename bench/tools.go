package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// tuned is c, a Go program, as one who knows it would run it: with flags of its own
// and fewer collections, where memory is no matter.
func tuned(c contender, flags ...string) contender {
	plain := c.argv
	c.name += ", tuned"
	c.argv = func(j job) []string {
		argv := plain(j)
		last := len(argv) - 1
		return append(append(append([]string{"env", "GOGC=400"}, argv[:last]...), flags...), argv[last])
	}
	return c
}

// heldBy makes c check no more than n URLs of a list, where more take too long.
func heldBy(n int, c contender) contender {
	c.only = n
	return c
}

// curlAsIs is curl at its own 50 at once.
func (l *lab) curlAsIs(flags ...string) contender {
	c := l.curl(flags...)
	ask := c.argv
	c.argv = func(j job) []string { j.c = 50; return ask(j) }
	return c
}

// curlTuned has as many at once as the others; curl takes 300 at most.
func (l *lab) curlTuned(flags ...string) contender {
	c := l.curl(flags...)
	c.name += ", tuned"
	return c
}

// xargsTuned gives each process as many URLs as its output fits into one write.
func (l *lab) xargsTuned() contender {
	return contender{name: "xargs -P curl, tuned", mark: printed, swarm: true, argv: func(j job) []string {
		return []string{"xargs", "-a", j.list, "-P", strconv.Itoa(j.c), "-n", "40", "curl", "-s", "-k", "-w", `%{http_code} %{url}\n`}
	}}
}

// wrk asks the first URL for a second: it has no notion of a list.
func (l *lab) wrk(name string, c int, flags ...string) (contender, error) {
	script, err := l.script("")
	return contender{name: name, timed: true, argv: func(j job) []string {
		if c > 0 {
			j.c = c
		}
		return append(append([]string{"wrk", "-c", strconv.Itoa(j.c), "-d", "1s", "-s", script}, flags...), j.url)
	}, reads: func(_ context.Context, output string) (asked, passed int, err error) {
		said, err := os.ReadFile(output)
		if err != nil {
			return 0, 0, err
		}
		s, err := readShot(said)
		return s.requests + s.failed, s.requests, err
	}}, err
}

// hey asks the first URL as often as the list is long, less what c does not
// divide: each of its workers asks equally often.
func (l *lab) hey(name string, n, c int, env ...string) contender {
	return contender{name: name, mark: ",200,", only: n / c * c, argv: func(j job) []string {
		return append(append([]string{"env"}, env...), l.dir+"/hey", "-n", strconv.Itoa(j.urls), "-c", strconv.Itoa(c), "-o", "csv", j.url)
	}}
}

// vegeta sends as fast as it is answered. It has no concurrency of its own to
// default to, and at its own rate it sends 50 a second.
func (l *lab) vegeta() contender {
	const script = `sed 's/^/GET /' "$1" > "$1.vegeta"
shift; exec "$@"`
	return contender{name: "vegeta", argv: func(j job) []string {
		return []string{
			"sh", "-c", script, "sh", j.list, l.dir + "/vegeta", "attack",
			"-rate", "0", "-max-workers", strconv.Itoa(j.c), "-insecure", "-lazy", "-targets", j.list + ".vegeta",
		}
	}, reads: l.vegetaSaid}
}

func (l *lab) vegetaTuned() contender {
	c := l.vegeta()
	plain := c.argv
	c.name += ", tuned"
	c.argv = func(j job) []string {
		return append(append([]string{"env", "GOGC=400"}, plain(j)...), "-connections", strconv.Itoa(j.c), "-max-body", "0")
	}
	return c
}

// vegetaSaid decodes what vegeta wrote, once it is no longer measured.
func (l *lab) vegetaSaid(ctx context.Context, output string) (asked, passed int, err error) {
	cmd := exec.CommandContext(ctx, l.dir+"/vegeta", "encode", "-to", "csv", output)
	csv, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	lines := bufio.NewScanner(csv)
	for lines.Scan() {
		if bytes.Contains(lines.Bytes(), []byte("no targets to attack")) {
			continue // each of its workers finds out by itself
		}
		asked++
		if _, code, _ := bytes.Cut(lines.Bytes(), []byte(",")); bytes.HasPrefix(code, []byte("200,")) {
			passed++
		}
	}
	_, drained := io.Copy(io.Discard, csv) // or a line too long would block it
	if err := errors.Join(lines.Err(), drained, cmd.Wait()); err != nil {
		return 0, 0, fmt.Errorf("vegeta encode: %w", err)
	}
	return asked, passed, nil
}
