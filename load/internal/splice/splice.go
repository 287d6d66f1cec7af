// Package splice writes what was measured into a page that people write.
package splice

import (
	"fmt"
	"os"
	"strings"
)

const end = "<!-- to here -->\n"

// Into puts text into file, between the line that says that the command who writes
// from there and the next "to here". The rest of the page stays.
func Into(file, who, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin := "<!-- " + who + " writes from here -->\n"
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q to write between", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}
