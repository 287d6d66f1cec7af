package cache

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"slices"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// held is what a cache keeps of a Result: all but its Target, and its terms.
type held struct {
	res check.Result
	terms
}

// terms say until when a Result is good, and for whom.
type terms struct {
	expires  time.Time
	patience time.Duration // of a timeout: the Target's Timeout
}

// hold gives what is kept of r at now, or false where it is not kept. URLs are
// masked, as they are wherever a Result is shown: a cache holds no secret.
func hold(r check.Result, ttl TTL, now time.Time) (held, bool) {
	expires, ok := ttl.until(&r, now)
	if !ok {
		return held{}, false
	}
	h := held{r, terms{expires: expires}}
	if r.Reason == check.Timeout || r.Reason == check.ConnectTimeout {
		h.patience = r.Target.Timeout
	}
	h.res.Target = check.Target{}
	h.res.FinalURL = check.MaskURL(r.FinalURL)
	h.res.Redirects = slices.Clone(r.Redirects)
	for i := range h.res.Redirects {
		h.res.Redirects[i].URL = check.MaskURL(h.res.Redirects[i].URL)
	}
	return h, true
}

// answer sets r to the Result for t and reports whether there is one.
func (h *held) answer(t *check.Target, now time.Time, r *check.Result) bool {
	if !h.serve(t, h.res.CheckedAt, now) {
		return false
	}
	*r = h.res
	recalled(r, t, now)
	return true
}

// serve reports whether a Result that was checked then is one for t: it is not
// where it is no longer good, too old for t, or ran out of less time than t allows.
func (l *terms) serve(t *check.Target, checked, now time.Time) bool {
	return now.Before(l.expires) && !t.Fresh &&
		(t.MaxAge <= 0 || ageOf(checked, now) <= t.MaxAge) &&
		(l.patience <= 0 || t.Timeout <= l.patience)
}

// recalled makes r, as it was kept, the Result for t.
func recalled(r *check.Result, t *check.Target, now time.Time) {
	r.Target = *t
	r.Outcome = r.Reason.Default()
	r.Cached, r.CacheAge = true, ageOf(r.CheckedAt, now)
}

// ageOf is not negative: clocks of two machines differ.
func ageOf(checked, now time.Time) time.Duration { return max(now.Sub(checked), 0) }

// A value is a held as Redis has it: a version, a CRC-32C of what follows, then
// the fields, numbers as varints and strings with their length in front.
//
// The end of the time to live is inside, so that a key whose own was lost
// (PERSIST, a clock that jumped, a restored dump) is not served past it. Another
// version, another length, another sum is a miss; so is what does not fit.
const (
	valueVersion = 1
	valueHead    = 1 + crc32.Size
	maxValue     = 4 << 10
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	reasons    = check.Reasons()
)

// The bits of a value's flags.
const (
	flagReused = 1 << iota
	flagTLS
	flagLate
)

// appendValue appends h's value to b, or nothing and false where it would be
// larger than maxValue.
func appendValue(b []byte, h *held) ([]byte, bool) {
	r, start := &h.res, len(b)
	b = append(b, make([]byte, valueHead)...)
	b = binary.AppendVarint(b, h.expires.UnixMilli())
	b = binary.AppendVarint(b, r.CheckedAt.UnixNano())
	b = binary.AppendVarint(b, int64(h.patience))
	b = appendString(b, string(r.Reason))
	b = appendString(b, r.Error)
	b = appendString(b, r.FinalURL)
	b = binary.AppendUvarint(b, uint64(r.StatusCode))
	b = binary.AppendUvarint(b, uint64(r.Attempts))
	b = binary.AppendVarint(b, r.ContentLength)
	b = appendString(b, r.Protocol)
	b = appendString(b, r.Worker)
	ip := ""
	if r.RemoteIP.IsValid() {
		ip = r.RemoteIP.String()
	}
	b = appendString(b, ip)
	for _, d := range phases(&r.Timing) {
		b = binary.AppendVarint(b, int64(*d))
	}
	flags := byte(0)
	if r.Timing.Reused {
		flags |= flagReused
	}
	if r.TLS != nil {
		flags |= flagTLS
	}
	if r.Late {
		flags |= flagLate
	}
	b = append(b, flags)
	if r.TLS != nil {
		b = appendString(b, r.TLS.Version)
		b = appendString(b, r.TLS.Issuer)
		b = binary.AppendVarint(b, r.TLS.NotAfter.Unix())
	}
	b = binary.AppendUvarint(b, uint64(len(r.Redirects)))
	for _, hop := range r.Redirects {
		b = appendString(b, hop.URL)
		b = binary.AppendUvarint(b, uint64(hop.StatusCode))
	}
	if len(b)-start > maxValue {
		return b[:start], false
	}
	seal(b[start:])
	return b, true
}

