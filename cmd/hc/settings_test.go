package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/pflag"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
)

// eachSetting visits every flag that is a setting.
func eachSetting(t *testing.T, visit func(*pflag.Flag, setting)) {
	t.Helper()
	new(Settings).allFlags().VisitAll(func(f *pflag.Flag) {
		s, ok := f.Value.(setting)
		if !ok {
			t.Fatalf("--%s is no setting", f.Name)
		}
		visit(f, s)
	})
}

func TestDefaultsAreWordsOfTheirOwnFlags(t *testing.T) {
	eachSetting(t, func(f *pflag.Flag, s setting) {
		if f.DefValue == "" {
			return
		}
		if err := s.Set(f.DefValue); err != nil {
			t.Errorf("--%s: the default does not parse: %v", f.Name, err)
		}
	})
}

// TestDefaultsAreThosePromised by help and docs.
func TestDefaultsAreThosePromised(t *testing.T) {
	want := map[string]string{
		"concurrency": "auto", "per-host": "10", "rate": "off", "host-rate": "off",
		"timeout": "10s", "connect-timeout": "5s", "deadline": "none", "retries": "1", "retry-wait": "500ms",
		"method": "GET", "accept": "200-299", "max-redirects": "10", "warn-on": "rate_limited",
		"fail-fast": "false", "progress": "auto", "color": "auto", "cache": "off", "cache-ttl": "pass=5m,fail=10s",
		"max-body": "64KiB", "insecure": "false", "deny-private": "false", "ordered": "false",
	}
	flags := new(Settings).allFlags()
	for name, def := range want {
		if f := flags.Lookup(name); f == nil || f.DefValue != def {
			t.Errorf("--%s: %+v, want the default %q", name, f, def)
		}
	}
	for name, short := range map[string]string{
		"concurrency": "c", "timeout": "t", "method": "X", "format": "f", "output": "o", "quiet": "q", "verbose": "v",
		"header": "H", "user-agent": "A", "insecure": "k", "proxy": "x", "ipv4": "4", "ipv6": "6", "dry-run": "n",
	} {
		if f := flags.Lookup(name); f == nil || f.Shorthand != short {
			t.Errorf("--%s is not -%s", name, short)
		}
	}
}

func TestValuesOfFlags(t *testing.T) {
	var s Settings
	flags := s.allFlags()
	for _, row := range []struct {
		args string
		ok   func() bool
	}{
		{"-c auto", func() bool { return s.Concurrency == 0 }},
		{"-c 17", func() bool { return s.Concurrency == 17 }},
		{"--rate 100", func() bool { return s.Rate == 100 }},
		{"--rate 100/s", func() bool { return s.Rate == 100 }},
		{"--rate 6000/m", func() bool { return s.Rate == 100 }},
		{"--rate 90/h", func() bool { return s.Rate == 0.025 }},
		{"--rate off", func() bool { return s.Rate == 0 }},
		{"-t 3", func() bool { return s.Timeout.Seconds() == 3 }},
		{"-t 1.5", func() bool { return s.Timeout.Seconds() == 1.5 }},
		{"-t 250ms", func() bool { return s.Timeout.Milliseconds() == 250 }},
		{"--deadline 1m30s", func() bool { return s.Deadline.Seconds() == 90 }},
		{"--deadline none", func() bool { return s.Deadline == 0 }},
		{"--max-body 1MiB", func() bool { return s.MaxBody == 1<<20 }},
		{"--max-body 1MB", func() bool { return s.MaxBody == 1e6 }},
		{"--max-body 64k", func() bool { return s.MaxBody == 64<<10 }},
		{"--max-body 100", func() bool { return s.MaxBody == 100 }},
		{"-X head", func() bool { return s.Method == "HEAD" }},
		{"-X auto", func() bool { return s.Method == check.Auto }},
		{"--accept 2xx,403", func() bool { return s.Accept == "200-299,403" }},
		{"--only pass,skip", func() bool { return slices.Equal(s.Only, []check.Outcome{"pass", "skip"}) }},
		{"--only auto", func() bool { return s.Only == nil }},
		{"--fail-on dns,tls", func() bool { return slices.Equal(s.FailOn, []check.Reason{"dns", "tls"}) }},
		{"--fail-on none", func() bool { return s.FailOn != nil && len(s.FailOn) == 0 }},
		{"--fail-on auto", func() bool { return s.FailOn == nil }},
		{"-H a:b:c -H d:", func() bool {
			return slices.Equal(s.Header, []check.Field{{Name: "a", Value: "b:c"}, {Name: "d"}})
		}},
		{"--resolve Example.com:443:192.0.2.1", func() bool { return s.Resolve[0] == pin{"example.com:443", "192.0.2.1:443"} }},
		{"--resolve b:80:[::1]", func() bool { return s.Resolve[1] == pin{"b:80", "[::1]:80"} }},
		{"--allow-cidr 10.1.2.3/8,192.0.2.1", func() bool {
			return s.AllowCIDR[0].String() == "10.0.0.0/8" && s.AllowCIDR[1].String() == "192.0.2.1/32"
		}},
		{"--allow-port 8080 --allow-port 8443", func() bool { return slices.Equal(s.AllowPort, []uint16{8080, 8443}) }},
		{"-x localhost:3128", func() bool { return s.Proxy.String() == "http://localhost:3128" }},
		{"--max-idle 0", func() bool { return s.MaxIdle < 0 }},
		{"--report junit=a=b.xml", func() bool { return s.Report[0] == extra{"junit", "a=b.xml"} }},
		{"-q", func() bool { return s.Quiet }},
		{"--quiet=no", func() bool { return !s.Quiet }},
	} {
		if err := flags.Parse(strings.Fields(row.args)); err != nil {
			t.Errorf("%s: %v", row.args, err)
		} else if !row.ok() {
			t.Errorf("%s is misread: %+v", row.args, s)
		}
	}
}

