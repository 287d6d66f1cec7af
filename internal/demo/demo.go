// Package demo is a small site on the loopback interface, some of whose pages
// misbehave on purpose, so that a machine without a network sees a real check.
//
// It is a room of its own since it needs the server side of net/http and nothing
// of what the gateway is about.
package demo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A Page is one line of the list to check, and what must come of it.
type Page struct {
	Line    string // as in a txt file: URL, codes, latency …
	Staged  string // what the page does, in a sentence for the reader
	Outcome check.Outcome
	Reason  check.Reason
}

// A Site serves the pages until it is closed.
type Site struct {
	Pages []Page

	stop []func() error
}

// Open starts the site on free ports of 127.0.0.1.
func Open() (*Site, error) {
	s := &Site{}
	for _, stage := range []func() error{s.stagePlain, s.stageThrottled, s.stageTLS, s.stageRaw} {
		if err := stage(); err != nil {
			return nil, errors.Join(fmt.Errorf("the demo site cannot be started: %w", err), s.Close())
		}
	}
	return s, nil
}

// Close stops the servers.
func (s *Site) Close() error {
	var errs []error
	for _, stop := range s.stop {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}

// List is the site as a txt file: line n is Pages[n-1].
func (s *Site) List() string {
	var b strings.Builder
	for _, p := range s.Pages {
		b.WriteString(p.Line + "\n")
	}
	return b.String()
}

// add appends a page that does not pass for the reason given, or does where
// there is none.
func (s *Site) add(line string, reason check.Reason, staged string) {
	s.Pages = append(s.Pages, Page{Line: line, Staged: staged, Outcome: reason.Default(), Reason: reason})
}

// stagePlain is a server that is mostly well.
func (s *Site) stagePlain() error {
	mux := http.NewServeMux()
	handle := func(path string, f http.HandlerFunc) { mux.HandleFunc(path, f) }
	text := func(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, body+"\n") }
	handle("/good", func(w http.ResponseWriter, _ *http.Request) { text(w, "all is well") })
	handle("/slow", func(w http.ResponseWriter, r *http.Request) {
		wait(r, 300*time.Millisecond)
		text(w, "here I am")
	})
	handle("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/good", http.StatusMovedPermanently)
	})
	handle("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	handle("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	handle("/lies", func(w http.ResponseWriter, _ *http.Request) { text(w, "Database error") })
	handle("/hangs", func(_ http.ResponseWriter, r *http.Request) { wait(r, time.Minute) })
	var calls atomic.Int64
	handle("/flapping", func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		text(w, "up again")
	})
	base, err := s.serve(mux, nil)
	if err != nil {
		return err
	}
	s.add(base+"/good", "", "a page as it should be")
	s.add(base+"/slow", "", "answers after 300 ms, which nobody forbids")
	s.add(base+"/slow <100ms", check.LatencyExceeded, "the same page, but here 100 ms are all it may take")
	s.add(base+"/moved", "", "301 to the good page: followed")
	s.add(base+"/moved 301", "", "the same page, where the redirect is the answer that is wanted")
	s.add(base+"/loop", check.TooManyRedirects, "redirects to itself, for ever")
	s.add(base+"/flapping", "", "503 at first, 200 when asked again: a retry mends it, and is reported")
	s.add(base+"/broken", check.HTTPStatus, "always 500")
	s.add(base+"/missing", check.HTTPStatus, "404, the classic")
	s.add(base+`/lies body=well`, check.BodyMismatch, "200, but the page says \"Database error\"")
	s.add(base+"/hangs timeout=500ms", check.Timeout, "never answers; this line gives it 500 ms")
	return nil
}

// stageThrottled is a host of its own, as a host that says 429 is left alone.
func (s *Site) stageThrottled() error {
	base, err := s.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}), nil)
	if err != nil {
		return err
	}
	s.add(base+"/throttled", check.RateLimited, "429, come back in an hour: a warning, since it says nothing about the page")
	return nil
}

// stageTLS are two servers whose certificates nobody should accept.
func (s *Site) stageTLS() error {
	for _, row := range []struct {
		expires time.Duration
		reason  check.Reason
		staged  string
	}{
		{24 * time.Hour, check.TLSFailed, "a certificate it signed itself"},
		{-24 * time.Hour, check.CertExpired, "a certificate that expired yesterday"},
	} {
		cfg, err := selfSigned(time.Now().Add(row.expires))
		if err != nil {
			return err
		}
		base, err := s.serve(http.NotFoundHandler(), cfg)
		if err != nil {
			return err
		}
		s.add(base+"/", row.reason, row.staged)
	}
	return nil
}

// stageRaw is what no web server does.
func (s *Site) stageRaw() error {
	garbage, err := s.listen(func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n")
	})
	if err != nil {
		return err
	}
	closing, err := s.listen(func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) })
	if err != nil {
		return err
	}
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := refused.Close(); err != nil {
		return err
	}
	s.add(garbage+"/", check.ProtocolError, "not a web server at all")
	s.add(closing+"/", check.ConnectReset, "hangs up before it has answered")
	s.add("http://"+refused.Addr().String()+"/", check.ConnectRefused, "nobody listens here")
	s.add("ftp://127.0.0.1/file", check.InvalidURL, "no web address")
	return nil
}

// wait returns after d, or when the visitor leaves.
func wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
