package cache

import "testing"

func BenchmarkDecode(b *testing.B) {
	h := heldFull()
	value, _ := appendValue(nil, &h)
	s := string(value)
	var d decoder
	var got held
	b.ReportAllocs()
	for b.Loop() {
		if !d.value(s, &got) {
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
