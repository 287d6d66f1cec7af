package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestChainsOfASpoolReadBackWhole(t *testing.T) {
	for name, order := range map[string]string{
		"none": "", "one": "a", "one long": strings.Repeat("a", 9000), "in turn": strings.Repeat("abc", 3000),
		"in blocks": strings.Repeat("aaaa", 500) + strings.Repeat("b", 500) + strings.Repeat("a", 10),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSpool()
			if err != nil {
				t.Fatal(err)
			}
			chains := map[rune]*chain{'a': {}, 'b': {}, 'c': {}}
			want := map[rune]*strings.Builder{'a': {}, 'b': {}, 'c': {}}
			for i, of := range order {
				text := fmt.Sprintf("%d%s;", i, strings.Repeat("-", i%50))
				if err := s.append(chains[of], []byte(text)); err != nil {
					t.Fatal(err)
				}
				want[of].WriteString(text)
			}
			for of, c := range chains {
				var got bytes.Buffer
				if err := s.copyTo(&got, *c); err != nil {
					t.Fatal(err)
				}
				if got.String() != want[of].String() {
					t.Errorf("%c reads back as %d bytes, want %d", of, got.Len(), want[of].Len())
				}
			}
			if err := s.close(); err != nil {
				t.Error(err)
			}
		})
	}
}
