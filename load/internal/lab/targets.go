package lab

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// hosts is how many hosts the targets are, each a port of its own.
const hosts = 50

// Targets are well, and answer after as many milliseconds as their path says.
type Targets struct {
	server  *http.Server
	addrs   []string
	serving chan error
	asked   atomic.Int64
}

func startTargets() (*Targets, error) {
	t := &Targets{serving: make(chan error, hosts)}
	t.server = &http.Server{Handler: http.HandlerFunc(t.answer), ReadHeaderTimeout: 10 * time.Second}
	for range hosts {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.addrs = append(t.addrs, ln.Addr().String())
		go func() { t.serving <- t.server.Serve(ln) }()
	}
	return t, nil
}

// URLs are n targets, on all hosts in turn, with answers after fastest to slowest
// in even steps.
func (t *Targets) URLs(n int, fastest, slowest time.Duration) []string {
	urls := make([]string, n)
	for i := range urls {
		wait := fastest + (slowest-fastest)*time.Duration(i)/time.Duration(max(n-1, 1))
		urls[i] = fmt.Sprintf("http://%s/%d?page=%d", t.addrs[i%len(t.addrs)], wait.Milliseconds(), i)
	}
	return urls
}

// Asked is how many requests have come since it was called last.
func (t *Targets) Asked() int { return int(t.asked.Swap(0)) }

func (t *Targets) answer(w http.ResponseWriter, r *http.Request) {
	t.asked.Add(1)
	ms, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		http.Error(w, "the path is no number of milliseconds", http.StatusNotFound)
		return
	}
	wait := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
	}
}

func (t *Targets) close() error {
	err := t.server.Close()
	for range t.addrs {
		if served := <-t.serving; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
	}
	return err
}
