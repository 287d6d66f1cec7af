package internal

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityPageNamesTestsThatExist: each line of the threat model names what
// holds it, and a test that was renamed or removed must not leave it without.
func TestSecurityPageNamesTestsThatExist(t *testing.T) {
	namesTests(t, "docs/security.md", 50, declaredTests(t))
}

// TestFaultsPageNamesEachRow: 28 of them, each with its tests, and each test of a
// row is there.
func TestFaultsPageNamesEachRow(t *testing.T) {
	declared := declaredTests(t)
	named := namesTests(t, "docs/faults.md", 28, declared)
	for name := range declared {
		if strings.HasPrefix(name, "TestFault") && !named[name] && name != t.Name() {
			t.Errorf("docs/faults.md does not name %s", name)
		}
	}
	page := read(t, "../docs/faults.md")
	for row := 1; row <= 28; row++ {
		if !regexp.MustCompile(fmt.Sprintf("(?m)^\\| %d \\|.* `TestFault%02d", row, row)).MatchString(page) {
			t.Errorf("docs/faults.md has no test of row %d", row)
		}
	}
}

// namesTests fails where page names a test that is none of declared, and gives
// those that it names, which must be so many at least.
func namesTests(t *testing.T, page string, least int, declared map[string]bool) map[string]bool {
	t.Helper()
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(read(t, "../"+page), -1) {
		named[m[1]] = true
		if !declared[m[1]] {
			t.Errorf("%s names %s, which is no test here", page, m[1])
		}
	}
	if len(named) < least {
		t.Fatalf("%s names %d tests: has its form changed?", page, len(named))
	}
	return named
}

// declaredTests are the names of all tests and fuzz targets of the module.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := fs.ReadFile(root, path)
		for _, m := range declaration.FindAllSubmatch(src, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
