package check

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
)

// A Key names a check: two Targets have the same Key where one answer serves
// both. It is the first 128 bits of a SHA-256, so it gives away no URL and no
// secret, and may stand in a Redis key.
type Key [16]byte

// String is the Key in 32 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Key hashes method, URL, request, expectation and realm. What does not change the
// answer (Seq, Source, Timeout, Tags) is left out. It costs about 150 ns
// (BenchmarkKey).
func (t Target) Key() Key {
	var stack [512]byte
	b := appendPart(stack[:0], cmp.Or(t.Method, http.MethodGet))
	b = appendPart(b, t.URL)
	b = appendPart(b, t.Expect.String())
	if t.Invalid != "" { // bad lines have no URL, and only equal ones are equal
		b = appendPart(appendPart(b, t.Invalid), t.Input)
	} else if r := t.Request; r != nil {
		b = appendPart(b, r.Body)
		for _, f := range r.Header {
			b = appendPart(appendPart(b, f.Name), f.Value)
		}
	}
	if t.Realm != "" {
		b = appendPart(append(b, "realm"...), t.Realm)
	}
	sum := sha256.Sum256(b)
	return Key(sum[:16])
}

// appendPart puts the length in front, so that no two lists of parts have the
// same bytes.
func appendPart(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
