package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

// rounds are measurements of each stage at these rates.
func rounds(rates ...float64) measurements {
	var ms measurements
	for _, rate := range rates {
		for _, st := range stages() {
			ms = append(ms, measurement{
				Stage: st.name, Machine: "a machine", Asked: 50,
				Figures: measure.Figures{Requests: 100, Rate: rate, Median: time.Second, P99: 2 * time.Second, URLs: 500, Cached: 400},
			})
		}
	}
	return ms
}

func TestAStageIsTheMedianOfItsRounds(t *testing.T) {
	all := rounds(100, 900, 200).summaries()
	if len(all) != len(stages()) || all[0].rate != 200 || all[0].rounds != 3 || all[0].cached != 0.8 || all[0].spared != 0.9 {
		t.Errorf("%d stages, %+v", len(all), all[0])
	}
}

func TestWhatIsKeptIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept.jsonl")
	want := rounds(100)
	for _, m := range want {
		if err := keep(file, m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := journey(t.Context(), "", 0, false, file, nil)
	if err != nil || len(got) != len(want) || got[0].Rate != want[0].Rate || got[0].Asked != 50 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestThePageKeepsItsText(t *testing.T) {
	doc := filepath.Join(t.TempDir(), "journey.md")
	const begin, end = "<!-- make journey writes from here -->\n", "<!-- to here -->\n"
	if err := os.WriteFile(doc, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := rounds(65).write(doc); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if !strings.HasPrefix(text, "before\n"+begin) || !strings.HasSuffix(text, end+"after\n") || strings.Contains(text, "old") || !strings.Contains(text, "| V1 | no cache | 65 |") {
		t.Error(text)
	}
	picture, err := os.ReadFile(strings.TrimSuffix(doc, ".md") + ".svg")
	if err != nil || !strings.Contains(string(picture), "<style>") {
		t.Errorf("%v in the picture %s", err, picture)
	}
}

func TestAPageWithoutMarksIsLeftAlone(t *testing.T) {
	doc := filepath.Join(t.TempDir(), "journey.md")
	if err := os.WriteFile(doc, []byte("no marks\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := rounds(65).write(doc); err == nil {
		t.Error("written")
	}
	if err := measurements(nil).write(doc); err == nil {
		t.Error("nothing was measured, and that was written")
	}
}
