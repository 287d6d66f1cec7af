package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// FuzzSettingsReadBackAsShown: whatever word a flag takes, no parser panics, and
// what `hc config show` prints for it is a settings file that says the same.
func FuzzSettingsReadBackAsShown(f *testing.F) {
	for i, text := range []string{
		"auto", "10", "100/s", "1m30s", "1e3", "0x10", "010", "1_000", ".5", "off", "none", "true", "null", "~", "64KiB",
		"a: b", "#", "'", `"`, "200-299,403", "dns,timeout", "10.0.0.0/8,fd00::/8", "a:80:[::1]", "junit=a b.xml", "é", "\t", "-",
	} {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		flag, s := nthSetting(int(which))
		if s.Set(text) != nil || s.about().secret || !utf8.ValidString(text) { // YAML is UTF-8
			return
		}
		line := flag.Name + ": " + yamlOf(s)
		v := newViper()
		if err := v.ReadConfig(strings.NewReader(line)); err != nil {
			t.Fatalf("%q is no YAML: %v", line, err)
		}
		_, again := nthSetting(int(which))
		if got := v.Get(flag.Name); got == nil {
			t.Fatalf("%q says nothing", line)
		} else if err := again.replace(textsOf(got, s.about())); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !slices.Equal(s.texts(), again.texts()) {
			t.Fatalf("%q is read as %q, was %q", line, again.texts(), s.texts())
		}
	})
}

// nthSetting is a fresh setting, the nth of all, counted round and round.
func nthSetting(n int) (flag *pflag.Flag, s setting) {
	flags := new(Settings).allFlags()
	names := settingNames()
	flag = flags.Lookup(names[n%len(names)])
	return flag, flag.Value.(setting)
}
