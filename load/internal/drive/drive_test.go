package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

// service answers as hc does: answer makes the i-th answer to n URLs.
func service(t *testing.T, answer func(w http.ResponseWriter, i, n int)) string {
	t.Helper()
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ URLs []string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "not a batch", http.StatusBadRequest)
			return
		}
		answer(w, int(calls.Add(1)), len(asked.URLs))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func results(w http.ResponseWriter, n int, result string) {
	fmt.Fprintf(w, `{"results":[%s]}`, strings.TrimSuffix(strings.Repeat(result+",", n), ","))
}

func urls(n int) []string {
	var us []string
	for i := range n {
		us = append(us, fmt.Sprintf("http://127.0.0.1/%d", i))
	}
	return us
}

func TestAnAnswerIsRightOrSaysWhyNot(t *testing.T) {
	load := Load{URLs: urls(10), Batch: 3, Strict: true}
	for name, row := range map[string]struct {
		answer func(w http.ResponseWriter, i, n int)
		err    string
		cached int
	}{
		"hc, cached":      {func(w http.ResponseWriter, _, n int) { results(w, n, `{"outcome":"pass","cached":true}`) }, "", 3},
		"straightforward": {func(w http.ResponseWriter, _, n int) { results(w, n, `{"up":true,"cached":false}`) }, "", 0},
		"one too few":     {func(w http.ResponseWriter, _, n int) { results(w, n-1, `{"outcome":"pass"}`) }, "2 results for 3 URLs", 0},
		"a target down":   {func(w http.ResponseWriter, _, n int) { results(w, n, `{"outcome":"fail"}`) }, "a target that is well did not pass", 0},
		"refused":         {func(w http.ResponseWriter, _, _ int) { w.WriteHeader(http.StatusServiceUnavailable) }, "HTTP 503", 0},
		"cut off":         {func(http.ResponseWriter, int, int) { panic(http.ErrAbortHandler) }, "EOF", 0},
	} {
		t.Run(name, func(t *testing.T) {
			url := service(t, row.answer)
			for model, drive := range map[string]func(*measure.Run) error{
				"open": func(r *measure.Run) error {
					return load.Open(context.Background(), url, []Stage{{From: 50, To: 50, For: 100 * time.Millisecond}}, r)
				},
				"users": func(r *measure.Run) error {
					return load.Users(context.Background(), url, []Ramp{{To: 1, For: 20 * time.Millisecond}, {To: 0, For: 20 * time.Millisecond}}, r)
				},
			} {
				run := measure.NewRun(time.Second)
				if err := drive(run); err != nil {
					t.Fatal(err)
				}
				f := run.Figures()
				wrong := f.Reasons[row.err]
				for reason := range f.Reasons {
					if row.err != "" && strings.Contains(reason, row.err) {
						wrong = f.Reasons[reason]
					}
				}
				switch {
				case f.Requests == 0:
					t.Errorf("%s: nothing was sent", model)
				case row.err == "" && (f.Errors > 0 || f.Cached != row.cached*f.Requests):
					t.Errorf("%s: %+v", model, f)
				case row.err != "" && wrong != f.Requests:
					t.Errorf("%s: errors %v in %d requests, want %q", model, f.Reasons, f.Requests, row.err)
				}
			}
		})
	}
}

func TestRatesAreThoseOfTheStages(t *testing.T) {
	url := service(t, func(w http.ResponseWriter, _, n int) { results(w, n, `{"outcome":"pass"}`) })
	run := measure.NewRun(time.Second)
	load := Load{URLs: urls(10), Batch: 2}
	err := load.Open(context.Background(), url, []Stage{
		{From: 100, To: 100, For: time.Second}, // 100
		{From: 100, To: 300, For: time.Second}, // 200
	}, run)
	if err != nil {
		t.Fatal(err)
	}
	if n := run.Figures().Requests; n < 240 || n > 320 {
		t.Errorf("%d requests, want about 300", n)
	}
}

func TestUsersComeAndGoAsTheRampsSay(t *testing.T) {
	ramps := []Ramp{{To: 4, For: 4 * time.Second}, {To: 4, For: time.Second}, {To: 0, For: 2 * time.Second}}
	got := shifts(ramps)
	want := []shift{
		{0, 7 * time.Second},
		{time.Second, 6500 * time.Millisecond},
		{2 * time.Second, 6 * time.Second},
		{3 * time.Second, 5500 * time.Millisecond},
	}
	if len(got) != len(want) {
		t.Fatalf("%d users, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("user %d: %v, want %v", i, got[i], want[i])
		}
	}
}

func TestUsersHaveOneRequestEach(t *testing.T) {
	var now, most atomic.Int64
	url := service(t, func(w http.ResponseWriter, _, n int) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
		results(w, n, `{"outcome":"pass"}`)
	})
	run := measure.NewRun(time.Second)
	err := Load{URLs: urls(10), Batch: 2}.Users(context.Background(), url, []Ramp{{To: 5, For: 200 * time.Millisecond}, {To: 5, For: 200 * time.Millisecond}}, run)
	if err != nil {
		t.Fatal(err)
	}
	if most.Load() < 2 || most.Load() > 5 {
		t.Errorf("%d at once, want up to 5", most.Load())
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	url := service(t, func(w http.ResponseWriter, _, n int) { results(w, n, `{"outcome":"pass"}`) })
	load := Load{URLs: urls(10), Batch: 2}
	for name, drive := range map[string]func(context.Context) error{
		"open": func(ctx context.Context) error {
			return load.Open(ctx, url, []Stage{{From: 10, To: 10, For: time.Minute}}, measure.NewRun(time.Second))
		},
		"users": func(ctx context.Context) error {
			return load.Users(ctx, url, []Ramp{{To: 5, For: time.Minute}}, measure.NewRun(time.Second))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			began := time.Now()
			if err := drive(ctx); err == nil || time.Since(began) > 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
}

func TestBatchesHaveNoURLTwice(t *testing.T) {
	for _, b := range (Load{URLs: urls(8), Batch: 5}).batches() {
		seen := make(map[string]bool)
		for _, u := range b {
			if seen[u] {
				t.Fatalf("%s is in %v twice", u, b)
			}
			seen[u] = true
		}
	}
}
