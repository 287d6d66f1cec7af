package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completeWords makes the shell offer the words a flag may have.
func completeWords(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		s, ok := f.Value.(setting)
		if !ok || s.about().words == nil {
			return
		}
		// The one error is that the flag has a function already.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return continued(typed, s.about()), cobra.ShellCompDirectiveNoFileComp
		})
	})
}

// continued gives the words that may follow what stands before the last comma.
func continued(typed string, t traits) []string {
	before := ""
	if i := strings.LastIndexByte(typed, ','); t.commas && i >= 0 {
		before = typed[:i+1]
	}
	var out []string
	for _, word := range t.words {
		out = append(out, before+word)
	}
	return out
}
