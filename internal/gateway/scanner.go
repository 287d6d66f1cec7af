package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads JSON (RFC 8259) of a known shape, strictly: what the shape does
// not name is an error at once, so nothing is ever skipped, nothing recurses, and
// a bomb of brackets costs as much as its first one (FuzzBody). The text must be
// valid UTF-8. Strings are parts of it where they hold no escape.
//
// Its errors are for people: a value that does not fit is named by its path (see
// [misfit]), broken syntax by its byte.
type scanner struct {
	text string
	at   int
}

// kind is the next value's, as its first byte tells.
func (s *scanner) kind() string {
	s.space()
	if s.at == len(s.text) {
		return "nothing"
	}
	switch c := s.text[s.at]; {
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == 't', c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-', '0' <= c && c <= '9':
		return "a number"
	default:
		return "no JSON"
	}
}

// A misfit is a value that is not what is wanted in its place. It learns its path
// on the way up, so that only errors cost the text of one.
type misfit struct{ path, what string }

func (e *misfit) Error() string {
	if e.path == "" {
		return "the body " + e.what
	}
	return e.path + " " + e.what
}

// in puts where in front of the path of a misfit.
func in(where string, err error) error {
	if e, ok := errors.AsType[*misfit](err); ok {
		if e.path != "" && e.path[0] != '[' {
			where += "."
		}
		e.path = where + e.path
	}
	return err
}

// want says that what is next is of another kind than is wanted.
func (s *scanner) want(kind string) error {
	return &misfit{what: fmt.Sprintf("is %s, not %s", s.kind(), kind)}
}

func (s *scanner) broken(what string) error {
	return fmt.Errorf("byte %d: %s", s.at+1, what)
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return
		}
	}
}

// next takes c, white space before it.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// end wants nothing but white space to follow.
func (s *scanner) end() error {
	if s.space(); s.at < len(s.text) {
		return s.broken("something stands after the JSON value")
	}
	return nil
}

// object reads an object whose fields are all of names, at most 64, each once.
func (s *scanner) object(names []string, value func(name string) error) error {
	if !s.next('{') {
		return s.want("an object")
	}
	if s.next('}') {
		return nil
	}
	for seen := uint64(0); ; {
		if s.kind() != "a string" {
			return s.broken("the name of a field is wanted")
		}
		name, err := s.string()
		if err != nil {
			return err
		}
		i := slices.Index(names, name)
		if i < 0 {
			return &misfit{what: fmt.Sprintf("has the unknown field %.64q: the fields are %s", name, strings.Join(names, ", "))}
		}
		if seen&(1<<i) != 0 {
			return &misfit{what: "has the field " + name + " twice"}
		}
		seen |= 1 << i
		if !s.next(':') {
			return s.broken("a colon is wanted")
		}
		if err := value(names[i]); err != nil {
			return in(name, err)
		}
		if s.next('}') {
			return nil
		}
		if !s.next(',') {
			return s.broken("a comma or } is wanted")
		}
	}
}

// array reads an array. element reads the i-th.
func (s *scanner) array(element func(i int) error) error {
	if !s.next('[') {
		return s.want("an array")
	}
	if s.next(']') {
		return nil
	}
	for i := 0; ; i++ {
		if err := element(i); err != nil {
			return in("["+strconv.Itoa(i)+"]", err)
		}
		if s.next(']') {
			return nil
		}
		if !s.next(',') {
			return s.broken("a comma or ] is wanted")
		}
	}
}

// string reads a string.
func (s *scanner) string() (string, error) {
	if !s.next('"') {
		return "", s.want("a string")
	}
	start := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[start : s.at-1], nil
		case c == '\\':
			return s.unescape(s.text[start:s.at])
		case c < ' ':
			return "", s.broken(fmt.Sprintf("the control character 0x%02x stands in a string: write \\u%04x", c, c))
		}
	}
	return "", s.broken("a string does not end")
}

// unescape reads the rest of a string that begins as head does.
func (s *scanner) unescape(head string) (string, error) {
	b := append(make([]byte, 0, 2*len(head)+32), head...)
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '"':
			s.at++
			return string(b), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			b = utf8.AppendRune(b, r)
			continue
		case c < ' ':
			return "", s.broken(fmt.Sprintf("the control character 0x%02x stands in a string: write \\u%04x", c, c))
		}
		b = append(b, c)
		s.at++
	}
	return "", s.broken("a string does not end")
}

// escape reads what begins with a backslash. Half a surrogate pair is refused:
// it is no character, and could not be given back as it was sent.
func (s *scanner) escape() (rune, error) {
	if s.at+1 == len(s.text) {
		return 0, s.broken("a string does not end")
	}
	if i := strings.IndexByte(`"\/bfnrt`, s.text[s.at+1]); i >= 0 {
		s.at += 2
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	r, ok := s.unit()
	if ok && utf16.IsSurrogate(r) {
		var low rune
		low, ok = s.unit()
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			ok = false
		}
	}
	if !ok {
		return 0, s.broken("no valid escape in a string")
	}
	return r, nil
}

// unit reads \uXXXX.
func (s *scanner) unit() (rune, bool) {
	const length = len(`\uXXXX`)
	if !strings.HasPrefix(s.text[s.at:], `\u`) || len(s.text)-s.at < length {
		return 0, false
	}
	n, err := strconv.ParseUint(s.text[s.at+2:s.at+length], 16, 16)
	if err != nil {
		return 0, false
	}
	s.at += length
	return rune(n), true
}

// maxNumber is the longest number, in bytes. One of a mebibyte would take
// strconv 10 ms.
const maxNumber = 64

// number reads a number.
func (s *scanner) number() (float64, error) {
	if s.kind() != "a number" {
		return 0, s.want("a number")
	}
	start := s.at
	s.sign("-")
	if digits := s.digits(); digits == 0 || digits > 1 && s.text[s.at-digits] == '0' {
		return 0, s.broken("no valid number")
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		if s.at++; s.digits() == 0 {
			return 0, s.broken("no valid number")
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.sign("+-"); s.digits() == 0 {
			return 0, s.broken("no valid number")
		}
	}
	if s.at-start > maxNumber {
		return 0, &misfit{what: "is a number that is too long"}
	}
	n, err := strconv.ParseFloat(s.text[start:s.at], 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, &misfit{what: "is a number out of range"}
	}
	return n, err
}

func (s *scanner) sign(signs string) {
	if s.at < len(s.text) && strings.IndexByte(signs, s.text[s.at]) >= 0 {
		s.at++
	}
}

func (s *scanner) digits() (n int) {
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
		n++
	}
	return n
}

// boolean reads true or false.
func (s *scanner) boolean() (bool, error) {
	s.space()
	switch rest := s.text[s.at:]; {
	case strings.HasPrefix(rest, "true"):
		s.at += len("true")
		return true, nil
	case strings.HasPrefix(rest, "false"):
		s.at += len("false")
		return false, nil
	default:
		return false, s.want("true or false")
	}
}