// TestMistakesOnTheCommandLine: exit 2, one line, what and where, and a way out.
func TestMistakesOnTheCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"--nosuch":                      "unknown flag --nosuch; see hc check --help",
		"--timeot 3":                    "unknown flag --timeot; did you mean --timeout?",
		"-Z":                            "unknown flag -Z; see hc check --help",
		"-t":                            "flag --timeout needs a value",
		"-c 0":                          `flag --concurrency: "0" is not a whole number from 1`,
		"-c -1":                         `flag --concurrency: "-1" is not`,
		"-c many":                       `flag --concurrency: "many" is not`,
		"--per-host 0":                  "flag --per-host:",
		"--retries -1":                  "flag --retries:",
		"--retries 1.5":                 "flag --retries:",
		"--max-redirects -1":            "flag --max-redirects:",
		"-t soon":                       `flag --timeout: "soon" is no duration: write 500ms, 10s`,
		"-t -1s":                        `flag --timeout: "-1s" is negative`,
		"-t 0":                          `flag --timeout: "0" is too short`,
		"-t nan":                        "flag --timeout:",
		"-t 1e300":                      "flag --timeout:",
		"--deadline -1":                 "flag --deadline:",
		"--rate fast":                   `flag --rate: "fast" is no rate: write 100, 100/s, 6000/m or off`,
		"--rate 5/d":                    "flag --rate:",
		"--rate -5":                     "flag --rate:",
		"--max-body big":                "flag --max-body:",
		"--max-body -1":                 "flag --max-body:",
		"-f xml":                        `flag --format: "xml" is not one of text, plain, json`,
		"-f jsonn":                      "did you mean json?",
		"--report a.xml":                `flag --report: "a.xml" is not FORMAT=FILE`,
		"--report junti=a.xml":          "did you mean junit?",
		"--only failed":                 "did you mean fail?",
		"--fail-on dsn":                 "did you mean dns?",
		"--warn-on 404":                 "flag --warn-on:",
		"--accept all":                  "flag --accept:",
		"-X G,T":                        "flag --method:",
		"-H novalue":                    "flag --header: not a header line",
		"--resolve a:443":               "flag --resolve:",
		"--deny-cidr 10.0.0.0/40":       "flag --deny-cidr:",
		"--allow-port 0":                "flag --allow-port:",
		"--progress fast":               "flag --progress:",
		"--color maybe":                 "flag --color:",
		"--cache mongo://h":             "flag --cache: not a cache",
		"--cache-ttl 5m":                "flag --cache-ttl:",
		"--ordered=perhaps":             "flag --ordered:",
		"-4 -6":                         "--ipv4 and --ipv6 exclude each other",
		"-q -v":                         "--quiet and --verbose exclude each other",
		"--key k.pem":                   "--key without --cert",
		"--cacert nosuch.pem":           "--cacert: nosuch.pem: no such file",
		"--cert nosuch.pem":             "--cert nosuch.pem:",
		"--cache-required":              "--cache-required without a cache",
		"--deny-private -x localhost:1": "--proxy under --deny-private",
		"--baseline nosuch.jsonl":       "nosuch.jsonl",
		"--resume nosuch.jsonl":         "nosuch.jsonl",
		"--config nosuch.yaml":          "nosuch.yaml: no such file",
	} {
		t.Run(args, func(t *testing.T) {
			code, stdout, stderr := here(t, append([]string{"check", "http://127.0.0.1:1/"}, strings.Fields(args)...)...)
			if code != exitUsage || stdout != "" {
				t.Errorf("exit code %d, stdout %q", code, stdout)
			}
			if !strings.HasPrefix(stderr, "exit 2: ") || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
				t.Errorf("stderr %q, want one line with %q", stderr, want)
			}
		})
	}
}

