// Package each is what the small programs that hc is measured against share: a
// list read line by line, so many in flight, a line out for each answer.
package each

import (
	"bufio"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Line calls get for each line of the file list, c at a time, and prints
// "CODE URL" as each returns. Code 0 stands for no answer.
func Line(list string, c int, get func(url string) (code int)) error {
	in, err := os.Open(list)
	if err != nil {
		return err
	}
	defer in.Close()
	out := bufio.NewWriter(os.Stdout)
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(c)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		url := lines.Text()
		g.Go(func() error {
			code := get(url)
			mu.Lock()
			defer mu.Unlock()
			_, err := fmt.Fprintln(out, code, url)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}
