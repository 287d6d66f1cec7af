package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// show writes what a target is on one line, in the words of a txt line.
func show(t check.Target) string {
	words := []string{fmt.Sprintf("%d:", t.Source.Line), t.Method, t.URL}
	if e := t.Expect.String(); e != "" {
		words = append(words, e)
	}
	if t.Timeout > 0 {
		words = append(words, "timeout="+t.Timeout.String())
	}
	for _, tag := range t.Tags {
		words = append(words, "tag="+tag)
	}
	if t.Request != nil {
		words = append(words, fmt.Sprint(t.Request.Header), t.Request.Body)
	}
	if t.Invalid != "" {
		return fmt.Sprintf("%d: bad: %s", t.Source.Line, t.Invalid)
	}
	return strings.Join(words, " ")
}

// decoded reads text by decode and shows the targets.
func decoded(t *testing.T, decode decoder, text string) []string {
	t.Helper()
	var got []string
	err := decode(bufio.NewReaderSize(strings.NewReader(text), readAhead), Defaults{Method: "GET"}, func(t check.Target) bool {
		got = append(got, show(t))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sameLines compares lines, of which those wanted may end in "…".
func sameLines(t *testing.T, got, want []string) {
	t.Helper()
	same := slices.EqualFunc(got, want, func(got, want string) bool {
		prefix, cut := strings.CutSuffix(want, "…")
		return got == want || cut && strings.HasPrefix(got, prefix)
	})
	if !same {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, args []string, stdin io.Reader, opt InputOptions) *Input {
	t.Helper()
	in, err := Open(args, stdin, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

func TestArgumentsAreURLsFilesAndStdinInTheirOrder(t *testing.T) {
	txt := write(t, "urls.txt", "# mine\nhttps://a.test/\n\nhttps://b.test/ 301\n")
	csv := write(t, "urls.csv", "name,url\nfirst,https://c.test/\n")
	in := open(t, []string{txt, "https://arg.test", "-", csv}, strings.NewReader("d.test\n"), InputOptions{})
	var got []string
	var seqs []int64
	for target := range in.All() {
		got = append(got, fmt.Sprintf("%s %s", filepath.Base(target.Source.File), show(target)))
		seqs = append(seqs, target.Seq)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	sameLines(t, got, []string{
		"urls.txt 2: GET https://a.test/",
		"urls.txt 4: GET https://b.test/ 301",
		". 0: GET https://arg.test/",
		"- 1: GET https://d.test/",
		"urls.csv 2: GET https://c.test/",
	})
	if want := []int64{0, 1, 2, 3, 4}; !slices.Equal(seqs, want) {
		t.Errorf("seq %v, want %v", seqs, want)
	}
	if n, final := in.Total(); n != 5 || !final {
		t.Errorf("Total is %d, %v after the end", n, final)
	}
}

func TestBadURLArgumentIsATarget(t *testing.T) {
	in := open(t, []string{"ftp://files.test/", "https://ok.test/"}, nil, InputOptions{})
	got := slices.Collect(in.All())
	if len(got) != 2 || got[0].Invalid == "" || got[0].Input != "ftp://files.test/" || got[1].Invalid != "" {
		t.Errorf("got %+v", got)
	}
}

func TestWhatCannotBeOpenedIsSaidBeforeAnythingIsRead(t *testing.T) {
	good := write(t, "good.txt", "https://a.test/\n")
	for _, tt := range []struct{ name, arg, want string }{
		{"missing", "nowhere/urls.txt", "no file nowhere/urls.txt: give a list file, - for standard input, or a URL with its scheme"},
		{"secret without scheme", "u:hunter2@a.test?token=hunter2", "no file ***@a.test?token=***: give a list file"},
		{"host without scheme", "example.com", "or a URL with its scheme, such as https://example.com/"},
		{"directory", t.TempDir(), "is a directory: name the list files in it"},
		{"empty argument", "", "no file"},
		{"unreadable", "/proc/self/mem", "cannot read /proc/self/mem: input/output error"},
		{"binary", write(t, "junk", "\x7fELF\x00\x01"), "is binary (byte 5 is NUL): a list of targets is text"},
		{"binary in the 512th byte", write(t, "junk", strings.Repeat("a", 511)+"\x00"), "is binary (byte 512 is NUL)"},
		{"UTF-16", write(t, "urls.txt", "\xff\xfeh\x00t\x00t\x00p\x00"), "is UTF-16 text: save it as UTF-8"},
		{"CSV without url", write(t, "urls.csv", "name;link\na;https://a.test/\n"), "line 1: the header has no column url, only name, link: name the column of the URLs so"},
		{"YAML with bad syntax", write(t, "urls.yaml", "- url: https://a.test/\n- url: [b\n"), "line 2, column 8: invalid YAML: "},
		{"YAML without a list", write(t, "urls.yml", "url: https://a.test/\n"), "no list of targets"},
		{"YAML that is too large", write(t, "urls.yaml", strings.Repeat("- https://a.test/\n", maxYAML/18+1)), "more than 4 MiB of YAML: write JSON lines"},
		{"sitemap index", write(t, "sitemap.xml", `<sitemapindex><sitemap><loc>https://a.test/1.xml</loc></sitemap></sitemapindex>`), "is a sitemap index, which lists sitemaps and not pages"},
		{"HTML", write(t, "page.xml", "<html><body></body></html>"), "its root is <html>, that of a sitemap <urlset>"},
		{"XML with bad syntax", write(t, "sitemap.xml", "<urlset>\n<url></urlset>"), "line 2: no valid XML: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open([]string{good, tt.arg}, nil, InputOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestErrorsRepeatNoSecretOfTheFile(t *testing.T) {
	file := write(t, "targets.yaml", "- url: https://a.test/\n  headers: {Authorization: hunter2}\n  body: [\n")
	_, err := Open([]string{file}, nil, InputOptions{})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Open: %v", err)
	}
}

func TestNoTargets(t *testing.T) {
	empty, comments := write(t, "empty", ""), write(t, "comments.txt", "\ufeff# nothing\r\n\r\n   \n# here")
	header, list := write(t, "header.csv", "url,method\n"), write(t, "list.yaml", "[]\n")
	for _, args := range [][]string{{empty}, {comments}, {header}, {list}, {empty, comments}} {
		_, err := Open(args, nil, InputOptions{})
		if !errors.Is(err, ErrNoTargets) || !strings.HasPrefix(err.Error(), "no targets in "+args[0]) {
			t.Errorf("Open(%v): %v, want no targets in it", args, err)
		}
	}
	if _, err := Open([]string{empty, empty, empty, empty, comments}, nil, InputOptions{}); err == nil || !strings.HasSuffix(err.Error(), ", 2 more") {
		t.Errorf("of five files: %v", err)
	}
	t.Run("one input of several may be empty", func(t *testing.T) {
		in := open(t, []string{empty, "https://a.test/"}, nil, InputOptions{})
		if got := slices.Collect(in.All()); len(got) != 1 || in.Err() != nil {
			t.Errorf("got %v, %v", got, in.Err())
		}
	})
	t.Run("of a stream it is known at its end", func(t *testing.T) {
		in := open(t, []string{"-"}, strings.NewReader("# nothing\n"), InputOptions{})
		if got := slices.Collect(in.All()); got != nil || !errors.Is(in.Err(), ErrNoTargets) {
			t.Errorf("got %v, %v", got, in.Err())
		}
		if got, want := in.Err().Error(), "no targets in standard input"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestJunkOnStdinIsAnErrorAndNoTarget(t *testing.T) {
	in := open(t, []string{"-", "https://a.test/"}, strings.NewReader("https://a.test/\n\x00\x00"), InputOptions{})
	for target := range in.All() {
		t.Errorf("got %v", target)
	}
	if err := in.Err(); err == nil || !strings.Contains(err.Error(), "standard input: is binary (byte 17 is NUL)") {
		t.Error(err)
	}
}

// A terminal or tail -f gives a line now and then. Each is checked when it is
// there, whatever was needed to tell the format.
func TestSlowStreamIsReadAsItComes(t *testing.T) {
	for _, tt := range []struct {
		name         string
		first, after string // what is written before the first target must be there
	}{
		{"txt", "x\n", "https://b.test/\n"},
		{"txt after comments", "# a\n\n# b\nx\n", "https://b.test/\n"},
		{"jsonl", `{"url":"x"}` + "\n", `{"url":"https://b.test/"}` + "\n"},
		{"csv", "url,method\nx,GET\n", "https://b.test/,HEAD\n"},
		{"sitemap", "<urlset><url>\n<loc>x</loc>", "</url><url><loc>https://b.test/</loc></url></urlset>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, w := io.Pipe()
			in := open(t, []string{"-"}, r, InputOptions{})
			targets := make(chan check.Target)
			go func() {
				defer close(targets)
				for target := range in.All() {
					targets <- target
				}
			}()
			for i, part := range []string{tt.first, tt.after} {
				if _, err := io.WriteString(w, part); err != nil {
					t.Fatal(err)
				}
				select {
				case target := <-targets:
					if want := []string{"https://x/", "https://b.test/"}[i]; target.URL != want {
						t.Errorf("got %q, %q, want %q", target.URL, target.Invalid, want)
					}
				case <-time.After(10 * time.Second):
					t.Fatalf("the target of %q does not come before more is written", part)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if _, more := <-targets; more || in.Err() != nil {
				t.Errorf("at the end: %v, %v", more, in.Err())
			}
		})
	}
}

func TestFormatsAreToldByExtensionOrByTheirBeginning(t *testing.T) {
	for _, tt := range []struct{ name, file, text string }{
		{"txt", "urls.txt", "https://a.test/\n"},
		{"extension in capitals", "URLS.TXT", "https://a.test/\n"},
		{"txt by default", "urls", "https://a.test/\n"},
		{"txt without line end", "urls", "a.test"},
		{"txt with BOM", "urls", "\xef\xbb\xbfhttps://a.test/\r\n"},
		{"txt with commas in the URL", "urls", "https://a.test/?fields=id,url,name\n"},
		{"txt with an address in brackets", "urls", "[::1]:8443/\n"},
		{"csv", "urls.csv", "\xef\xbb\xbfURL\nhttps://a.test/\n"},
		{"csv by its header", "urls", "id\turl\n1\thttps://a.test/\n"},
		{"csv by its quoted header", "urls", "\"id\",\"url\"\n1,https://a.test/\n"},
		{"jsonl", "urls.jsonl", `{"url":"https://a.test/"}`},
		{"ndjson", "urls.ndjson", `{"url":"https://a.test/"}`},
		{"jsonl by its beginning", "urls", "\n  {\"url\":\"https://a.test/\"}\n"},
		{"json that is jsonl", "urls.json", `{"url":"https://a.test/"}`},
		{"strings of JSON", "urls", `"https://a.test/"`},
		{"yaml", "urls.yaml", "- url: https://a.test/"},
		{"yml", "urls.yml", "targets:\n- https://a.test/"},
		{"yaml by its beginning", "urls", "# list\n- url: https://a.test/"},
		{"yaml document", "urls", "---\n- url: https://a.test/"},
		{"yaml flow", "urls", "[https://a.test/]"},
		{"json array", "urls.json", "[\n\t{\n\t\t\"url\": \"https://a.test/\"\n\t}\n]\n"},
		{"json object", "urls.json", "{\n\t\"targets\": [\n\t\t{\"url\": \"https://a.test/\"}\n\t]\n}\n"},
		{"xml", "sitemap.xml", `<?xml version="1.0" encoding="UTF-8"?><urlset><url><loc>https://a.test/</loc></url></urlset>`},
		{"xml by its beginning", "sitemap", `<urlset><url><loc>https://a.test/</loc></url></urlset>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := open(t, []string{write(t, tt.file, tt.text)}, nil, InputOptions{})
			got := slices.Collect(in.All())
			if in.Err() != nil || len(got) != 1 || got[0].Invalid != "" || !strings.HasPrefix(got[0].URL, "https://") {
				t.Errorf("got %+v, %v", got, in.Err())
			}
		})
	}
}

func TestDefaultsFillWhatALineDoesNotSay(t *testing.T) {
	var d Defaults
	d.Method = "HEAD"
	d.Timeout = 7 * time.Second
	d.Expect.Codes = "200,403"
	d.Expect.Latency = time.Second
	d.Expect.CertDays = 14
	d.Request = &check.Request{Header: []check.Field{{Name: "Accept", Value: "*/*"}, {Name: "X-Key", Value: "1"}}}
	file := write(t, "urls.jsonl", `{"url":"https://a.test/"}
{"url":"https://b.test/","method":"post","accept":204,"max_latency_ms":300,"timeout_ms":1500,"headers":{"accept":"text/html","B":"2"},"body":"hi"}
{"url":"https://c.test/","cert_days":3}
`)
	in := open(t, []string{file}, nil, InputOptions{Defaults: d})
	var got []string
	for target := range in.All() {
		got = append(got, show(target))
	}
	sameLines(t, got, []string{
		"1: HEAD https://a.test/ 200,403 <1s cert_days=14 timeout=7s [{Accept */*} {X-Key 1}] ",
		"2: POST https://b.test/ 204 <300ms cert_days=14 timeout=1.5s [{X-Key 1} {Accept text/html} {B 2}] hi",
		"3: HEAD https://c.test/ 200,403 <1s cert_days=3 timeout=7s [{Accept */*} {X-Key 1}] ",
	})
	if len(d.Request.Header) != 2 || d.Request.Header[0].Value != "*/*" {
		t.Errorf("the defaults were changed: %v", d.Request)
	}
}

func TestInputIsCutBetweenCharacters(t *testing.T) {
	long := "https://a.test/" + strings.Repeat("é", maxInput)
	in := open(t, []string{"-"}, strings.NewReader(long), InputOptions{})
	for target := range in.All() {
		if n := len(target.Input); n > maxInput || n < maxInput-1 || !strings.HasPrefix(long, target.Input) {
			t.Errorf("input has %d bytes: %q", n, target.Input)
		}
	}
}

func TestBreakingOffStopsReading(t *testing.T) {
	read := 0
	endless := readerFunc(func(p []byte) (int, error) {
		read++
		return copy(p, strings.Repeat("https://a.test/\n", len(p)/16)), nil
	})
	in := open(t, []string{"-"}, endless, InputOptions{NoDedup: true})
	n := 0
	for range in.All() {
		if n++; n == 100 {
			break
		}
	}
	if read > 1 {
		t.Errorf("the stream was read %d times for 100 targets", read)
	}
	if in.Err() != nil {
		t.Error(in.Err())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReadErrorKeepsWhatWasRead(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("https://a.test/\nhttps://b.te"), iotest.ErrReader(errors.New("unplugged")))
	in := open(t, []string{"-", "https://c.test/"}, broken, InputOptions{})
	var got []string
	for target := range in.All() {
		got = append(got, show(target))
	}
	sameLines(t, got, []string{"1: GET https://a.test/"})
	if err := in.Err(); err == nil || err.Error() != "standard input: unplugged" {
		t.Errorf("Err: %v", err)
	}
}

func TestFileThatVanishesAfterOpenIsAnError(t *testing.T) {
	file := write(t, "urls.txt", "https://a.test/\n")
	in := open(t, []string{"https://b.test/", file}, nil, InputOptions{})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(in.All()); len(got) != 1 || in.Err() == nil || !strings.Contains(in.Err().Error(), "no file "+file) {
		t.Errorf("got %v, %v", got, in.Err())
	}
}

func TestNamedPipeIsReadOnce(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error)
	go func() { wrote <- os.WriteFile(fifo, []byte("https://a.test/\nhttps://b.test/\n"), 0) }()
	in := open(t, []string{fifo}, nil, InputOptions{})
	if got := slices.Collect(in.All()); len(got) != 2 || got[0].Source.File != fifo || in.Err() != nil {
		t.Errorf("got %v, %v", got, in.Err())
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// More files than a process may have open are read one after the other.
func TestManyFilesNeedFewDescriptors(t *testing.T) {
	dir := t.TempDir()
	var args []string
	for i := range 50 {
		name := filepath.Join(dir, fmt.Sprintf("%d.txt", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, "https://%d.test/\n", i), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	before := openFiles(t)
	in := open(t, args, nil, InputOptions{})
	if n := openFiles(t) - before; n > 5 {
		t.Errorf("Open keeps %d files open", n)
	}
	n := 0
	for range in.All() {
		n++
	}
	if n != len(args) || in.Err() != nil {
		t.Errorf("%d targets, %v", n, in.Err())
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func TestTenMegabyteLineNeedsNoMemory(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"urls.txt", "https://a.test/\nhttps://", "\nhttps://b.test/\n"},
		{"urls.csv", "url\nhttps://a.test/\nhttps://", "\nhttps://b.test/\n"},
		{"quoted.csv", "url\nhttps://a.test/\n\"https://", "\"\nhttps://b.test/\n"},
		{"urls.jsonl", "\"https://a.test/\"\n{\"url\":\"https://", "\"}\n\"https://b.test/\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, tt.name, tt.before+strings.Repeat("a", 10<<20)+tt.after)
			in := open(t, []string{file}, nil, InputOptions{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := slices.Collect(in.All())
			runtime.ReadMemStats(&after)
			if in.Err() != nil || len(got) != 3 {
				t.Fatalf("%d targets, %v", len(got), in.Err())
			}
			if got[0].URL != "https://a.test/" || got[2].URL != "https://b.test/" {
				t.Errorf("the lines beside it are %v", got)
			}
			bad := got[1]
			if !strings.Contains(bad.Invalid, "64 KiB") || len(bad.Input) == 0 || len(bad.Input) > maxInput || bad.Source.Line != got[2].Source.Line-1 {
				t.Errorf("the long line is %s, %d bytes of input, line %d", bad.Invalid, len(bad.Input), bad.Source.Line)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

func TestLineOf64KiBIsTheLongest(t *testing.T) {
	line := "https://a.test/" + strings.Repeat("a", maxLine-len("https://a.test/"))
	for _, end := range []string{"", "\n", "\r\n", "\nhttps://b.test/\n"} {
		got := decoded(t, decodeTXT, line+end)
		if strings.Contains(got[0], "bad:") {
			t.Errorf("64 KiB before %q: %.80s", end, got[0])
		}
		got = decoded(t, decodeTXT, "a"+line+end)
		if !strings.Contains(got[0], "longer than 64 KiB") {
			t.Errorf("64 KiB and one byte before %q: %.80s", end, got[0])
		}
	}
}
