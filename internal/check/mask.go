package check

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// mask stands where a secret stood.
const mask = "***"

// MaskURL gives u fit to be shown: user and password, and the values of query
// keys that hold secrets, become "***". u need not be a valid URL, and where it
// is not, too much is hidden rather than too little. Nothing is allocated where
// there is nothing to hide (BenchmarkMaskURL).
func MaskURL(u string) string {
	m := masker{text: u}
	m.url(0, len(u))
	return m.done()
}

// MaskText does the same for each URL in free text, such as a chain of errors or
// a line of a target file.
func MaskText(s string) string {
	m := masker{text: s}
	for from := 0; from < len(s); {
		to := from
		for to < len(s) && !endsURL(s, to) {
			to++
		}
		m.url(from, to)
		from = to + 1
	}
	return m.done()
}

// endsURL tells whether a URL in free text ends before s[i]: at white space, and
// at a quote or bracket that closes. One that more of a word follows is taken
// for a part of the URL, for it may be one of a secret.
func endsURL(s string, i int) bool {
	if s[i] != '"' && s[i] != '>' {
		return s[i] <= ' '
	}
	rest := s[i+1:]
	return rest == "" || strings.IndexByte(" \t\r\n,)]}>", rest[0]) >= 0 || strings.HasPrefix(rest, ": ")
}

// A masker copies text to out, less the secrets. out stays nil until there is one.
type masker struct {
	text string
	out  []byte
	read int // what is before it is in out
}

func (m *masker) hide(from, to int) {
	if from < to {
		m.out = append(append(m.out, m.text[m.read:from]...), mask...)
		m.read = to
	}
}

func (m *masker) done() string {
	if m.out == nil {
		return m.text
	}
	return string(append(m.out, m.text[m.read:]...))
}

// url hides the secrets of text[from:to], which is read as a URL with or without
// a scheme. URLs in query values are looked into as well. It is linear in the
// length of the text, whatever it holds.
func (m *masker) url(from, to int) {
	lastAt := -1
	if strings.IndexByte(m.text[from:to], '@') >= 0 {
		lastAt = from + strings.LastIndexByte(m.text[from:to], '@')
	}
	authority := from
	if end := m.until("/?#", from, to); strings.HasPrefix(m.text[end:to], "//") && (end == from || m.text[end-1] == ':') {
		authority = end + len("//")
	}
	for i := m.authority(authority, to, lastAt); i < to; {
		switch c := m.text[i]; {
		case c == '?', c == '&', c == ';', c == '#':
			i = m.pair(i+1, to)
		case c == ':' && strings.HasPrefix(m.text[i:to], "://"):
			i = m.authority(i+len("://"), to, lastAt)
		default:
			i++
		}
	}
}

// authority hides user and password and returns where the authority ends. A
// password in which "/", "?" or "#" is not encoded ends it too early; one is
// suspected where no port follows the colon and an @ is still to come.
func (m *masker) authority(from, to, lastAt int) int {
	end := m.until("/?#", from, to)
	if lastAt < from {
		return end
	}
	s := m.text[from:end]
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		m.hide(from, from+i)
		return end
	}
	_, port, colon := strings.Cut(s, ":")
	if colon && s[0] != '[' && (port == "" || !isDigits(port)) {
		m.hide(from, lastAt)
		return lastAt
	}
	return end
}

// pair hides the value of "key=value" where the key asks for it, and returns
// where to read on. The value of a secret may hold ";".
func (m *masker) pair(from, to int) int {
	end := m.until("=?&;#", from, to)
	if end == to || m.text[end] != '=' || !isSecretKey(m.text[from:end]) {
		return end
	}
	value := end + 1
	end = m.until("&#", value, to)
	m.hide(value, end)
	return end
}

// until is the index of the first of stops in text[from:to], else to.
func (m *masker) until(stops string, from, to int) int {
	if i := strings.IndexAny(m.text[from:to], stops); i >= 0 {
		return from + i
	}
	return to
}

// isSecretKey judges a query key by its last word: "api_key", "X-Amz-Signature"
// and "clientSecret" hold secrets, "monkey" and "key_id" do not.
func isSecretKey(key string) bool {
	if strings.IndexByte(key, '%') >= 0 {
		if plain, err := url.QueryUnescape(key); err == nil {
			key = plain
		}
	}
	var stack [32]byte // the last word counts, so the end of a long key will do
	name := append(stack[:0], key[max(0, len(key)-len(stack)):]...)
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	name = bytes.TrimRight(name, "]")
	for _, end := range secretEnds {
		if bytes.HasSuffix(name, []byte(end)) {
			return true
		}
	}
	word := name
	for i, n := range slices.Backward(name) {
		if !isLetter(n) && !isDigit(n) {
			word = name[i+1:]
			break
		}
	}
	return slices.Contains(secretWords, string(word))
}

// secretEnds make a key secret whatever stands before them, so that "authtoken"
// and "accessToken" are, too. AWSAccessKeyId and X-Amz-Credential name the
// owner of a signature in presigned S3 URLs.
var secretEnds = []string{
	"token", "secret", "password", "passwd", "passphrase", "signature", "credential", "credentials",
	"apikey", "accesskey", "secretkey", "privatekey", "subscriptionkey", "accesskeyid", "sessionid", "sessid",
}

// secretWords make a key secret only as a whole word: "sort" is no "sig".
var secretWords = []string{"key", "pass", "pwd", "pw", "sig", "hmac", "auth", "authorization", "bearer", "jwt", "sid"}
