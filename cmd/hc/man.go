package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func newMan(c *console) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page, hc(1)",
		Example: "  hc man > /usr/local/share/man/man1/hc.1\n  hc man | man -l -",
		Args:    noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printed(io.WriteString(c.stdout, manPage(cmd.Root())))
		},
	}
}

// manPage writes the command tree and the help topics in man(7) macros. It is
// made of the texts that --help shows, so that the two cannot disagree.
func manPage(root *cobra.Command) string {
	p := &page{}
	p.macro(".TH HC 1 \"\" %q \"User Commands\"", "hc "+buildVersion())
	p.section("NAME")
	p.text("hc \\- " + strings.ToLower(root.Short[:1]) + root.Short[1:])
	p.section("SYNOPSIS")
	p.text(`\fBhc\fR \fICOMMAND\fR [\fIFLAGS\fR] [\fIARGUMENTS\fR]`)
	p.section("DESCRIPTION")
	p.text(roff(root.Long))
	p.section("COMMANDS")
	p.commands(root)
	p.section("FLAGS OF EVERY COMMAND")
	p.flags(root, true)
	for _, topic := range root.Commands() {
		if topic.IsAdditionalHelpTopicCommand() {
			p.section(strings.ToUpper(topic.Name()))
			p.verbatim(topic.Long)
		}
	}
	return p.String()
}

type page struct{ strings.Builder }

func (p *page) macro(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }
func (p *page) section(title string)             { p.macro(".SH %q", title) }
func (p *page) text(s string)                    { p.WriteString(s + "\n") }

// verbatim keeps the line breaks of s.
func (p *page) verbatim(s string) {
	p.macro(".nf")
	p.text(roff(strings.TrimRight(s, "\n")))
	p.macro(".fi")
}

// commands describes what can be run, depth first.
func (p *page) commands(parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			continue
		}
		if cmd.HasAvailableSubCommands() {
			p.commands(cmd)
			continue
		}
		p.macro(".SS %q", cmd.UseLine())
		p.text(roff(cmd.Short + "."))
		p.flags(cmd, false)
		if cmd.HasExample() {
			p.macro(".PP\n\\fIExamples\\fR")
			p.verbatim(cmd.Example)
		}
	}
}

// flags describes the flags that every command has, or those of cmd alone.
func (p *page) flags(cmd *cobra.Command, common bool) {
	eachFlag(cmd, func(heading string, first bool, name, usage string) {
		if (heading == everywhere) != common {
			return
		}
		if first && !common {
			p.macro(".PP\n\\fI%s\\fR", roff(heading))
		}
		p.macro(".TP\n\\fB%s\\fR\n%s", roff(name), roff(usage))
	})
}

// roff escapes what troff would take for its own: backslashes, hyphens that must
// stay hyphens to be copied, and a dot or quote that begins a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
