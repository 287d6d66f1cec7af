package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the linker where the build has no repository to read it
// from: go build -ldflags "-X main.version=v1.2.3". The linker can set nothing
// but a package variable, so this is the one there is.
var version string

// build says what this binary was built from.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Time    string `json:"time,omitempty"` // of the commit
	Dirty   bool   `json:"dirty,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func readBuild() build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = cmp.Or(b.Version, "unknown")
		return b
	}
	// A User-Agent has the version in it, and a token (RFC 9110 §5.6.2) no parentheses.
	b.Version = cmp.Or(b.Version, strings.Trim(info.Main.Version, "()"), "devel")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	return b
}

// buildVersion is the version alone.
func buildVersion() string { return readBuild().Version }

func newVersion(c *console) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print what this binary was built from",
		Args:  noWords,
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			if asJSON {
				text, err := json.Marshal(b)
				if err != nil {
					return exit(exitRuntime, "version: %v", err)
				}
				return printed(fmt.Fprintf(c.stdout, "%s\n", text))
			}
			return printed(fmt.Fprintf(c.stdout, "hc %s %s %s/%s\n", b.Version, b.Go, b.OS, b.Arch))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as a JSON object")
	return cmd
}
