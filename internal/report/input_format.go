package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

// A decoder reads the targets of one format from r, whose buffer has at least
// readAhead bytes, and hands them to emit, with their line, until that returns
// false. Something wrong with one target is that Target's Invalid; an error is
// about the whole input and says where.
type decoder func(r *bufio.Reader, d Defaults, emit func(check.Target) bool) error

// recognise chooses the decoder by the extension of name, else by how r begins,
// and takes a byte order mark off. Of a slow stream it waits for no more than the
// first line that is neither blank nor a comment.
func recognise(name string, r *bufio.Reader) (decoder, error) {
	if err := skipBOM(r); err != nil {
		return nil, err
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".txt":
		return decodeTXT, nil
	case ".csv":
		return decodeCSV, nil
	case ".jsonl", ".ndjson":
		return decodeJSONL, nil
	case ".yaml", ".yml":
		return decodeYAML, nil
	case ".xml":
		return decodeSitemap, nil
	}
	return sniff(r)
}

// skipBOM takes off a UTF-8 byte order mark. It looks at a second byte only where
// the first asks for it: a slow stream of "x\n" must not wait for a third.
func skipBOM(r *bufio.Reader) error {
	first, _ := r.Peek(1) // whoever reads on is told of an error again
	switch string(first) {
	case "\xef":
		if mark, _ := r.Peek(3); string(mark) == "\xef\xbb\xbf" {
			_, err := r.Discard(len(mark))
			return err
		}
	case "\xfe", "\xff":
		if mark, _ := r.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
			return errors.New("is UTF-16 text: save it as UTF-8")
		}
	}
	return nil
}

// sniffed is how far into an input of unknown format a NUL byte tells that it is
// no text, in bytes.
const sniffed = 512

func sniff(r *bufio.Reader) (decoder, error) {
	var text, line []byte
	var err error
	for whole := false; !whole && err == nil; {
		text, err = peekMore(r, len(text)+1)
		if i := bytes.IndexByte(text[:min(len(text), sniffed)], 0); i >= 0 {
			return nil, fmt.Errorf("is binary (byte %d is NUL): a list of targets is text, see hc help targets", i+1)
		}
		line, whole = firstLine(text)
	}
	return guess(string(line)), nil // what ended the loop, if not the line, is found again by the decoder
}

// firstLine gives the first line that is neither blank nor a comment, without
// the blanks around it, and whether it is there to its end.
func firstLine(text []byte) (line []byte, whole bool) {
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSpace(line)
		if !whole || len(line) > 0 && line[0] != '#' {
			return line, whole
		}
		text = rest
	}
}

// guess tells a format by its first line.
func guess(line string) decoder {
	if _, _, ok := csvHeader(line); ok && !strings.Contains(line, "://") {
		return decodeCSV
	}
	switch {
	case strings.HasPrefix(line, "<"):
		return decodeSitemap
	case strings.HasPrefix(line, `"`):
		return decodeJSONL
	case strings.HasPrefix(line, "{"):
		if strings.HasSuffix(line, "}") || len(line) > maxLine {
			return decodeJSONL
		}
		return decodeYAML // JSON over several lines is YAML, too
	case strings.HasPrefix(line, "["):
		host, _, _ := strings.Cut(line[1:], "]")
		if _, err := netip.ParseAddr(host); err == nil {
			return decodeTXT
		}
		return decodeYAML
	case line == "-", strings.HasPrefix(line, "- "), strings.HasPrefix(line, "---"),
		strings.HasPrefix(line, "%YAML"), strings.HasPrefix(line, "targets:"):
		return decodeYAML
	}
	return decodeTXT
}
