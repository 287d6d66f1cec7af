package check

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestHostileServers: each broken or hostile answer gets its reason within the
// timeout and 100 ms, in bounded memory, and leaves no goroutine behind (TestMain).
// GET is asked unless the row says otherwise.
func TestHostileServers(t *testing.T) {
	const timeout = time.Second
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	rows := []struct {
		name   string
		serve  func(net.Conn)
		method string
		body   string // an expectation on the body
		reason Reason
		status int
	}{
		{name: "infinite header line", serve: forever("HTTP/1.1 200 OK\r\nX: ", strings.Repeat("a", 4096), 0), reason: ProtocolError},
		{name: "infinite number of headers", serve: forever("HTTP/1.1 200 OK\r\n", strings.Repeat("X-A: b\r\n", 500), 0), reason: ProtocolError},
		{name: "infinite status line", serve: forever("HTTP/1.1 200 ", strings.Repeat("O", 4096), 0), reason: ProtocolError},
		{name: "flood of 1xx", serve: forever("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 100), 0), reason: ProtocolError},
		{name: "slow drip of 1xx", serve: forever("", "HTTP/1.1 102 Processing\r\n\r\n", 20*time.Millisecond), reason: Timeout},
		{name: "slow drip of a header", serve: forever("HTTP/1.1 200 OK\r\nX: ", "a", 20*time.Millisecond), reason: Timeout},
		{name: "never answers", serve: holds, reason: Timeout},
		{name: "slow body, body not wanted", serve: forever("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "a", 20*time.Millisecond), status: 200},
		{name: "slow body, body wanted", serve: forever("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "a", 20*time.Millisecond), body: "b", reason: Timeout, status: 200},
		{name: "infinite body, not wanted", serve: forever("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("a", 65536), 0), status: 200},
		{name: "infinite body, wanted", serve: forever("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("a", 65536), 0), body: "b", reason: BodyMismatch, status: 200},
		{name: "gzip nobody asked for", serve: says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"), status: 200},
		{name: "infinite chunk extension", serve: forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", 4096), 0), body: "b", reason: ProtocolError, status: 200},
		{name: "infinite trailer", serve: forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", strings.Repeat("X: y\r\n", 500), 0), body: "b", reason: ProtocolError, status: 200},
		{name: "garbage for a chunk", serve: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), body: "b", reason: ProtocolError, status: 200},
		{name: "redirect with an infinite body", serve: forever("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", strings.Repeat("a", 65536), 0), reason: TooManyRedirects, status: 302},
		{name: "redirect loop", serve: says("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), reason: TooManyRedirects, status: 301},
		{name: "redirect to nowhere", serve: says("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"), reason: ProtocolError, status: 302},
		{name: "redirect to another scheme", serve: says("HTTP/1.1 302 Found\r\nLocation: gopher://127.0.0.1:6379/_FLUSHALL\r\nContent-Length: 0\r\n\r\n"), reason: InvalidURL, status: 302},
		{name: "101 unasked for, then silence", serve: forever("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "", 0), reason: HTTPStatus, status: 101},
		{name: "101 where a body is wanted", serve: forever("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "", 0), body: "b", reason: HTTPStatus, status: 101},
		{name: "HEAD answered with a body", serve: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), method: "HEAD", status: 200},
		{name: "204 with a body", serve: says("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"), status: 204},
		{name: "two answers to one request", serve: says(ok + ok), status: 200},
		{name: "status 000", serve: says("HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n"), reason: ProtocolError},
		{name: "status 999", serve: says("HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n"), reason: HTTPStatus, status: 999},
		{name: "status of two digits", serve: says("HTTP/1.1 20 OK\r\n\r\n"), reason: ProtocolError},
		{name: "SSH banner", serve: says("SSH-2.0-OpenSSH_9.2\r\n"), reason: ProtocolError},
		{name: "HTTP/0.9", serve: says("<html>hello</html>"), reason: ProtocolError},
		{name: "HTTP/3.0 in clear", serve: says("HTTP/3.0 200 OK\r\n\r\n"), reason: ProtocolError},
		{name: "negative content length", serve: says("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), reason: ProtocolError},
		{name: "two content lengths", serve: says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"), reason: ProtocolError},
		{name: "header without a colon", serve: says("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), reason: ProtocolError},
		{name: "closed in the middle of the header", serve: says("HTTP/1.1 200 OK\r\nX: "), reason: ConnectReset},
		{name: "closed without an answer", serve: says(""), reason: ConnectReset},
		{name: "closed at once", serve: func(net.Conn) {}, reason: ConnectReset},
		{name: "reset", serve: reset, reason: ConnectReset},
		{name: "body cut short, not wanted", serve: says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"), status: 200},
		{name: "body cut short, wanted", serve: says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"), body: "b", reason: ConnectReset, status: 200},
		{name: "body cut short after the match", serve: says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"), body: "ok", status: 200},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			target := get("http://" + serveRaw(t, row.serve) + "/")
			if row.method != "" {
				target.Method = row.method
			}
			if row.body != "" {
				target.Expect.Body = regexp.MustCompile(row.body)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			r := checkOne(t, HTTPConfig{Timeout: timeout, MaxRedirects: 5}, target)
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			if r.Reason != row.reason || r.StatusCode != row.status {
				t.Errorf("got reason %q status %d (%s), want %q %d", r.Reason, r.StatusCode, r.Error, row.reason, row.status)
			}
			if r.Reason != "" && r.Error == "" {
				t.Error("no error text")
			}
			if took > timeout+1500*time.Millisecond { // 100 ms, on a machine of its own
				t.Errorf("took %s", took)
			}
			checkSums(t, r, took)
		})
	}
}

// checkSums holds a Result to its sums: the phases sum to the total, which is
// the time the check took.
func checkSums(t *testing.T, r Result, took time.Duration) {
	t.Helper()
	total := r.Timing.Total()
	if slack := took/100 + 5*time.Millisecond; total > took || total < took-slack-50*time.Millisecond {
		t.Errorf("phases sum to %s, the check took %s: %+v", total, took, r.Timing)
	}
}

func reset(c net.Conn) {
	if readRequest(c) {
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

// TestHostileTLS does the same below HTTP.
func TestHostileTLS(t *testing.T) {
	const timeout = 3 * time.Second // the first look at the system's roots takes its time
	now := time.Now()
	good, pool := newCert(t, now.Add(-time.Hour), now.Add(time.Hour))
	expired, expiredPool := newCert(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	other, otherPool := newCert(t, now.Add(-time.Hour), now.Add(time.Hour), "other.test")
	answer := func(cfg *tls.Config) func(net.Conn) {
		return func(c net.Conn) {
			s := tls.Server(c, cfg)
			defer s.Close()
			if s.Handshake() == nil {
				says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(s)
			}
		}
	}
	with := func(cert tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{cert}} }
	rows := []struct {
		name   string
		serve  func(net.Conn)
		client *tls.Config
		reason Reason
	}{
		{"good", answer(with(good)), &tls.Config{RootCAs: pool}, ""},
		{"good, not verified", answer(with(good)), &tls.Config{InsecureSkipVerify: true}, ""},
		{"unknown authority", answer(with(good)), nil, TLSFailed},
		{"expired", answer(with(expired)), &tls.Config{RootCAs: expiredPool}, CertExpired},
		{"another host's", answer(with(other)), &tls.Config{RootCAs: otherPool}, TLSFailed},
		{"TLS 1.1 only", answer(&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), &tls.Config{RootCAs: pool}, TLSFailed},
		{"stall in the handshake", holds, nil, Timeout},
		{"closed in the handshake", func(c net.Conn) { _, _ = c.Read(make([]byte, 16)) }, nil, ConnectReset},
		{"plain HTTP on the TLS port", says("HTTP/1.1 400 Bad Request\r\n\r\n"), nil, TLSFailed},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			serve := row.serve
			if row.name == "plain HTTP on the TLS port" {
				serve = func(c net.Conn) {
					_, _ = c.Read(make([]byte, 16))
					_, _ = fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
					holds(c)
				}
			}
			begin := time.Now()
			r := checkOne(t, HTTPConfig{Timeout: timeout, TLS: row.client}, get("https://"+serveRaw(t, serve)+"/"))
			if r.Reason != row.reason {
				t.Errorf("got %q (%s), want %q", r.Reason, r.Error, row.reason)
			}
			if took := time.Since(begin); took > timeout+500*time.Millisecond {
				t.Errorf("took %s", took)
			}
			if (row.reason == "" || row.reason == CertExpired) && (r.TLS == nil || r.TLS.NotAfter.IsZero()) {
				t.Error("nothing said about the certificate")
			}
		})
	}
}

// TestHeaderBombIsCheap holds the 64 KiB bound: net/http's default allocates
// 84 MB for one such answer.
func TestHeaderBombIsCheap(t *testing.T) {
	addr := serveRaw(t, forever("HTTP/1.1 200 OK\r\n", strings.Repeat("X-A: b\r\n", 500), 0))
	h := newHTTP(t, HTTPConfig{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 10
	for range rounds {
		if r := h.Check(context.Background(), get("http://"+addr+"/")); r.Reason != ProtocolError {
			t.Fatal(r.Reason, r.Error)
		}
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / rounds; per > 4<<20 {
		t.Errorf("%d bytes allocated per answer", per)
	}
}