// seal writes the head of a value.
func seal(value []byte) {
	value[0] = valueVersion
	binary.LittleEndian.PutUint32(value[1:], crc32.Checksum(value[valueHead:], castagnoli))
}

// A decoder reads values, one after the other.
type decoder struct {
	rest string // of the value; fields are read off its front
	bad  bool   // one did not fit; it and all further ones are zero
	copy [maxValue]byte
}

// value sets r, which is zero, to what s holds, gives its terms, and reports whether
// that is a value; if not, neither is of use. The strings of the Result are parts of
// s, so that little is copied: about 500 ns for one with every field
// (BenchmarkDecode).
func (d *decoder) value(s string, r *check.Result) (l terms, ok bool) {
	if len(s) < valueHead || len(s) > maxValue || s[0] != valueVersion {
		return l, false
	}
	// The sum of a string is that of a copy: one a decoder has, and not one a value.
	whole := d.copy[:copy(d.copy[:], s)]
	if binary.LittleEndian.Uint32(whole[1:]) != crc32.Checksum(whole[valueHead:], castagnoli) {
		return l, false
	}
	d.rest, d.bad = s[valueHead:], false
	l.expires = time.UnixMilli(d.int())
	r.CheckedAt = time.Unix(0, d.int()).UTC()
	l.patience = time.Duration(d.int())
	r.Reason = d.reason()
	r.Error = d.string()
	r.FinalURL = d.string()
	r.StatusCode = int(d.uint())
	r.Attempts = int(d.uint())
	r.ContentLength = d.int()
	r.Protocol = d.string()
	r.Worker = d.string()
	r.RemoteIP = d.addr()
	for _, phase := range phases(&r.Timing) {
		*phase = time.Duration(d.int())
	}
	flags := d.byte()
	r.Timing.Reused = flags&flagReused != 0
	r.Late = flags&flagLate != 0
	if flags&flagTLS != 0 {
		r.TLS = &check.TLS{Version: d.string(), Issuer: d.string(), NotAfter: time.Unix(d.int(), 0).UTC()}
	}
	r.Redirects = d.hops()
	return l, !d.bad && d.rest == ""
}

// phases lists t's durations in the order of a value.
func phases(t *check.Timing) [6]*time.Duration {
	return [...]*time.Duration{&t.Queue, &t.Resolve, &t.Connect, &t.TLS, &t.Processing, &t.Transfer}
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (d *decoder) fail() {
	d.bad, d.rest = true, ""
}

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uint() uint64 {
	var u uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		u |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return u
		}
	}
	d.fail()
	return 0
}

// int undoes the zigzag of [binary.AppendVarint].
func (d *decoder) int() int64 {
	u := d.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) string() string {
	n := d.uint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// reason gives only what this version of the program knows: a result with a
// reason of a newer one is a miss.
func (d *decoder) reason() check.Reason {
	r := check.Reason(d.string())
	if r != "" && !slices.Contains(reasons, r) {
		d.fail()
	}
	return r
}

func (d *decoder) addr() netip.Addr {
	s := d.string()
	if s == "" {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		d.fail()
	}
	return ip
}

func (d *decoder) hops() []check.Hop {
	n := d.uint()
	if n > uint64(len(d.rest)) { // each takes two bytes at least
		d.fail()
	}
	if n == 0 || d.bad {
		return nil
	}
	hops := make([]check.Hop, n)
	for i := range hops {
		hops[i] = check.Hop{URL: d.string(), StatusCode: int(d.uint())}
	}
	return hops
}
