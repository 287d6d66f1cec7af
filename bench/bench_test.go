package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hc-health/hc/bench/splice"
)

func TestMedianIsTheMiddle(t *testing.T) {
	for name, row := range map[string]struct {
		values []float64
		want   float64
	}{
		"one":       {[]float64{7}, 7},
		"odd":       {[]float64{9, 1, 5}, 5},
		"even":      {[]float64{4, 1, 2, 9}, 3},
		"unchanged": {[]float64{2, 2, 2, 2}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := median(row.values); got != row.want {
				t.Errorf("median(%v) = %v, want %v", row.values, got, row.want)
			}
		})
	}
}

func TestABarMissedIsMissed(t *testing.T) {
	for name, row := range map[string]struct {
		bar    bar
		values []float64
		slack  float64
		ok     bool
		says   string
	}{
		"fast enough":            {atLeast("minimal", 1), []float64{0.9, 1.01, 1.2}, 0, true, "URLs/s ≥ 1.00× of minimal"},
		"too slow":               {atLeast("minimal", 1), []float64{0.9, 0.99, 1.2}, 0, false, "URLs/s ≥ 1.00× of minimal"},
		"loosened":               {atLeast("minimal", 1), []float64{0.8}, 0.25, true, "URLs/s ≥ 0.75× of minimal"},
		"too much CPU":           {atMost(cpu, "minimal", 1.1), []float64{1.2}, 0, false, "CPU per URL ≤ 1.10× of minimal"},
		"memory within":          {atMost(peak, "", 64<<20), []float64{63 << 20}, 0, true, "peak memory ≤ 64 MiB"},
		"memory above":           {atMost(peak, "", 64<<20), []float64{65 << 20}, 0, false, "peak memory ≤ 64 MiB"},
		"below an absolute rate": {atLeast("", 4864), []float64{4863}, 0, false, "URLs/s ≥ 4864"},
	} {
		t.Run(name, func(t *testing.T) {
			v := row.bar.judge(row.values, row.slack)
			if v.ok != row.ok || v.bar != row.says {
				t.Errorf("got %v, %q; want %v, %q", v.ok, v.bar, row.ok, row.says)
			}
		})
	}
}

func TestWhatFailsIsNotFast(t *testing.T) {
	good := lap{sample: sample{wall: time.Second}, urls: 100, passed: 100, served: 100}
	half, twice := good, good
	half.passed = 50
	twice.served = 200
	if got := half.value(rate); got != 50 {
		t.Errorf("50 of 100 passed in a second is %v URLs/s, want 50", got)
	}
	for name, row := range map[string]struct {
		lap lap
		ok  bool
	}{
		"all":         {good, true},
		"half fail":   {half, false},
		"asked twice": {twice, false},
	} {
		t.Run(name, func(t *testing.T) {
			if v := counted([]lap{good, row.lap}); v.ok != row.ok {
				t.Errorf("got %v (%s), want %v", v.ok, v.measured, row.ok)
			}
		})
	}
}

