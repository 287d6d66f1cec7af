package check

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serveH2 serves h over HTTP/2 and counts connections.
func serveH2(t *testing.T, h http.HandlerFunc) (s *httptest.Server, client *HTTP, conns *atomic.Int32) {
	t.Helper()
	conns = new(atomic.Int32)
	cert, pool := newCert(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	s = httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, newHTTP(t, HTTPConfig{TLS: &tls.Config{RootCAs: pool}, MaxRedirects: 5}), conns
}

func TestHTTP2ChecksShareAConnection(t *testing.T) {
	s, h, conns := serveH2(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			time.Sleep(50 * time.Millisecond)
		}
	})
	if r := h.Check(context.Background(), get(s.URL)); r.Reason != "" || r.Protocol != "HTTP/2.0" {
		t.Fatalf("%q %s over %s", r.Reason, r.Error, r.Protocol)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if r := h.Check(context.Background(), get(s.URL+"/slow")); r.Reason != "" || !r.Timing.Reused {
				t.Errorf("%q %s, reused %t", r.Reason, r.Error, r.Timing.Reused)
			}
		})
	}
	wg.Wait()
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for 51 checks", n)
	}
}

func TestDeadHTTP2ConnectionIsReplaced(t *testing.T) {
	s, h, conns := serveH2(t, func(http.ResponseWriter, *http.Request) {})
	for i := range 3 {
		if r := h.Check(context.Background(), get(s.URL)); r.Reason != "" || r.Attempts != 1 {
			t.Fatalf("check %d: %q %s", i, r.Reason, r.Error)
		}
		s.CloseClientConnections()
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

func TestHTTP2Verdicts(t *testing.T) {
	s, h, conns := serveH2(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			_, _ = io.WriteString(w, "hello")
		case "/post":
			b, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || string(b) != "ping" || r.Header.Get("X-A") != "b" {
				w.WriteHeader(http.StatusBadRequest)
			}
		case "/moved":
			http.Redirect(w, r, "/body", http.StatusFound)
		case "/reset":
			panic(http.ErrAbortHandler)
		case "/hang":
			<-r.Context().Done()
		case "/big":
			for range 1000 {
				w.Header().Add("X-Big", "0123456789012345678901234567890123456789012345678901234567890123456789")
			}
		}
	})
	for _, row := range []struct {
		name   string
		target Target
		reason Reason
	}{
		{"body matches", Target{URL: s.URL + "/body", Expect: Expect{Body: regexp.MustCompile("^hello$")}}, ""},
		{"body does not match", Target{URL: s.URL + "/body", Expect: Expect{Body: regexp.MustCompile("bye")}}, BodyMismatch},
		{"POST", Target{URL: s.URL + "/post", Method: "POST", Request: &Request{Header: []Field{{"x-a", "b"}}, Body: "ping"}}, ""},
		{"redirect", Target{URL: s.URL + "/moved"}, ""},
		{"stream reset", Target{URL: s.URL + "/reset"}, ProtocolError},
		{"no answer", Target{URL: s.URL + "/hang", Timeout: 200 * time.Millisecond}, Timeout},
		{"header too large", Target{URL: s.URL + "/big"}, ProtocolError},
		{"the connection still works", Target{URL: s.URL + "/body"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := h.Check(context.Background(), row.target)
			if r.Reason != row.reason {
				t.Errorf("%q (%s), want %q", r.Reason, r.Error, row.reason)
			}
			if r.Reason == "" && (r.TLS == nil || r.RemoteIP.String() != "127.0.0.1") {
				t.Errorf("%+v", r)
			}
		})
	}
	if n := conns.Load(); n > 4 {
		t.Errorf("%d connections", n)
	}
}
