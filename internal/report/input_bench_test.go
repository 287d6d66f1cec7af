package report

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// benchmarkDecoder reports what one target of a list costs.
func benchmarkDecoder(b *testing.B, decode decoder, n int, head, foot string, line func(i int) string) {
	b.Helper()
	text := []byte(head)
	for i := range n {
		text = append(text, line(i)...)
	}
	text = append(text, foot...)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		err := decode(bufio.NewReaderSize(bytes.NewReader(text), readAhead), Defaults{Method: "GET"}, func(t check.Target) bool {
			if t.Invalid == "" {
				got++
			}
			return true
		})
		if err != nil || got != n {
			b.Fatalf("%d good targets of %d, %v", got, n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/target")
}

func BenchmarkTXT(b *testing.B) {
	b.Run("URLs", func(b *testing.B) {
		benchmarkDecoder(b, decodeTXT, 10_000, "", "", func(i int) string {
			return fmt.Sprintf("https://host-%d.example.com/path/of/page/%d\n", i%100, i)
		})
	})
	b.Run("expectations", func(b *testing.B) {
		benchmarkDecoder(b, decodeTXT, 10_000, "", "", func(i int) string {
			return fmt.Sprintf("HEAD https://host-%d.example.com/path/of/page/%d 200,301 <300ms tag=a # note\n", i%100, i)
		})
	})
}

func BenchmarkCSV(b *testing.B) {
	benchmarkDecoder(b, decodeCSV, 10_000, "id,url,tags\n", "", func(i int) string {
		return fmt.Sprintf("%d,https://host-%d.example.com/path/of/page/%d,a;b\n", i, i%100, i)
	})
}

func BenchmarkJSONL(b *testing.B) {
	benchmarkDecoder(b, decodeJSONL, 10_000, "", "", func(i int) string {
		return fmt.Sprintf(`{"url":"https://host-%d.example.com/path/of/page/%d","method":"HEAD","accept":200,"tags":["a"]}`+"\n", i%100, i)
	})
}

func BenchmarkYAML(b *testing.B) {
	benchmarkDecoder(b, decodeYAML, 1000, "", "", func(i int) string {
		return fmt.Sprintf("- url: https://host-%d.example.com/path/of/page/%d\n  accept: 200\n  tags: [a]\n", i%100, i)
	})
}

func BenchmarkSitemap(b *testing.B) {
	benchmarkDecoder(b, decodeSitemap, 10_000, "<urlset>\n", "</urlset>\n", func(i int) string {
		return fmt.Sprintf("<url><loc>https://host-%d.example.com/path/of/page/%d</loc></url>\n", i%100, i)
	})
}

// BenchmarkInput is the whole way of a line: read, told from duplicates, numbered.
func BenchmarkInput(b *testing.B) {
	for _, noDedup := range []bool{false, true} {
		b.Run(fmt.Sprintf("nodedup=%v", noDedup), func(b *testing.B) {
			const n = 100_000
			text := make([]byte, 0, n*50)
			for i := range n {
				text = fmt.Appendf(text, "https://host-%d.example.com/path/of/page/%d\n", i%100, i)
			}
			for b.Loop() {
				in, err := Open([]string{"-"}, bytes.NewReader(text), InputOptions{NoDedup: noDedup})
				if err != nil {
					b.Fatal(err)
				}
				for range in.All() {
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
