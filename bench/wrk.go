package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// connections are what a service is asked over, where nothing else is said.
const connections = 64

// A shot is one burst of wrk's at one service.
type shot struct {
	took     time.Duration
	requests int // answered 2xx
	failed   int // answered otherwise, or not at all
	p50, p99 time.Duration
	cpu      time.Duration // of the processes that make up the service
	peak     int64         // bytes: the most they have had in memory
}

func (s shot) value(what measure) float64 {
	switch what {
	case p99:
		return s.p99.Seconds()
	case perCPU:
		return float64(s.requests) / s.cpu.Seconds()
	default:
		return float64(s.requests) / s.took.Seconds()
	}
}

// told is the end of every script: what wrk counted, as a line of JSON.
const told = `
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"us":%d,"requests":%d,"status":%d,"socket":%d,"p50":%d,"p99":%d}\n', summary.duration, summary.requests,
    e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`

// posting is a script that posts body again and again.
func (l *lab) posting(body []byte) (string, error) {
	return l.script(fmt.Sprintf("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [==[%s]==]\n", body))
}

// asking is a script that asks for one path after the other, round and round.
func (l *lab) asking(paths []string) (string, error) {
	var list strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&list, "%q, ", p)
	}
	return l.script(fmt.Sprintf(`local paths, i = {%s}, 0
request = function()
  i = i %% #paths + 1
  return wrk.format('GET', paths[i])
end
`, &list))
}

func (l *lab) script(text string) (string, error) {
	f, err := os.CreateTemp(l.dir, "*.lua")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text + told)
	return f.Name(), errors.Join(err, f.Close())
}

// shoot has wrk ask s for so long, with every one of c connections busy.
func (l *lab) shoot(ctx context.Context, s service, script string, c int, d time.Duration) (shot, error) {
	before, err := s.cpu()
	if err != nil {
		return shot{}, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t", "1", "-c", strconv.Itoa(c), "-d", fmt.Sprint(int(d.Seconds()), "s"), "-s", script, s.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return shot{}, fmt.Errorf("wrk: %w: %s: run scripts/deps.sh wrk", err, out)
	}
	after, err := s.cpu()
	if err != nil {
		return shot{}, err
	}
	counted, err := readShot(out)
	counted.cpu, counted.peak = after-before, s.peak()
	return counted, err
}

// readShot takes the line that [told] adds to what wrk prints.
func readShot(out []byte) (shot, error) {
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if !bytes.HasPrefix(lines.Bytes(), []byte("{")) {
			continue
		}
		var n struct{ US, Requests, Status, Socket, P50, P99 int }
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			return shot{}, fmt.Errorf("wrk said %q: %w", lines.Text(), err)
		}
		micro := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
		return shot{
			took: micro(n.US), requests: n.Requests - n.Status, failed: n.Status + n.Socket,
			p50: micro(n.P50), p99: micro(n.P99),
		}, nil
	}
	return shot{}, fmt.Errorf("wrk gave no figures: %q", out)
}

func (l *lab) write(name string, text []byte) (file string, err error) {
	file = filepath.Join(l.dir, name)
	return file, os.WriteFile(file, text, 0o600)
}
