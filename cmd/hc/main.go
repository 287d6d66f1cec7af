// Hc checks every URL you have, fast. This room parses words, builds the engine
// in one visible expression (see check.go), prints and exits.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
