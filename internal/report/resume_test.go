package report

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// results writes the lines of a run over the targets of text, one outcome each.
func results(t *testing.T, text string, outcomes ...check.Outcome) string {
	t.Helper()
	var b []byte
	for i, target := range collect(t, decodeTXT, text) {
		target.Source.File = "urls.txt"
		r := check.Result{Target: target, Outcome: outcomes[i]}
		if r.Outcome == check.Fail {
			r.Reason, r.Error = check.HTTPStatus, "503"
		}
		b = append(r.AppendJSON(b), '\n')
	}
	return string(b)
}

func remaining(t *testing.T, text, journal string, noDedup bool) ([]string, *Input) {
	t.Helper()
	resume, err := ReadResume(write(t, "out.jsonl", journal))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("urls.txt", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	in := open(t, []string{"urls.txt"}, nil, InputOptions{Resume: resume, NoDedup: noDedup})
	var got []string
	for target := range in.All() {
		if target.Seq != int64(len(got)) {
			t.Errorf("seq %d for the target at %d", target.Seq, len(got))
		}
		got = append(got, show(target))
	}
	if in.Err() != nil {
		t.Error(in.Err())
	}
	return got, in
}

func TestResumeLeavesOutWhatWasAnswered(t *testing.T) {
	const text = `https://a.test/
https://a.test/ 301
HEAD https://a.test/
https://b.test/?token=one
https://b.test/?token=two
https://c.test/
ftp://d.test/
https://e.test/
`
	journal := results(t, text, "pass", "skip", "warn", "fail", "skip", "fail", "fail", "pass")
	cut := len(journal) - 30
	journal = "not JSON\n{\"type\":\"summary\",\"v\":1}\n" + journal[:cut]
	got, _ := remaining(t, text, journal, false)
	sameLines(t, got, []string{
		"2: GET https://a.test/ 301",
		"5: GET https://b.test/?token=two",
		"8: GET https://e.test/",
	})
	t.Run("nothing is left", func(t *testing.T) {
		got, in := remaining(t, "https://a.test/\n", results(t, "https://a.test/\n", "pass"), false)
		if got != nil || in.Err() != nil {
			t.Errorf("got %v, %v", got, in.Err())
		}
	})
}

func TestResumeCountsHowOftenALineWasAnswered(t *testing.T) {
	text := strings.Repeat("https://a.test/\nhttps://b.test/\n", 3)
	journal := results(t, text, "pass", "fail", "pass", "skip", "skip", "skip")
	got, _ := remaining(t, text, journal, true)
	sameLines(t, got, []string{"4: GET https://b.test/", "5: GET https://a.test/", "6: GET https://b.test/"})
	got, in := remaining(t, text, journal, false)
	if got != nil || in.Duplicates() != 4 {
		t.Errorf("with dedup %v, %d duplicates", got, in.Duplicates())
	}
}

func TestBaselineKnowsWhatFailed(t *testing.T) {
	const text = "https://a.test/\nhttps://b.test/\nhttps://b.test/ 301\nhttps://c.test/\nhttps://d.test/\nhttps://e.test/\n"
	earlier := results(t, text, "pass", "fail", "pass", "warn", "skip", "warn")
	earlier = strings.Replace(earlier, `"url":"https://e.test/"`, `"url":"https://e.test/","error":"known: 503"`, 1)
	baseline, err := ReadBaseline(write(t, "out.jsonl", earlier))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, false, false, false, true} {
		target := collect(t, decodeTXT, text)[i]
		if got := baseline.Known(check.Failed(target, check.HTTPStatus, "503")); got != want {
			t.Errorf("%s: known %v, want %v", show(target), got, want)
		}
	}
}

func TestFilesOfEarlierRunsThatAreNone(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"missing", "nowhere.jsonl", "no file nowhere.jsonl"},
		{"directory", t.TempDir(), "is a directory"},
		{"list of targets", write(t, "urls.txt", "https://a.test/\nhttps://b.test/\n"), "holds no results: give a file that hc check -f jsonl wrote"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, resumeErr := ReadResume(tt.file)
			_, baselineErr := ReadBaseline(tt.file)
			for _, err := range []error{resumeErr, baselineErr} {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
			}
		})
	}
	for _, tt := range []struct{ name, text string }{
		{"empty", ""},
		{"only a summary", "{\"type\":\"summary\",\"v\":1,\"total\":0}\n"},
		{"only a cut line", "{\"type\":\"result\",\"v\":1,\"ur"},
		{"long line", fmt.Sprintf("{\"type\":\"result\",\"url\":%q,\"outcome\":\"pass\"}\n", strings.Repeat("a", 2*maxResult))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ReadResume(write(t, "out.jsonl", tt.text)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Invariants: no panic; whatever stands around it, a whole line of results counts.
func FuzzReadResume(f *testing.F) {
	f.Add("", "")
	f.Add("{\"type\":\"result\",\"url\":\"https://b.test/\",\"outcome\":\"pass\"}\n", "{\"type\":\"result\",\"ur")
	f.Add("x\n{\"type\":\"result\",\"expect\":\"body=(\"}\n", "\x00")
	f.Fuzz(func(t *testing.T, before, after string) {
		line := results(t, "https://a.test/ 301", "pass")
		resume, err := ReadResume(write(t, "out.jsonl", before+"\n"+line+after))
		if err != nil {
			t.Fatal(err)
		}
		target := collect(t, decodeTXT, "https://a.test/ 301")[0]
		if !resume.Skip(target) {
			t.Fatal("the answer is lost")
		}
	})
}

func BenchmarkReadResume(b *testing.B) {
	const lines = 10_000
	var text []byte
	for i := range lines {
		r := check.Result{Target: check.Target{URL: fmt.Sprintf("https://host.test/%d", i), Method: "GET"}, Outcome: check.Pass}
		text = append(r.AppendJSON(text), '\n')
	}
	file := b.TempDir() + "/out.jsonl"
	if err := os.WriteFile(file, text, 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ReadResume(file); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
}
