package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// load fills the settings behind cmd's flags. Every command that has settings
// begins with it.
func load(cmd *cobra.Command, c *console) (*loader, error) {
	named, err := cmd.Flags().GetStringArray("config")
	if err != nil {
		return nil, err
	}
	if file := os.Getenv("HC_CONFIG"); file != "" && len(named) == 0 {
		named = []string{file}
	}
	l := newLoader()
	l.environ = true
	if err := l.readAll(named); err != nil {
		return nil, err
	}
	if err := l.fill(cmd.Flags()); err != nil {
		return nil, err
	}
	if f := cmd.Flags().Lookup("quiet"); f != nil {
		c.quiet = f.Value.String() == "true"
	}
	for _, warning := range unknownVariables(os.Environ()) {
		c.warn("%s", warning)
	}
	return l, nil
}

// A loader fills the flags that the command line left open, from HC_… variables
// and files. Precedence is viper's: flag, environment, file, default; of several
// files the first that has a key counts. It keeps where each value came from.
type loader struct {
	environ bool    // HC_… variables count
	layers  []layer // strongest first
	origins map[string]string
}

// layer is one settings file.
type layer struct {
	file string
	*viper.Viper
}

func newLoader() *loader { return &loader{origins: map[string]string{}} }

// newViper avoids a trap: viper splits keys at "." unless told to use what no
// key has in it.
func newViper() *viper.Viper {
	v := viper.NewWithOptions(viper.KeyDelimiter("::"))
	v.SetConfigType("yaml")
	return v
}

// readAll reads the files of --config, which must exist, and the usual ones,
// which need not.
func (l *loader) readAll(named []string) error {
	for _, file := range slices.Backward(named) {
		if err := l.read(file); err != nil {
			return err
		}
	}
	for _, file := range usualFiles() {
		if err := l.read(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// usualFiles are read where they exist, strongest first.
func usualFiles() []string {
	home := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(home) { // a relative one is to be ignored (XDG base directory specification)
		home = filepath.Join(os.Getenv("HOME"), ".config")
	}
	return []string{".hc.yaml", filepath.Join(home, "hc", "config.yaml")}
}

// read adds file as the next weaker layer. Each of its keys must be a setting.
func (l *loader) read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return &unreadable{file, cause(err)}
	}
	v := newViper()
	if err := v.ReadConfig(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("%s is no settings file: %s", file, strings.TrimPrefix(err.Error(), "While parsing config: "))
	}
	names := settingNames()
	for _, key := range v.AllKeys() {
		key, _, nested := strings.Cut(key, "::")
		switch {
		case !slices.Contains(names, key):
			return fmt.Errorf("%s: unknown key %s%s", file, key, meant(key, names))
		case nested:
			return fmt.Errorf("%s: %s: is a mapping; write one value or a list", file, key)
		}
	}
	l.layers = append(l.layers, layer{file, v})
	return nil
}

// unreadable is a file that could not be read.
type unreadable struct {
	file string
	err  error
}

func (e *unreadable) Error() string { return e.file + ": " + e.err.Error() }
func (e *unreadable) Unwrap() error { return e.err }

// cause is what the system says, without the operation and path around it.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// fill sets every flag of flags that the command line left open.
func (l *loader) fill(flags *pflag.FlagSet) error {
	v, err := l.merge()
	if err != nil {
		return err
	}
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if s, ok := f.Value.(setting); ok && failed == nil {
			l.origins[f.Name] = l.origin(f)
			failed = l.set(f, s, v.Get(f.Name))
		}
	})
	return failed
}

func (l *loader) merge() (*viper.Viper, error) {
	v := newViper()
	if l.environ {
		v.SetEnvPrefix("HC")
		v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
		v.AutomaticEnv()
	}
	for _, layer := range slices.Backward(l.layers) {
		if err := v.MergeConfigMap(layer.AllSettings()); err != nil {
			return nil, fmt.Errorf("%s: %w", layer.file, err)
		}
	}
	return v, nil
}

func (l *loader) set(f *pflag.Flag, s setting, got any) error {
	if f.Changed || got == nil {
		return nil
	}
	if err := s.replace(textsOf(got, s.about())); err != nil {
		return fmt.Errorf("%s: %s: %w", l.origins[f.Name], f.Name, err)
	}
	return nil
}

// origin says where a flag's value is written, the strongest place first.
func (l *loader) origin(f *pflag.Flag) string {
	if f.Changed {
		return "flag --" + f.Name
	}
	if l.environ && os.Getenv(variable(f.Name)) != "" {
		return "env " + variable(f.Name)
	}
	for _, layer := range l.layers {
		if layer.Get(f.Name) != nil {
			return "file " + layer.file
		}
	}
	return "default"
}

// textsOf gives what viper holds as the words one would write on the command
// line.
func textsOf(got any, t traits) []string {
	switch got := got.(type) {
	case []any:
		out := make([]string, len(got))
		for i, item := range got {
			out[i] = fmt.Sprint(item)
		}
		return out
	case string:
		if t.many { // HC_HEADER holds a header per line
			return strings.FieldsFunc(got, func(r rune) bool { return r == '\n' })
		}
		return []string{got}
	default:
		return []string{fmt.Sprint(got)}
	}
}

// variable is the environment's name of a setting.
func variable(name string) string {
	return "HC_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// settingNames lists the keys a file may have.
func settingNames() []string {
	var names []string
	new(Settings).allFlags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// unknownVariables gives a warning for each HC_… variable that is no setting.
func unknownVariables(environ []string) []string {
	known := []string{"HC_CONFIG", "HC_KEYS"}
	for _, name := range settingNames() {
		known = append(known, variable(name))
	}
	var warnings []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "HC_") && !slices.Contains(known, name) {
			warnings = append(warnings, "variable "+name+" is no setting and is ignored"+meant(name, known))
		}
	}
	return warnings
}
