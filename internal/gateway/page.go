package gateway

import (
	"crypto/sha256"
	_ "embed" // for the page
	"encoding/base64"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// document is something fixed to read.
type document struct {
	body   []byte
	header http.Header
}

func newDocument(contentType string, body []byte) *document {
	return &document{body, http.Header{
		"Content-Type":           {contentType},
		"Content-Length":         {strconv.Itoa(len(body))},
		"Cache-Control":          {"no-cache"},
		"X-Content-Type-Options": {"nosniff"},
	}}
}

func (d *document) serve(rep *reply, _ *http.Request) *problem {
	maps.Copy(rep.Header(), d.header)
	_, _ = rep.Write(d.body)
	return nil
}

// newPage is one file that loads nothing. Its policy lets only its own script and
// style in, by their hashes, and lets the script talk to this service only.
func newPage() *document {
	body := strings.NewReplacer("{{style}}", pageCSS, "{{script}}", pageJS).Replace(pageHTML)
	d := newDocument("text/html; charset=utf-8", []byte(body))
	d.header["Content-Security-Policy"] = []string{
		"default-src 'none'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
			"style-src " + hashOf(pageCSS) + "; script-src " + hashOf(pageJS),
	}
	d.header["Referrer-Policy"] = []string{"no-referrer"}
	return d
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
