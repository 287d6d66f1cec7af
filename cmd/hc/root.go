package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// run is the whole program: args without its name, the three streams, and the
// exit code out.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // a closed stdout is an error of Write, not the end of the process
	root := newRoot(&console{stdin: stdin, stdout: newStream(stdout), stderr: newStream(stderr)})
	root.SetArgs(args)
	return explain(stderr, root.ExecuteContext(ctx))
}

// newRoot is the command tree.
func newRoot(c *console) *cobra.Command {
	root := &cobra.Command{
		Use:               "hc",
		Short:             "Check every URL you have, fast",
		Long:              "hc checks every URL you have, fast: lists, files, pipes, sitemaps; at a\nprompt, in a CI pipeline, from cron.",
		Example:           "  hc check https://example.com/\n  hc check urls.txt\n  hc demo",
		Version:           buildVersion(),
		Args:              subcommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // it takes any word
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.PersistentFlags().SortFlags = false
	root.PersistentFlags().StringArray("config", nil, "settings file; may repeat, the last one counts most")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(usage)
	root.SetVersionTemplate("hc {{.Version}}\n")
	root.SetHelpFunc(help)
	root.AddGroup(&cobra.Group{ID: "core", Title: "Commands"}, &cobra.Group{ID: "more", Title: "More"})
	root.SetHelpCommand(newHelp(root))
	root.SetHelpCommandGroupID("more")
	inGroup := func(id string, cmds ...*cobra.Command) {
		for _, cmd := range cmds {
			cmd.GroupID = id
			root.AddCommand(cmd)
		}
	}
	inGroup("core", newCheck(c), newServe(c), newDemo(c), newCache(c), newConfig(c))
	inGroup("more", newCompletion(c), newMan(c), newProbe(c), newSchema(c), newVersion(c))
	root.AddCommand(topics()...)
	return root
}

// subcommand refuses words where a command with subcommands expects one of them.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	hint := meant(args[0], names)
	if looksLikeTargets(args[0]) && cmd.Parent() == nil {
		hint = "; did you mean hc check " + args[0] + "?"
	}
	return fmt.Errorf("unknown command %q for %s%s", args[0], cmd.CommandPath(), hint)
}

func looksLikeTargets(arg string) bool {
	if strings.Contains(arg, "://") || arg == "-" {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil
}

// noWords refuses words after a command that takes none.
func noWords(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no words, not %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// flagError says what is wrong with a flag, without repeating a value that may
// be a secret.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return fmt.Errorf("unknown flag -%s; see %s --help", name, cmd.CommandPath())
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return fmt.Errorf("unknown flag --%s%s", name, cmp.Or(meant("--"+name, names), "; see "+cmd.CommandPath()+" --help"))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return fmt.Errorf("flag --%s: %w", invalid.GetFlag().Name, invalid.Unwrap())
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("flag --%s needs a value; see %s --help", missing.GetFlag().Name, cmd.CommandPath())
	}
	return err
}
