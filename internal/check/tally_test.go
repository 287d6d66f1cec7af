package check

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

func asked(o Outcome, r Reason, latency time.Duration) Result {
	return Result{Outcome: o, Reason: r, Attempts: 1, Timing: Timing{Queue: time.Hour, Processing: latency}}
}

func TestTallyCounts(t *testing.T) {
	var tally Tally
	for _, r := range []Result{
		asked(Pass, "", 10*time.Millisecond),
		asked(Pass, "", 20*time.Millisecond),
		{Outcome: Pass, Cached: true, Attempts: 1, Timing: Timing{Processing: time.Hour}},
		asked(Fail, HTTPStatus, 30*time.Millisecond),
		asked(Fail, HTTPStatus, 40*time.Millisecond),
		asked(Warn, RateLimited, 50*time.Millisecond),
		Failed(Target{}, InvalidURL, "x"),
		Failed(Target{}, Canceled, "x"),
		{Outcome: "later", Reason: "newer"},
	} {
		tally.Add(r)
	}
	got := tally.Summary()
	want := Summary{
		Total: 9, Unique: 9, Pass: 3, Warn: 1, Fail: 4, Skip: 1, Cached: 1,
		ByReason: map[Reason]int64{HTTPStatus: 2, RateLimited: 1, InvalidURL: 1, Canceled: 1, "newer": 1},
		Latency:  got.Latency,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Latency.Max != 50*time.Millisecond {
		t.Errorf("max %v: only what was asked counts, and without its time in the queue", got.Latency.Max)
	}
}

// TestTallySummaryIsItsOwn: a summary taken in the middle does not change later.
func TestTallySummaryIsItsOwn(t *testing.T) {
	var tally Tally
	tally.Add(asked(Fail, DNS, 0))
	first := tally.Summary()
	tally.Add(asked(Fail, DNS, 0))
	if first.ByReason[DNS] != 1 || tally.Summary().ByReason[DNS] != 2 {
		t.Errorf("first %v, then %v", first.ByReason, tally.Summary().ByReason)
	}
}

func TestQuantilesAreOffByLessThanOnePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rows := []struct {
		name string
		next func() time.Duration
	}{
		{"microseconds", func() time.Duration { return time.Duration(random.IntN(200)) * time.Microsecond }},
		{"milliseconds", func() time.Duration { return time.Duration(random.Int64N(int64(100 * time.Millisecond))) }},
		{"minutes", func() time.Duration { return time.Duration(random.Int64N(int64(10 * time.Minute))) }},
		{"long tail", func() time.Duration { return time.Duration(random.ExpFloat64() * float64(50*time.Millisecond)) }},
		{"one value", func() time.Duration { return 12345 * time.Microsecond }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var h histogram
			exact := make([]time.Duration, 10_001)
			for i := range exact {
				exact[i] = row.next()
				h.add(exact[i])
			}
			slices.Sort(exact)
			for _, percent := range []int64{1, 50, 90, 95, 99, 100} {
				want := exact[(int64(len(exact))*percent+99)/100-1]
				off := h.quantile(percent) - want
				if off.Abs() > want/100+time.Microsecond {
					t.Errorf("p%d is %v, exactly %v", percent, h.quantile(percent), want)
				}
			}
			if h.max != exact[len(exact)-1] {
				t.Errorf("max %v, want %v", h.max, exact[len(exact)-1])
			}
		})
	}
}

func TestQuantilesOfFew(t *testing.T) {
	rows := []struct {
		name     string
		values   []time.Duration
		p50, p99 time.Duration
	}{
		{"none", nil, 0, 0},
		{"zero", []time.Duration{0}, 0, 0},
		{"negative", []time.Duration{-time.Second}, 0, 0},
		{"one", []time.Duration{77 * time.Microsecond}, 77 * time.Microsecond, 77 * time.Microsecond},
		{"two", []time.Duration{100 * time.Microsecond, 10 * time.Microsecond}, 10 * time.Microsecond, 100 * time.Microsecond},
		{"three", []time.Duration{1, 20 * time.Microsecond, 3 * time.Microsecond}, 3 * time.Microsecond, 20 * time.Microsecond},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var h histogram
			for _, d := range row.values {
				h.add(d)
			}
			if h.quantile(50) != row.p50 || h.quantile(99) != row.p99 {
				t.Errorf("p50 %v p99 %v, want %v and %v", h.quantile(50), h.quantile(99), row.p50, row.p99)
			}
		})
	}
}

// TestBucketsJoin: each value lies in one bucket, in order, and buckets are as
// narrow as promised.
func TestBucketsJoin(t *testing.T) {
	last := -1
	for us := range 1 << 16 {
		d := time.Duration(us) * time.Microsecond
		i := bucket(d)
		if i != last && i != last+1 {
			t.Fatalf("%v is in bucket %d, the one before in %d", d, i, last)
		}
		if off := (middle(i) - d).Abs(); off > d/100 {
			t.Fatalf("%v is in the bucket of %v", d, middle(i))
		}
		last = i
	}
	if n := bucket(1<<63 - 1); n > 4096 {
		t.Errorf("the longest duration has bucket %d: the histogram is not bounded", n)
	}
}

func TestSummaryLine(t *testing.T) {
	s := Summary{
		Total: 10, Duplicates: 2, Unique: 10, Pass: 5, Warn: 1, Fail: 3, Skip: 1, Cached: 4,
		ByReason: map[Reason]int64{Timeout: 1, DNS: 2}, Duration: 1500 * time.Millisecond,
		Latency:    Latency{P50: time.Millisecond, P90: 2 * time.Millisecond, P95: 2500 * time.Microsecond, P99: 3 * time.Millisecond, Max: 3125 * time.Microsecond},
		Incomplete: 7, ExitCode: 1, Version: "v1.2.3",
	}
	want := `{"type":"summary","v":1,"total":10,"duplicates":2,"unique":10,"pass":5,"warn":1,"fail":3,"skip":1,"cached":4,` +
		`"by_reason":{"dns":2,"timeout":1},"duration_ms":1500,"rate":6.7,` +
		`"latency_ms":{"p50":1,"p90":2,"p95":2.5,"p99":3,"max":3.125},"incomplete":7,"exit_code":1,"version":"v1.2.3"}`
	if got := string(s.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back Summary
	if err := json.Unmarshal([]byte(want), &back); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("read back %+v, %v, want %+v", back, err, s)
	}
}

func TestEmptySummaryHasAllCounts(t *testing.T) {
	want := `{"type":"summary","v":1,"total":0,"duplicates":0,"unique":0,"pass":0,"warn":0,"fail":0,"skip":0,"cached":0,` +
		`"by_reason":{},"duration_ms":0,"rate":0,"latency_ms":{"p50":0,"p90":0,"p95":0,"p99":0,"max":0},"incomplete":0,"exit_code":0,"version":""}`
	if got := string(new(Tally).Summary().AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSummaryReadsOnlySummaries(t *testing.T) {
	for name, line := range map[string]string{"a result": `{"type":"result","v":1}`, "cut off": `{"type":"summary"`, "wrong type": `{"total":"1"}`} {
		if err := new(Summary).UnmarshalJSON([]byte(line)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkTallyAdd(b *testing.B) {
	var tally Tally
	r := asked(Fail, HTTPStatus, 123*time.Millisecond)
	b.ReportAllocs()
	for b.Loop() {
		tally.Add(r)
	}
}
