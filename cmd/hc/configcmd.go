package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newConfig(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Show or validate the settings",
		Example: "  hc config show\n  HC_TIMEOUT=3s hc config show --per-host 2\n  hc config validate .hc.yaml",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigShow(c), newConfigValidate(c))
	return cmd
}

func newConfigShow(c *console) *cobra.Command {
	s := &Settings{}
	cmd := &cobra.Command{
		Use:   "show [FLAGS]",
		Short: "Print every setting and where it comes from",
		Long: `Print every setting and where it comes from, in the form of a settings file.
Takes the flags of hc check and hc serve. Secrets are shown as ***.`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := load(cmd, c)
			if err != nil {
				return err
			}
			if err := s.conflicts(); err != nil {
				return err
			}
			return show(c.stdout, cmd.Flags(), l)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().AddFlagSet(s.allFlags())
	completeWords(cmd)
	return cmd
}

// show prints the settings of flags as YAML, a comment behind each with its
// origin.
func show(w io.Writer, flags *pflag.FlagSet, l *loader) error {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if s, ok := f.Value.(setting); ok {
			fmt.Fprintf(&b, "%-36s # %s\n", f.Name+": "+yamlOf(s), l.origins[f.Name])
		}
	})
	return printed(io.WriteString(w, b.String()))
}

// printed makes a failed write to stdout what it is: runtime trouble.
func printed(_ int, err error) error {
	if err != nil && !isClosedPipe(err) {
		return exit(exitRuntime, "stdout: %v", cause(err))
	}
	return nil
}

// yamlOf writes a value so that a settings file may hold it.
func yamlOf(s setting) string {
	if !s.about().many {
		return scalar(s.String())
	}
	var items []string
	for _, text := range s.texts() {
		items = append(items, scalar(text))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// scalar quotes what is not clearly a word, a whole number, one with its unit or
// a range of codes: YAML takes 010, 1e3, 2026-01-01 and null for something else,
// and in a list the comma too.
func scalar(s string) string {
	plain := regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9./_=-]*|0|[1-9][0-9]*|[0-9]+(?:\.[0-9]+)?[A-WYZa-wyz][A-Za-z]*|[0-9]{3}-[0-9]{3})$`)
	if plain.MatchString(s) && !strings.EqualFold(s, "null") {
		return s
	}
	return strconv.Quote(s)
}

func newConfigValidate(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]...",
		Short: "Check settings files; without a FILE those that hc check would read",
		RunE: func(_ *cobra.Command, files []string) error {
			looked := files
			if len(files) == 0 {
				looked = usualFiles()
			}
			for _, file := range looked {
				err := validate(file)
				switch {
				case err == nil:
					if err := printed(fmt.Fprintln(c.stdout, file+": ok")); err != nil {
						return err
					}
				case len(files) == 0 && errors.Is(err, fs.ErrNotExist):
					if err := printed(fmt.Fprintln(c.stdout, file+": not there")); err != nil {
						return err
					}
				default:
					return err
				}
			}
			return nil
		},
	}
}

// validate reads file alone: neither the environment nor another file can hide
// what is wrong with it.
func validate(file string) error {
	l := newLoader()
	if err := l.read(file); err != nil {
		return err
	}
	var s Settings
	if err := l.fill(s.allFlags()); err != nil {
		return err
	}
	if err := s.conflicts(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
