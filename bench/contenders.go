package main

import (
	"context"
	"strconv"
)

// A contender is a program that checks a list of URLs.
type contender struct {
	name string
	argv func(j job) []string
	mark string // stands in each output line that is a success
	only int    // how many URLs of the list it gets, for the very slow; 0 is all

	// reads counts in the file of its output, where marks are not enough. One that
	// asks for so long, and not so often, says there how often it asked.
	reads func(ctx context.Context, output string) (asked, passed int, err error)
	timed bool // is one of those

	swarm bool // a process per URL, so that the peak memory of one says nothing
}

// A job is a list to check and how many at once.
type job struct {
	list    string
	url     string // the first of the list, for those that ask only one
	urls    int
	stalled int // how many of them never answer
	c       int
	perHost int // 0 is hc's default, 10
}

// printed is the mark of the peers, which print "CODE URL".
const printed = "200 http"

// hc is the command as a user has it: defaults, reporting everything as JSONL.
func (l *lab) hc(flags ...string) contender {
	return contender{name: "hc", mark: `"outcome":"pass"`, argv: func(j job) []string {
		argv := []string{l.dir + "/hc", "check", "-f", "jsonl", "-c", strconv.Itoa(j.c)}
		if j.perHost > 0 {
			argv = append(argv, "--per-host", strconv.Itoa(j.perHost))
		}
		return append(append(argv, flags...), j.list)
	}}
}

func (l *lab) peer(name, program string, flags ...string) contender {
	return contender{name: name, mark: printed, argv: func(j job) []string {
		argv := append([]string{l.dir + "/" + program, "-c", strconv.Itoa(j.c)}, flags...)
		return append(argv, j.list)
	}}
}

// minimal is errgroup and net/http at its defaults.
func (l *lab) minimal() contender { return l.peer("minimal", "minimal") }

// minimalClose opens a connection per URL.
func (l *lab) minimalClose() contender {
	return l.peer("minimal, keep-alive off", "minimal", "-close")
}

// minimalTuned keeps as many idle connections per host as are in flight.
func (l *lab) minimalTuned(c int) contender {
	return l.peer("minimal, tuned", "minimal", "-idle-per-host", strconv.Itoa(c))
}

// raw is no HTTP client but the floor under all of them.
func (l *lab) raw() contender { return l.peer("raw exchange (floor)", "raw") }

func (l *lab) fasthttp() contender { return l.peer("fasthttp, closing", "fasthttp") }

// curl reads the list as a config file: a URL each, its body thrown away.
func (l *lab) curl(flags ...string) contender {
	const script = `sed 's/.*/url="&"\noutput=\/dev\/null/' "$1" > "$1.curl"
list=$1 c=$2; shift 2
exec curl -s -k -K "$list.curl" --parallel --parallel-max "$c" -w '%{http_code} %{url}\n' "$@"`
	return contender{name: "curl --parallel", mark: printed, argv: func(j job) []string {
		return append([]string{"sh", "-c", script, "sh", j.list, strconv.Itoa(j.c)}, flags...)
	}}
}

// xargs is a curl process per URL: what one types first.
func (l *lab) xargs() contender {
	return contender{name: "xargs -P curl", mark: printed, only: 1000, swarm: true, argv: func(j job) []string {
		return []string{"xargs", "-a", j.list, "-P", strconv.Itoa(j.c), "-n", "1", "curl", "-s", "-o", "/dev/null", "-w", `%{http_code} %{url}\n`}
	}}
}
