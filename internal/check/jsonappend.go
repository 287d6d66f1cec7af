package check

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// appendKey appends `"key":` with a comma in front unless it is an object's
// first.
func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(appendKey(b, key), s)
}

func appendInt(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(appendKey(b, key), n, 10)
}

// appendMillis appends d in milliseconds with three decimals at most, all that
// matters of a network's time.
func appendMillis(b []byte, d time.Duration) []byte {
	us := int64(d.Round(time.Microsecond) / time.Microsecond)
	if us < 0 {
		b, us = append(b, '-'), -us
	}
	b = strconv.AppendInt(b, us/1000, 10)
	frac := us % 1000
	if frac == 0 {
		return b
	}
	b = append(b, '.', byte('0'+frac/100))
	if frac%100 != 0 {
		b = append(b, byte('0'+frac/10%10))
	}
	if frac%10 != 0 {
		b = append(b, byte('0'+frac%10))
	}
	return b
}

// appendTime appends t in UTC as RFC 3339 writes it, with milliseconds. Package
// time takes four times as long for it, a sixth of a result (BenchmarkAppendTime).
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 { // not of any clock
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
	}
	hour, minute, second := t.Clock()
	b = append(append2(append2(b, year/100), year%100), '-')
	b = append(append2(b, int(month)), '-')
	b = append(append2(b, day), 'T')
	b = append(append2(b, hour), ':')
	b = append(append2(b, minute), ':')
	b = append(append2(b, second), '.')
	ms := t.Nanosecond() / 1e6
	return append(append2(b, ms/10), byte('0'+ms%10), 'Z')
}

// append2 appends n, below 100, in two digits.
func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// appendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD. What
// some readers take for the end of a line is escaped, for a result is a line;
// HTML is not: what shows it must escape it anyway.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plain(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[from:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, `\n`...)
			case '\r':
				b = append(b, `\r`...)
			case '\t':
				b = append(b, `\t`...)
			default:
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[from:i]...), "\uFFFD"...)
			from = i + size
		case r == '\u0085':
			b = append(append(b, s[from:i]...), `\u0085`...)
			from = i + size
		case r == '\u2028', r == '\u2029':
			b = append(append(b, s[from:i]...), `\u202`...)
			b = append(b, hex[r&15])
			from = i + size
		}
		i += size
	}
	return append(append(b, s[from:]...), '"')
}

// plain reports whether all of s, which is 8 bytes long, stand in a JSON string as they
// are. It looks at them at once: a byte that does not gets its highest bit set by one of
// the terms, and without one such byte no other does. Byte by byte it is 3 % more of a hot
// batch of 100 (make bench-service, hot-100).
func plain(s string) bool {
	const each = 0x0101010101010101
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	control, quote, backslash := x-each*' ', x^each*'"'-each, x^each*'\\'-each
	return (x|control|quote|backslash)&(each<<7) == 0
}
