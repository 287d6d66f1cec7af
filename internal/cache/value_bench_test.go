package cache

import (
	"testing"

	"github.com/hc-health/hc/internal/check"
)

func BenchmarkDecode(b *testing.B) {
	h := heldFull()
	value, _ := appendValue(nil, &h)
	s := string(value)
	var d decoder
	b.ReportAllocs()
	for b.Loop() {
		var got check.Result
		if _, ok := d.value(s, &got); !ok {
			b.Fatal("a miss")
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	h := heldFull()
	buf := make([]byte, 0, maxValue)
	b.ReportAllocs()
	for b.Loop() {
		appendValue(buf, &h)
	}
}