// TestConfigSchema holds the schema against what the command itself takes and
// refuses.
func TestConfigSchema(t *testing.T) {
	text, err := configSchema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		json string
		ok   bool
	}{
		"empty":            {`{}`, true},
		"numbers":          {`{"timeout": 3, "concurrency": 50, "rate": 1.5, "max-body": 65536}`, true},
		"texts":            {`{"timeout": "3s", "concurrency": "auto", "accept": "200-299", "cache": "off"}`, true},
		"lists":            {`{"header": ["A: b"], "only": ["fail", "warn"], "allow-port": [8080], "deny-cidr": ["10.0.0.0/8"]}`, true},
		"one for a list":   {`{"header": "A: b", "only": "fail", "allow-port": 8080}`, true},
		"words":            {`{"format": "jsonl", "color": "never", "fail-on": ["dns"], "progress": "none"}`, true},
		"booleans":         {`{"insecure": true, "ordered": false}`, true},
		"unknown key":      {`{"timeot": 3}`, false},
		"unknown format":   {`{"format": "xml"}`, false},
		"unknown reason":   {`{"fail-on": ["dsn"]}`, false},
		"unknown progress": {`{"progress": "fast"}`, false},
		"a mapping":        {`{"timeout": {"a": 1}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(row.json))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); (err == nil) != row.ok {
				t.Errorf("the schema says: %v", err)
			}
			file := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(file, []byte(row.json), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := validate(file); (err == nil) != row.ok {
				t.Errorf("the command says: %v", err)
			}
		})
	}
	var keys struct{ Properties map[string]any }
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for _, name := range settingNames() {
		if keys.Properties[name] == nil {
			t.Errorf("the schema lacks %s", name)
		}
	}
}

func TestTopicsTellAllThereIs(t *testing.T) {
	texts := map[string]string{}
	for _, topic := range topics() {
		texts[topic.Name()] = topic.Long
	}
	for _, format := range report.Formats() {
		if !strings.Contains(texts["formats"], "\n  "+format+" ") {
			t.Errorf("help formats lacks %s", format)
		}
	}
	for _, reason := range check.Reasons() {
		if !strings.Contains(texts["formats"], string(reason)) {
			t.Errorf("help formats lacks %s", reason)
		}
	}
	for _, name := range settingNames() {
		if !strings.Contains(texts["environment"], variable(name)) {
			t.Errorf("help environment lacks %s", variable(name))
		}
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			if len(line) > lineWidth+1 {
				t.Errorf("help %s: more than %d columns: %s", name, lineWidth, line)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"timeout", "retries", "retry-wait", "rate", "per-host"}
	for word, want := range map[string]string{
		"timeot": "timeout", "Timeout": "timeout", "retires": "retries", "perhost": "per-host", "rat": "rate",
		"completely-else": "", "x": "", "": "",
	} {
		if got := nearest(word, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
