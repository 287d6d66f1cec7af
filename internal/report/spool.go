package report

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A spool keeps several texts that grow at the same time in one temporary file.
// Each is a chain of pieces: a header, with the length of the piece and the
// offset of the next, and its bytes. So memory holds two offsets for a text,
// however long it is and however the texts alternate.
//
// On Unix the file has no name from the start, so that it is gone whatever ends
// the process; elsewhere close removes it.
type spool struct {
	file  *os.File
	out   *bufio.Writer
	end   int64  // offset of the next byte written
	last  *chain // the chain of the piece being written; nil for none
	named bool
}

// chain is one text in a spool: where its first and last piece begin. The zero
// value is empty.
type chain struct {
	first, last int64
	length      int64 // bytes in the last piece
	begun       bool
}

const headerSize = 16 // length and next, both 8 bytes; next is 0 in the last one

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "hc-spool-*")
	if err != nil {
		return nil, fmt.Errorf("no temporary file for the report: %w; set TMPDIR to a directory with free space", err)
	}
	s := &spool{file: file, out: bufio.NewWriterSize(file, 64<<10)}
	s.named = os.Remove(file.Name()) != nil
	return s, nil
}

// append adds text to the end of c.
func (s *spool) append(c *chain, text []byte) error {
	if c != s.last {
		if err := s.begin(c); err != nil {
			return s.hint(err)
		}
	}
	n, err := s.out.Write(text)
	c.length += int64(n)
	s.end += int64(n)
	return s.hint(err)
}

// begin starts a new piece of c at the end of the file.
func (s *spool) begin(c *chain) error {
	if err := s.finish(); err != nil {
		return err
	}
	if c.begun {
		if err := s.setHeader(c, s.end); err != nil {
			return err
		}
	} else {
		c.begun, c.first = true, s.end
	}
	c.last, c.length = s.end, 0
	s.last = c
	var blank [headerSize]byte
	_, err := s.out.Write(blank[:])
	s.end += headerSize
	return err
}

// finish writes the header of the piece that was being written.
func (s *spool) finish() error {
	if err := s.out.Flush(); err != nil || s.last == nil {
		return err
	}
	return s.setHeader(s.last, 0)
}

func (s *spool) setHeader(c *chain, next int64) error {
	var h [headerSize]byte
	binary.LittleEndian.PutUint64(h[:8], uint64(c.length))
	binary.LittleEndian.PutUint64(h[8:], uint64(next))
	_, err := s.file.WriteAt(h[:], c.last)
	return err
}

// copyTo writes the whole of c to w.
func (s *spool) copyTo(w io.Writer, c chain) error {
	if err := s.finish(); err != nil {
		return s.hint(err)
	}
	for at, more := c.first, c.begun; more; {
		var h [headerSize]byte
		if _, err := s.file.ReadAt(h[:], at); err != nil {
			return s.hint(err)
		}
		length := int64(binary.LittleEndian.Uint64(h[:8]))
		if _, err := io.Copy(w, io.NewSectionReader(s.file, at+headerSize, length)); err != nil {
			return err
		}
		at = int64(binary.LittleEndian.Uint64(h[8:]))
		more = at > 0
	}
	return nil
}

func (s *spool) close() error {
	err := s.file.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	return err
}

func (s *spool) hint(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("temporary file of the report: %w; set TMPDIR to a directory with free space", err)
}
