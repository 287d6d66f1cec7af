package report

import (
	"bufio"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

func TestSitemapGivesItsPages(t *testing.T) {
	sameLines(t, decoded(t, decodeSitemap, `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:x="urn:x">
  <url>
    <loc>https://a.test/?x=1&amp;y=2</loc>
    <lastmod>2026-01-01</lastmod>
    <image:image><image:loc>https://a.test/picture.png</image:loc></image:image>
  </url>
  <url><x:loc>https://x.test/</x:loc><loc>
    <![CDATA[https://b.test/]]>
  </loc></url>
  <loc>https://outside.test/</loc>
  <url><priority>1</priority></url>
  <url><loc></loc></url>
  <url><loc>ftp://c.test/</loc></url>
</urlset>
`), []string{
		"5: GET https://a.test/?x=1&y=2",
		"9: GET https://b.test/",
		"14: bad: the URL is empty",
		"15: bad: scheme ftp is not http or https",
	})
}

func TestSitemapErrorsKeepWhatWasReadBefore(t *testing.T) {
	const begin = "<urlset>\n<url><loc>https://a.test/</loc></url>\n"
	for _, tt := range []struct{ name, text, want string }{
		{"bad syntax", "<url><loc>b</url></urlset>", "line 3: no valid XML: element <loc> closed by </url>"},
		{"cut", "<url>", "line 3: no valid XML: unexpected EOF"},
		{"unknown entity", "<url><loc>&nbsp;</loc></url>", "line 3: no valid XML: invalid character entity &nbsp;"},
		{"too deep", strings.Repeat("<x>", maxDepth), "line 3: elements are nested deeper than 32"},
		{"text without end", strings.Repeat("a", 10<<20), "a tag or text is longer than 64 KiB"},
		{"tag without end", "<x" + strings.Repeat(" a='b'", 1<<20), "a tag or text is longer than 64 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			r := bufio.NewReaderSize(strings.NewReader(begin+tt.text), readAhead)
			err := decodeSitemap(r, Defaults{Method: "GET"}, func(t check.Target) bool {
				got = append(got, show(t))
				return true
			})
			sameLines(t, got, []string{"2: GET https://a.test/"})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func TestLongLocIsABadTarget(t *testing.T) {
	long := strings.Repeat(strings.Repeat("a", 1000)+"<!-- -->", 100)
	got := decoded(t, decodeSitemap, "<urlset><url><loc>"+long+"</loc></url><url><loc>b.test</loc></url></urlset>")
	sameLines(t, got, []string{"1: bad: longer than 64 KiB", "1: GET https://b.test/"})
}

func TestSitemapInAnotherEncodingIsAnError(t *testing.T) {
	_, err := Open([]string{write(t, "sitemap.xml", `<?xml version="1.0" encoding="latin1"?><urlset/>`)}, nil, InputOptions{})
	if err == nil || !strings.Contains(err.Error(), "encoding latin1: save it as UTF-8") {
		t.Error(err)
	}
}
