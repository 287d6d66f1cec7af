package main

import (
	"strings"
	"testing"
)

// TestHelpIsNoFailureAndMistakesAre: what is asked for goes to stdout with exit
// 0; a word that is no command or topic is exit 2 and one line.
func TestHelpIsNoFailureAndMistakesAre(t *testing.T) {
	for args, want := range map[string]string{
		"":                              "hc check urls.txt",
		"--help":                        "Help topics",
		"check --help":                  "-c, --concurrency N",
		"help check":                    "-c, --concurrency N",
		"help exit-codes":               "130  SIGINT",
		"exit-codes":                    "130  SIGINT",
		"help environment":              "HC_RETRY_WAIT",
		"help formats":                  "prometheus",
		"help targets":                  "sitemap.xml",
		"help config show":              "where it comes from",
		"config":                        "validate",
		"cache":                         "purge",
		"version":                       "hc ",
		"version --json":                `"go":"go`,
		"man":                           ".TH HC 1 ",
		"completion bash":               "__start_hc",
		"completion zsh":                "#compdef hc",
		"completion fish":               "complete -c hc",
		"schema result":                 `"$schema"`,
		"schema targets":                `"$schema"`,
		"schema config":                 `"retry-wait"`,
		"__complete check -f js":        "jsonl",
		"__complete check --only fail,": "fail,skip",
	} {
		t.Run(args, func(t *testing.T) {
			code, stdout, stderr := here(t, strings.Fields(args)...)
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("code %d, stderr %q, and no %q in %q", code, stderr, want, stdout)
			}
		})
	}
	for args, want := range map[string]string{
		"help nosuch":         `no help topic "nosuch"`,
		"help exit-code":      "did you mean exit-codes?",
		"help check extra":    `no help topic "check extra"`,
		"nosuch":              `unknown command "nosuch" for hc`,
		"chekc":               "did you mean check?",
		"help.go":             "did you mean hc check help.go?",
		"https://example.com": "did you mean hc check https://example.com?",
		"config nosuch":       `unknown command "nosuch" for hc config`,
		"config sho":          "did you mean show?",
		"cache nosuch":        `unknown command "nosuch" for hc cache`,
		"config show extra":   `hc config show takes no words, not "extra"`,
		"version extra":       "takes no words",
		"version --nosuch":    "unknown flag --nosuch",
		"man extra":           "takes no words",
		"demo extra":          "takes no words",
		"cache stats extra":   "takes no words",
		"schema":              "name one of result, targets, config",
		"schema results":      "did you mean result?",
		"schema result extra": "name one of",
		"completion nosuch":   "",
	} {
		t.Run(args, func(t *testing.T) {
			code, stdout, stderr := here(t, strings.Fields(args)...)
			if code != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 ||
				!strings.HasPrefix(stderr, "exit 2: ") || !strings.Contains(stderr, want) {
				t.Errorf("code %d, stdout %q, stderr %q, want one line with %q", code, stdout, stderr, want)
			}
		})
	}
}

// TestThePageTellsOfEveryFlag: `hc man` is made of the flags, so that none can
// be missing.
func TestThePageTellsOfEveryFlag(t *testing.T) {
	_, page, _ := here(t, "man")
	page = strings.ReplaceAll(page, `\-`, "-")
	for _, name := range settingNames() {
		if !strings.Contains(page, "--"+name) {
			t.Errorf("hc(1) lacks --%s", name)
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, ".") && !strings.HasPrefix(line, ".TH ") && !strings.HasPrefix(line, ".S") &&
			!strings.HasPrefix(line, ".TP") && !strings.HasPrefix(line, ".PP") && line != ".nf\n" && line != ".fi\n" {
			t.Errorf("troff would take this for a macro: %q", line)
		}
	}
}
