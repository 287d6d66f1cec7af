package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everywhere heads the flags that every command has.
const everywhere = "Everywhere"

// lineWidth is what help texts are wrapped at.
const lineWidth = 80

// help prints what `hc help X` and `hc X --help` show, on stdout.
func help(cmd *cobra.Command, _ []string) {
	out := cmd.OutOrStdout()
	if text := cmp.Or(cmd.Long, cmd.Short); text != "" {
		fmt.Fprintf(out, "%s\n", strings.TrimRight(text, "\n"))
	}
	if cmd.Runnable() {
		fmt.Fprintln(out)
		writeUsage(out, cmd)
	}
}

// usage is help without the prose.
func usage(cmd *cobra.Command) error {
	writeUsage(cmd.OutOrStderr(), cmd)
	return nil
}

func writeUsage(out io.Writer, cmd *cobra.Command) {
	use := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		use = cmd.CommandPath() + " COMMAND"
	}
	fmt.Fprintf(out, "Usage\n  %s\n", use)
	if cmd.HasExample() {
		fmt.Fprintf(out, "\nExamples\n%s\n", cmd.Example)
	}
	writeCommands(out, cmd)
	writeFlags(out, cmd)
}

// writeExamples is the short help for who gave nothing to do.
func writeExamples(out io.Writer, cmd *cobra.Command) {
	fmt.Fprintf(out, "Usage\n  %s\n\nExamples\n%s\n\nMore: %s --help\n\n", cmd.UseLine(), cmd.Example, cmd.CommandPath())
}

// writeCommands lists subcommands by group, and help topics last.
func writeCommands(out io.Writer, cmd *cobra.Command) {
	section := func(title string, belongs func(*cobra.Command) bool) {
		var lines []string
		for _, sub := range cmd.Commands() {
			if belongs(sub) {
				lines = append(lines, fmt.Sprintf("  %-12s %s\n", sub.Name(), sub.Short))
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(out, "\n%s\n%s", title, strings.Join(lines, ""))
		}
	}
	for _, g := range cmd.Groups() {
		section(g.Title, func(sub *cobra.Command) bool { return sub.GroupID == g.ID && sub.IsAvailableCommand() })
	}
	if len(cmd.Groups()) == 0 {
		section("Commands", (*cobra.Command).IsAvailableCommand)
	}
	section("Help topics (hc help TOPIC)", (*cobra.Command).IsAdditionalHelpTopicCommand)
}

// writeFlags lists flags under the headings they were declared with.
func writeFlags(out io.Writer, cmd *cobra.Command) {
	const column = 28
	gap := "\n" + strings.Repeat(" ", column)
	eachFlag(cmd, func(heading string, first bool, name, usage string) {
		if first {
			fmt.Fprintf(out, "\n%s\n", heading)
		}
		if !strings.HasPrefix(name, "-") || strings.HasPrefix(name, "--") {
			name = "    " + name
		}
		text := strings.Join(wrap(usage, lineWidth-column), gap)
		if len(name) > column-4 {
			fmt.Fprintf(out, "  %s%s%s\n", name, gap, text)
			return
		}
		fmt.Fprintf(out, "  %-*s%s\n", column-2, name, text)
	})
}

// eachFlag goes through the flags of cmd in the order they were declared in.
// heading is the group's title, first says that the group begins.
func eachFlag(cmd *cobra.Command, visit func(heading string, first bool, name, usage string)) {
	cmd.InitDefaultHelpFlag()
	cmd.InheritedFlags() // makes cobra merge --config in
	last := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		heading := everywhere
		if g := f.Annotations[inGroup]; len(g) > 0 {
			heading = g[0]
		} else if cmd.LocalNonPersistentFlags().Lookup(f.Name) != nil && f.Name != "help" {
			heading = "Flags"
		}
		visit(heading, heading != last, flagName(f), flagUsage(f))
		last = heading
	})
}

// flagName is "-t, --timeout D".
func flagName(f *pflag.Flag) string {
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if f.NoOptDefVal != "" {
		return name
	}
	kind := f.Value.Type()
	if kind == "stringArray" {
		kind = "FILE"
	}
	return name + " " + kind
}

// flagUsage has the default behind the text, where there is one.
func flagUsage(f *pflag.Flag) string {
	if d := f.DefValue; d != "" && d != "false" && d != "[]" {
		return f.Usage + " [" + d + "]"
	}
	return f.Usage
}

// wrap breaks text at spaces into lines of at most width.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}

// newHelp is cobra's help command, but for a topic that does not exist, which is
// a mistake and not a help text.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND|TOPIC]",
		Short: "Help about a command or a topic",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				var names []string
				for _, sub := range root.Commands() {
					names = append(names, sub.Name())
				}
				word := strings.Join(args, " ")
				return fmt.Errorf("no help topic %q%s", word, meant(word, names))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
