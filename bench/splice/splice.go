// Package splice writes what was measured into a page that people write.
package splice

import (
	"fmt"
	"os"
	"strings"
)

// End is the line behind a generated part.
const End = "<!-- to here -->\n"

// Begin is the line in front of the part that who writes, as "make bench".
func Begin(who string) string { return "<!-- " + who + " writes from here -->\n" }

// Into puts text into file, between the line begin and the next [End]. The rest of
// the page stays. It fails where one of the two is missing.
func Into(file, begin, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, End)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q to write between", file, strings.TrimSpace(begin), strings.TrimSpace(End))
	}
	return os.WriteFile(file, []byte(before+begin+text+End+after), 0o644)
}