func TestAListRepeatsNoURL(t *testing.T) {
	line := over("http", 8080, 70_000)
	seen := map[string]bool{}
	for i := range 200_000 {
		url := line(i)
		if seen[url] {
			t.Fatalf("line %d, %s, is there twice", i, url)
		}
		seen[url] = true
	}
	if got, want := line(70_000+256), "http://127.1.1.0:8080/1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLinesReadsAsOneText(t *testing.T) {
	line := func(i int) string { return strings.Repeat("x", i%7) }
	var want strings.Builder
	for i := range 1000 {
		want.WriteString(line(i) + "\n")
	}
	if err := iotest.TestReader(&lines{n: 1000, line: line}, []byte(want.String())); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(&lines{}); err != nil || len(b) > 0 {
		t.Errorf("no lines read as %q, %v", b, err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	out := &tail{max: 8}
	for _, s := range []string{"first ", "second ", "third\n"} {
		if _, err := io.WriteString(out, s); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.String(); got != "d third" && got != "nd third" {
		t.Errorf("got %q", got)
	}
}

func TestSummaryIsTheLastLine(t *testing.T) {
	for name, row := range map[string]struct {
		out string
		ok  bool
	}{
		"summary":  {`{"type":"result"}` + "\n" + `{"type":"summary","total":3,"pass":3}` + "\n", true},
		"a loss":   {`{"type":"summary","total":3,"pass":2}` + "\n", false},
		"cut off":  {`{"type":"result"}` + "\n" + `{"type":"summ`, false},
		"no lines": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := summaryOf(&tail{buf: []byte(row.out)})
			if ok := err == nil && s.all(3).ok; ok != row.ok {
				t.Errorf("got %v (%v), want %v", ok, err, row.ok)
			}
		})
	}
}

func TestSpliceReplacesOnlyItsPart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doc.md")
	write(t, file, "# Title\n"+splice.Begin("make bench")+"old\n"+splice.End+"after\n")
	if err := splice.Into(file, splice.Begin("make bench"), "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# Title\n" + splice.Begin("make bench") + "new\n" + splice.End + "after\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	write(t, file, "# Title\n")
	if err := splice.Into(file, splice.Begin("make bench"), "new\n"); err == nil {
		t.Error("a document without the marks was written to")
	}
}

func TestHeadCopiesWholeLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	write(t, file, "a\nb\nc\n")
	short, err := head(file, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(short); err != nil || string(got) != "a\nb\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestChildIsMeasured(t *testing.T) {
	var out bytes.Buffer
	s, err := child(t.Context(), t.TempDir(), []string{"sh", "-c", "cat; echo why >&2; exit 3"}, strings.NewReader("in"), &out)
	if err != nil {
		t.Fatal(err)
	}
	if s.exit != 3 || s.stderr != "why" || out.String() != "in" || s.wall <= 0 {
		t.Errorf("got %+v and output %q", s, out.String())
	}
	if _, err := child(t.Context(), t.TempDir(), []string{"no-such-program"}, nil, nil); err == nil {
		t.Error("a program that is not there ran")
	}
}

func TestWrksFiguresAreRead(t *testing.T) {
	const good = `{"us":2000000,"requests":100,"status":1,"socket":2,"p50":1500,"p99":9000}`
	want := shot{took: 2 * time.Second, requests: 99, failed: 3, p50: 1500 * time.Microsecond, p99: 9 * time.Millisecond}
	got, err := readShot([]byte("Running 2s test\n" + good + "\nRequests/sec: 50\n"))
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for name, out := range map[string]string{"no figures": "unable to connect", "cut off": good[:20]} {
		if got, err := readShot([]byte(out)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

func TestOneRequestThatFailsIsOneTooMany(t *testing.T) {
	good, bad := shot{requests: 100}, shot{requests: 99, failed: 1}
	if v := unfailing([][]shot{{good, good}, {good}}); !v.ok {
		t.Errorf("300 answers of 300: %+v", v)
	}
	if v := unfailing([][]shot{{good, good}, {bad}}); v.ok {
		t.Errorf("299 answers of 300: %+v", v)
	}
	if v := unfailing(nil); v.ok {
		t.Errorf("no answer at all: %+v", v)
	}
}

func TestASupplyRepeatsNoURL(t *testing.T) {
	s, seen := &supply{}, map[string]bool{}
	for range 3 {
		for _, url := range s.take(8080, 1000) {
			if seen[url] {
				t.Fatalf("%s is there twice", url)
			}
			seen[url] = true
		}
	}
}

func TestADaemonServesUntilItIsStopped(t *testing.T) {
	l := &lab{dir: t.TempDir()}
	r := &rack{lab: l}
	d, err := r.start(t.Context(), "redis-server", "--bind", "127.0.0.1", "--port", "PORT", "--save", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.cpu(); err != nil {
		t.Error(err)
	}
	r.stop()
	if conn, err := net.Dial("tcp", d.addr); err == nil {
		conn.Close()
		t.Error("it still serves")
	}
}

func TestEveryScenarioIsNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range slices.Concat(scenarios(), serviceScenarios()) {
		if seen[s.name] || s.name == "" || s.claim == "" || s.run == nil {
			t.Errorf("scenario %q is there twice or incomplete", s.name)
		}
		seen[s.name] = true
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
