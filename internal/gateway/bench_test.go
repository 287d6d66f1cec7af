package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// hotAnswer is what a memory has of a page that is well.
func hotAnswer(t *check.Target, _ check.Key, _ time.Time, res *check.Result) bool {
	*res = check.Result{
		Target: *t, Outcome: check.Pass, StatusCode: 200, Attempts: 1, Protocol: "HTTP/1.1",
		RemoteIP: netip.AddrFrom4([4]byte{192, 0, 2, 1}), ContentLength: 1234, Cached: true, CacheAge: 1500 * time.Millisecond,
		CheckedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Timing: check.Timing{
			Resolve: 1200 * time.Microsecond, Connect: 10300 * time.Microsecond, Processing: 45600 * time.Microsecond, Transfer: 300 * time.Microsecond,
		},
	}
	return true
}

func urlsBody(n int) []byte {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://host%d.example.com/some/path?q=%d", i, i)
	}
	b, _ := json.Marshal(map[string]any{"urls": urls})
	return b
}

// sink is a ResponseWriter that keeps nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkCheckHot is a batch that the memory answers, without net/http.
func BenchmarkCheckHot(b *testing.B) {
	for _, row := range []struct {
		name string
		n    int
		log  *slog.Logger
	}{{"1", 1, nil}, {"1, logged", 1, slog.New(slog.NewJSONHandler(&sink{}, nil))}, {"10", 10, nil}, {"100", 100, nil}} {
		b.Run(row.name, func(b *testing.B) {
			texts := map[check.Key]*check.Text{}
			hot := func(t *check.Target, key check.Key, now time.Time, res *check.Result) bool {
				hotAnswer(t, key, now, res)
				if res.Text = texts[key]; res.Text == nil {
					res.Text = check.NewText(res)
					texts[key] = res.Text
				}
				return true
			}
			g, n := New(Config{Hot: hot, Log: row.log, Access: io.Discard}), row.n
			body := urlsBody(n)
			header := http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}, "User-Agent": {"bench"}}
			b.ReportAllocs()
			for b.Loop() {
				r := &http.Request{
					Method: "POST", URL: mustURL("/check"), Proto: "HTTP/1.1", RequestURI: "/check", Header: header,
					Body: nopCloser{bytes.NewReader(body)}, ContentLength: int64(len(body)), RemoteAddr: "127.0.0.1:1234",
				}
				g.ServeHTTP(&sink{http.Header{}}, r)
			}
		})
	}
}

// BenchmarkDecode reads a body of 100 URLs, here and with encoding/json.
func BenchmarkDecode(b *testing.B) {
	body := urlsBody(100)
	b.Run("scanner", func(b *testing.B) {
		var batch batch
		b.ReportAllocs()
		for b.Loop() {
			batch.reset()
			if err := batch.decode(string(body), 1000); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dec := json.NewDecoder(bytes.NewReader(body))
			dec.DisallowUnknownFields()
			var req struct{ URLs []string }
			if err := dec.Decode(&req); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkKeys finds the last of 100 keys.
func BenchmarkKeys(b *testing.B) {
	var lines strings.Builder
	for i := range 100 {
		fmt.Fprintf(&lines, "caller%d %s\n", i, sumOf(fmt.Sprint("key", i)))
	}
	keys, err := ParseKeys(lines.String())
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{"Authorization": {"Bearer key99"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := keys.callerOf(h); !ok {
			b.Fatal("not found")
		}
	}
}

// BenchmarkAccessLine writes the line of a request, here and with slog.
func BenchmarkAccessLine(b *testing.B) {
	log := slog.New(slog.NewJSONHandler(&sink{}, nil))
	g := New(Config{Access: io.Discard, Log: log})
	r := &http.Request{Method: "POST", RemoteAddr: "127.0.0.1:54321"}
	rep := &reply{began: time.Now(), id: [1]string{"3w5e11264sgsf"}, code: 200, bytes: 715, urls: 1}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.log(rep, r, route{label: "/check"}, time.Millisecond, false)
		}
	})
	b.Run("slog", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			log.LogAttrs(b.Context(), slog.LevelInfo, "request", slog.String("request_id", rep.id[0]), slog.String("method", r.Method),
				slog.String("route", "/check"), slog.Int("status", rep.code), slog.Int64("bytes", rep.bytes), slog.Int64("took_us", 1000),
				slog.String("remote", r.RemoteAddr), slog.Int("urls", rep.urls))
		}
	})
}
