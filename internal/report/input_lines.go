package report

import (
	"bufio"
	"errors"
	"io"
)

const (
	// maxLine bounds a line, and an item of any other format, in bytes.
	maxLine = 64 << 10
	// maxInput is how much of a line is kept in [check.Target.Input], in bytes.
	maxInput = 2 << 10
	// readAhead is the buffer an input is read through: the longest line and
	// its CR LF.
	readAhead = maxLine + 2
)

// lines reads a stream line by line in the memory of r's buffer, however long
// the lines are. It is used like bufio.Scanner.
type lines struct {
	r *bufio.Reader

	number int    // of the line read last, 1-based
	text   []byte // the line without its LF; valid until the next scan
	long   bool   // it does not fit into the buffer: text is its first maxInput bytes
	err    error  // why scan gave up; nil at the end of the stream
}

// scan reads the next line. A last line that a failing stream cut off is not
// given: half a URL must not be checked.
func (l *lines) scan() bool {
	text, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		text, err = skipLine(l.r, text)
		l.long = true
	} else {
		if err == nil {
			text = text[:len(text)-1]
		}
		if l.long = len(trimCR(text)) > l.r.Size()-len("\r\n"); l.long {
			text = text[:maxInput]
		}
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
		if !errors.Is(err, io.EOF) {
			l.err = err
		}
		return false
	}
	l.number++
	l.text = trimCR(text)
	return true
}

// skipLine reads to the end of a line that began with head and keeps the first
// maxInput bytes of it.
func skipLine(r *bufio.Reader, head []byte) ([]byte, error) {
	text := append([]byte(nil), head[:min(len(head), maxInput)]...)
	for {
		_, err := r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, err
		}
	}
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// peekMore gives all that is buffered, which is at least n bytes unless it comes
// with an error: io.EOF, bufio.ErrBufferFull or that of the stream. It waits for
// no byte more than that, so that a slow stream is read as it comes.
func peekMore(r *bufio.Reader, n int) ([]byte, error) {
	text, err := r.Peek(n)
	if err != nil {
		return text, err
	}
	return r.Peek(r.Buffered())
}
