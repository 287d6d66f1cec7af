package report

import "testing"

func TestCSVRows(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"one column", "url\nhttps://a.test/\nb.test\n", []string{"2: GET https://a.test/", "3: GET https://b.test/"}},
		{
			"all columns", "cert_days,expect_body,tags,timeout_ms,max_latency_ms,accept,method,url\n" +
				"14,^ok$,x; y;,1500,300,\"200,301\",post,a.test\n",
			[]string{"2: POST https://a.test/ 200,301 <300ms body=^ok$ cert_days=14 timeout=1.5s tag=x tag=y"},
		},
		{"header in capitals, with blanks", " Name , URL \nx, a.test \n", []string{"2: GET https://a.test/"}},
		{"quoted header", "\"a,b\",\"url\"\nx,a.test\n", []string{"2: GET https://a.test/"}},
		{"blank lines", "\n\nurl\n\na.test\n\n", []string{"5: GET https://a.test/"}},
		{"semicolons", "name;url;tags\na,b;a.test;x\n", []string{"2: GET https://a.test/ tag=x"}},
		{"separator that finds the URLs", "url;first,last,middle\na.test;x\n", []string{"2: GET https://a.test/"}},
		{"tabs", "name\turl\na;b,c\ta.test\n", []string{"2: GET https://a.test/"}},
		{"CRLF", "url,method\r\na.test,HEAD\r\nb.test,\r\n", []string{"2: HEAD https://a.test/", "3: GET https://b.test/"}},
		{"no line end", "url\na.test", []string{"2: GET https://a.test/"}},
		{"unknown columns", "id,url,note\n1,a.test,\"x \"\"y\"\"\"\n", []string{"2: GET https://a.test/"}},
		{"quoted URL", "url\n\"https://a.test/?x=1,2\"\n", []string{"2: GET https://a.test/?x=1,2"}},
		{"quoted line end", "note,url\n\"one\ntwo, \"\"x\"\"\n\",a.test\nx,b.test\n", []string{"2: GET https://a.test/", "5: GET https://b.test/"}},
		{"short row", "url,method,tags\na.test\n", []string{"2: GET https://a.test/"}},
		{"no URL", "name,url\nx\n", []string{"2: bad: no url"}},
		{"row of separators", "name,url\n,\n", []string{"2: bad: no url"}},
		{"long row", "url,name\nhttps://a.test/?x=1,2,x\nb.test,x\n", []string{
			"2: bad: 3 fields where the header has 2: put a field that holds the separator in double quotes", "3: GET https://b.test/",
		}},
		{"bad cells", "url,accept,timeout_ms,cert_days,expect_body,method\na.test,ok\na.test,,soon\na.test,,,x\na.test,,,,(\na.test,,,,,FETCH\nftp://a.test\n", []string{
			`2: bad: accept: "ok" is no status code…`, `3: bad: timeout_ms: "soon" is no number of milliseconds`, `4: bad: cert_days: "x" is no number of days`,
			"5: bad: expect_body: …", "6: bad: unknown method…", "7: bad: scheme ftp is not http or https",
		}},
		{"quote that is not closed loses its line only", "url,note\n\"a.test,x\nb.test,y\nc.test,z\n", []string{
			"2: bad: a quote that begins a field is not closed", "3: GET https://b.test/", "4: GET https://c.test/",
		}},
		{"quote that is closed by the next line's", "url,note\na.test,\"x\nb.test,\"y\nc.test,z\n", []string{
			"2: bad: something stands after a closing quote…", "3: bad: a quote that begins a field is not closed", "4: GET https://c.test/",
		}},
		{"quote inside a field", "url,note\na.test,x \"y\"\nb.test,\"x\" y\nc.test,\n", []string{
			"2: GET https://a.test/", "3: bad: something stands after a closing quote…", "4: GET https://c.test/",
		}},
		{"no comments", "id,url\n#1,a.test\n", []string{"2: GET https://a.test/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sameLines(t, decoded(t, decodeCSV, tt.text), tt.want)
		})
	}
}

func TestCSVInputIsTheURLAsWritten(t *testing.T) {
	got := collect(t, decodeCSV, "name,url\nx, a.test/#f \n\"x,b.test\n")
	if got[0].Input != "a.test/#f" || got[1].Input != `"x,b.test` {
		t.Errorf("inputs %q and %q", got[0].Input, got[1].Input)
	}
}
