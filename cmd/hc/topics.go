package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed topics
var topicTexts embed.FS

// topics are help texts about more than one command. What is a table elsewhere
// in the program is printed from that table.
func topics() []*cobra.Command {
	return []*cobra.Command{
		topic("exit-codes", "What each exit code says", exitTable()),
		topic("environment", "Variables, settings files and which of them counts", variableTable()),
		topic("formats", "Output formats, outcomes and reasons", indent(wrap(strings.Join(reasonWords(), ", "), lineWidth-2))),
		topic("targets", "What hc check reads", ""),
	}
}

// topic makes a help topic: to cobra, a command that cannot be run.
func topic(name, short, table string) *cobra.Command {
	text, err := topicTexts.ReadFile("topics/" + name + ".txt")
	if err != nil { // the directory is part of the binary
		text = []byte(err.Error())
	}
	return &cobra.Command{Use: name, Short: short, Long: string(text) + table}
}

func exitTable() string {
	var b strings.Builder
	for _, row := range exitCodes() {
		lines := wrap(row.meaning, lineWidth-7)
		fmt.Fprintf(&b, "  %3d  %s\n", row.code, strings.Join(lines, "\n       "))
	}
	return b.String()
}

func variableTable() string {
	var names []string
	new(Settings).allFlags().VisitAll(func(f *pflag.Flag) { names = append(names, variable(f.Name)) })
	return indent(wrap(strings.Join(names, " "), lineWidth-2))
}

func indent(lines []string) string { return "  " + strings.Join(lines, "\n  ") + "\n" }
