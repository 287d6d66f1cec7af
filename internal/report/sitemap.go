package report

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/hc-health/hc/internal/check"
)

// decodeSitemap reads the loc of each url of a sitemap (sitemaps.org). A sitemap
// index is refused: it lists sitemaps and no pages, and passing it for a check
// of the pages would be a lie. Reading targets never touches the network.
func decodeSitemap(r *bufio.Reader, d Defaults, emit func(check.Target) bool) error {
	s := sitemap{dec: xml.NewDecoder(&tokenBound{r: r})}
	s.dec.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("encoding %s: save it as UTF-8", charset)
	}
	for s.scan() {
		if !emit(s.target(d)) {
			return nil
		}
	}
	return s.err
}

// maxDepth bounds the nesting of elements; sitemaps with pictures need 4.
const maxDepth = 32

// sitemap reads one loc after the other.
type sitemap struct {
	dec  *xml.Decoder
	path []xml.Name // of the elements that are open

	line int    // of the loc read last
	loc  []byte // its text, cut above maxLine
	err  error  // why scan gave up; nil at the end of the document
}

func (s *sitemap) scan() bool {
	s.loc = s.loc[:0]
	for {
		token, err := s.dec.Token()
		if err == nil {
			err = s.take(token)
		}
		if err != nil {
			s.err = s.explain(err)
			return false
		}
		if _, ok := token.(xml.EndElement); ok {
			ends := s.inLoc()
			s.path = s.path[:len(s.path)-1]
			if ends {
				return true
			}
		}
	}
}

// take follows the document into its elements and keeps the text of a loc.
func (s *sitemap) take(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		if len(s.path) == maxDepth {
			return fmt.Errorf("elements are nested deeper than %d", maxDepth)
		}
		s.path = append(s.path, token.Name)
		switch {
		case s.inLoc():
			s.line, _ = s.dec.InputPos()
		case len(s.path) > 1 || token.Name.Local == "urlset":
		case token.Name.Local == "sitemapindex":
			return errors.New("is a sitemap index, which lists sitemaps and not pages: fetch and check those")
		default:
			return fmt.Errorf("its root is <%s>, that of a sitemap <urlset>", clip(token.Name.Local, 64))
		}
	case xml.CharData:
		if s.inLoc() && len(s.loc) <= maxLine {
			s.loc = append(s.loc, token...)
		}
	}
	return nil
}

// inLoc tells a loc from those of a sitemap's pictures, which are deeper or of
// another name space.
func (s *sitemap) inLoc() bool {
	p := s.path
	return len(p) == 3 && p[1].Local == "url" && p[2] == xml.Name{Space: p[0].Space, Local: "loc"}
}

func (s *sitemap) explain(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	line, _ := s.dec.InputPos()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		line, err = syntax.Line, fmt.Errorf("no valid XML: %s", syntax.Msg)
	}
	return fmt.Errorf("line %d: %w", line, err)
}

func (s *sitemap) target(d Defaults) check.Target {
	if len(s.loc) > maxLine {
		return d.tooLong(s.line, s.loc)
	}
	return d.bare(s.line, string(bytes.TrimSpace(s.loc)))
}

// tokenBound ends a stream in which no tag begins for maxLine bytes, and so
// bounds what the decoder collects.
type tokenBound struct {
	r     io.Reader
	since int // the last <
}

func (b *tokenBound) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if i := bytes.LastIndexByte(p[:n], '<'); i >= 0 {
		b.since = n - i
	} else {
		b.since += n
	}
	if b.since > maxLine {
		return 0, fmt.Errorf("a tag or text is longer than %d KiB", maxLine>>10)
	}
	return n, err
}
