package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newCompletion(c *console) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion " + strings.Join(shells, "|"),
		Short:     "Print a script that completes commands, flags and their words",
		Long:      "Print the completion script of a shell: source it, or put it where the shell\nlooks for such scripts.",
		Example:   "  source <(hc completion bash)\n  hc completion zsh > \"${fpath[1]}/_hc\"\n  hc completion fish > ~/.config/fish/completions/hc.fish",
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("hc completion: name one of %s", strings.Join(shells, ", "))
			}
			var err error
			switch root := cmd.Root(); args[0] {
			case "bash":
				err = root.GenBashCompletionV2(c.stdout, true)
			case "zsh":
				err = root.GenZshCompletion(c.stdout)
			case "fish":
				err = root.GenFishCompletion(c.stdout, true)
			case "powershell":
				err = root.GenPowerShellCompletionWithDesc(c.stdout)
			default:
				return fmt.Errorf("no completion for %q: there are %s%s", args[0], strings.Join(shells, ", "), meant(args[0], shells))
			}
			return printed(0, err)
		},
	}
}

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
