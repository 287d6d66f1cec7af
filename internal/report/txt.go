package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// decodeTXT reads one target per line:
//
//	[METHOD] URL [CODES] [<LATENCY] [key=value…]
//
// Blank lines and lines that begin with # are none, and a # after a blank begins
// a comment. The keys are tag (may repeat), timeout, body and header=Name: (RE2
// the answer must match; header may repeat) and cert_days. A value with blanks
// stands in double quotes, in which "" is a quote and nothing else is special.
//
// A line that is no more than a URL costs one allocation (BenchmarkTXT).
func decodeTXT(r *bufio.Reader, d Defaults, emit func(check.Target) bool) error {
	l := lines{r: r}
	for l.scan() {
		text := bytes.TrimSpace(l.text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		var t check.Target
		if l.long {
			t = d.tooLong(l.number, text)
		} else {
			t = d.line(l.number, string(text))
		}
		if !emit(t) {
			return nil
		}
	}
	return l.err
}

// line reads a line without the blanks around it.
func (d Defaults) line(number int, text string) check.Target {
	if strings.IndexByte(text, ' ') < 0 && strings.IndexByte(text, '\t') < 0 {
		return d.bare(number, text)
	}
	it, err := parseLine(text)
	if err != nil {
		return d.bad(number, text, err)
	}
	return d.target(number, text, it)
}

func parseLine(text string) (item, error) {
	words, err := splitWords(text)
	if err != nil {
		return item{}, err
	}
	var it item
	if len(words) > 1 {
		_, err := parseMethod(words[0])
		if err == nil {
			it.method, words = words[0], words[1:]
		} else if isToken(words[0]) && strings.Contains(words[1], "://") {
			return it, err
		}
	}
	it.url = words[0]
	for _, w := range words[1:] {
		if err := it.addWord(w); err != nil {
			return it, err
		}
	}
	return it, nil
}

// addWord reads a word that stands after the URL.
func (it *item) addWord(w string) (err error) {
	key, value, _ := strings.Cut(w, "=")
	switch {
	case strings.Contains(w, "://") && !isKey(key):
		return errors.New("two URLs in one line: write one per line, and a blank in a URL as %20")
	case w[0] == '<':
		if it.expect.Latency != 0 {
			return errors.New("two latencies in one line")
		}
		it.expect.Latency, err = parseDuration("latency", w[1:])
	case '0' <= w[0] && w[0] <= '9':
		if it.expect.Codes != "" {
			return errors.New("two lists of codes in one line: separate codes by commas only")
		}
		it.expect.Codes, err = check.ParseCodes(w)
	case !isKey(key):
		return fmt.Errorf("%q is no part of a target: after the URL come codes (200,301), <300ms and %s", clip(key, 64), keys)
	default:
		err = it.addOption(key, unquote(value))
	}
	return err
}

// keys are the options of a line, in the words of [check.Expect.String].
const keys = "tag= timeout= body= header= cert_days="

func isKey(s string) bool {
	for key := range strings.FieldsSeq(keys) {
		if key == s+"=" {
			return true
		}
	}
	return false
}

func (it *item) addOption(key, value string) (err error) {
	if value == "" {
		return fmt.Errorf("%s= says nothing: leave it out", key)
	}
	twice := false
	switch key {
	case "tag":
		it.tags = append(it.tags, value)
	case "header":
		var rule check.HeaderRule
		name, pattern, _ := strings.Cut(value, ":")
		rule, err = parseHeaderRule(name, pattern)
		it.expect.Header = append(it.expect.Header, rule)
	case "timeout":
		twice = it.timeout != 0
		it.timeout, err = parseDuration(key, value)
	case "body":
		twice = it.expect.Body != nil
		it.expect.Body, err = parsePattern(value)
	case "cert_days":
		twice = it.expect.CertDays != 0
		it.expect.CertDays, err = parseDays(value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if twice {
		return fmt.Errorf("two %s= in one line", key)
	}
	return nil
}

func parseDuration(what, s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q is no duration above 0: write 300ms or 1.5s", what, clip(s, 64))
	}
	return d, nil
}

// splitWords splits a line at blanks and leaves a comment out.
func splitWords(s string) ([]string, error) {
	var words []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == '#' {
			return words, nil
		}
		n, err := wordLen(s)
		if err != nil {
			return nil, err
		}
		words = append(words, s[:n])
		s = s[n:]
	}
}

// wordLen is where the word that s begins with ends: at a blank, or where it is
// key="value" at the closing quote.
func wordLen(s string) (int, error) {
	n := strings.IndexAny(s, " \t")
	if n < 0 {
		n = len(s)
	}
	key, _, quoted := strings.Cut(s[:n], `="`)
	if !quoted || !isKey(key) {
		return n, nil
	}
	for n = len(key) + len(`="`); ; n += len(`""`) {
		i := strings.IndexByte(s[n:], '"')
		if i < 0 {
			return 0, fmt.Errorf("the quote after %s= is not closed", key)
		}
		n += i
		if !strings.HasPrefix(s[n:], `""`) {
			break
		}
	}
	if n++; n < len(s) && s[n] != ' ' && s[n] != '\t' {
		return 0, fmt.Errorf(`after the closing quote of %s= a blank is wanted; write a quote in it as ""`, key)
	}
	return n, nil
}

func unquote(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
}
