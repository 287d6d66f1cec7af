package report

import (
	"fmt"
	"io"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

func TestDuplicatesAreDroppedAndCounted(t *testing.T) {
	const text = `https://a.test/
HTTPS://A.test:443#top
https://a.test/ 200-299 tag=again timeout=1s
https://a.test/ 301
https://a.test/ <1s
https://a.test/ body=x
HEAD https://a.test/
https://b.test/
https://a.test/ 301
ftp://bad.test/
ftp://bad.test/
`
	got := func(opt InputOptions) (urls []string, in *Input) {
		in = open(t, []string{write(t, "urls", text), "https://b.test", "-"}, strings.NewReader("\"a.test\"\n{\"url\":\"a.test\",\"body\":\"x\"}\n{\"url\":\"a.test\",\"headers\":{\"x\":\"y\"}}\n"), opt)
		last := int64(-1)
		for target := range in.All() {
			if target.Seq != last+1 {
				t.Errorf("seq %d after %d", target.Seq, last)
			}
			last = target.Seq
			urls = append(urls, show(target))
		}
		if in.Err() != nil {
			t.Error(in.Err())
		}
		return urls, in
	}
	urls, in := got(InputOptions{})
	sameLines(t, urls, []string{
		"1: GET https://a.test/",
		"4: GET https://a.test/ 301",
		"5: GET https://a.test/ <1s",
		"6: GET https://a.test/ body=x",
		"7: HEAD https://a.test/",
		"8: GET https://b.test/",
		"10: bad: scheme ftp is not http or https",
		"11: bad: scheme ftp is not http or https",
		"2: GET https://a.test/ [] x",
		"3: GET https://a.test/ [{X y}] ",
	})
	if n := in.Duplicates(); n != 5 {
		t.Errorf("%d duplicates, want 5", n)
	}
	urls, in = got(InputOptions{NoDedup: true})
	if len(urls) != 15 || in.Duplicates() != 0 {
		t.Errorf("without dedup %d targets and %d duplicates", len(urls), in.Duplicates())
	}
}

func TestSeenHoldsEachHashOnce(t *testing.T) {
	s := newSeen()
	const n = 200_000
	target := check.Target{Method: "GET"}
	for round := range 2 {
		for i := range n {
			target.URL = "https://" + strconv.Itoa(i) + ".test/"
			if s.add(target) != (round == 0) {
				t.Fatalf("round %d: target %d is mistaken", round, i)
			}
		}
	}
}

func TestHashZeroIsAHash(t *testing.T) {
	var s hashSet
	if !s.add(0) || s.add(0) || !s.add(1<<63) {
		t.Error("0 is mistaken")
	}
}

// The bound that is promised, with all garbage, over a million URLs;
// BenchmarkTenMillionURLs measures it over ten.
func TestDistinctURLsTakeLessThan40BytesEach(t *testing.T) {
	const n = 1_000_000
	if per := memoryPerURL(t, n, false) - memoryPerURL(t, n, true); per > 40 {
		t.Errorf("%.1f bytes per URL above the memory without dedup", per)
	}
}

func TestWithoutDedupMemoryDoesNotGrow(t *testing.T) {
	const n = 1_000_000
	if per := memoryPerURL(t, n, true); per > 8 {
		t.Errorf("%.1f bytes per line", per)
	}
}

// memoryPerURL reads n distinct URLs from a stream and gives by how much memory
// grew at the most, divided by n. It counts what the runtime has from the system
// and not given back: live, garbage and unused.
func memoryPerURL(tb testing.TB, n int, noDedup bool) float64 {
	tb.Helper()
	debug.FreeOSMemory()
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	resident := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64() - sample[1].Value.Uint64())
	}
	before, peak := resident(), int64(0)
	in, err := Open([]string{"-"}, urlLines(n), InputOptions{NoDedup: noDedup})
	if err != nil {
		tb.Fatal(err)
	}
	read := 0
	for range in.All() {
		if read++; read%1000 == 0 {
			peak = max(peak, resident())
		}
	}
	if read != n || in.Err() != nil {
		tb.Fatalf("%d targets, %v", read, in.Err())
	}
	return float64(peak-before) / float64(n)
}

// urlLines is a stream of n lines, of which no two are equal.
func urlLines(n int) io.Reader {
	i := 0
	var rest []byte
	return readerFunc(func(p []byte) (int, error) {
		for len(rest) < len(p) && i < n {
			rest = fmt.Appendf(rest, "https://host-%d.example.com/path/of/page/%d\n", i%10_000, i)
			i++
		}
		if len(rest) == 0 {
			return 0, io.EOF
		}
		k := copy(p, rest)
		rest = append(rest[:0], rest[k:]...)
		return k, nil
	})
}

func BenchmarkTenMillionURLs(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(memoryPerURL(b, 10_000_000, false), "B/URL")
	}
}

func BenchmarkSeen(b *testing.B) {
	b.ReportAllocs()
	s := newSeen()
	target := check.Target{Method: "GET"}
	url := []byte("https://host.example.com/path/of/page/0000000000")
	i := 0
	for b.Loop() {
		target.URL = string(fmt.Appendf(url[:len(url)-10], "%d", i))
		s.add(target)
		i++
	}
}
