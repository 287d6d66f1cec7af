package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txt: $SITE is a [site], rc is exec with the
// exit code that must come, hits checks how often a path was asked for, redis
// starts one and sets $REDIS, lines counts those of a file, healthy and unhealthy
// wait for a service on one of $PORT1 to $PORT3.
func TestScripts(t *testing.T) {
	s := newSite(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SITE", s.URL)
			env.Setenv("HOSTPORT", s.Listener.Addr().String())
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GORACE", os.Getenv("GORACE"))
			for i, port := range freePorts(t, 3) {
				env.Setenv("PORT"+strconv.Itoa(i+1), port)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"rc":      rc,
			"lines":   lines,
			"expand":  expand,
			"journal": journal,
			"healthy": func(ts *testscript.TestScript, _ bool, args []string) {
				until(t, ts, args[0], func(err error) bool { return err == nil })
			},
			"unhealthy": func(ts *testscript.TestScript, _ bool, args []string) {
				until(t, ts, args[0], func(err error) bool { return err != nil })
			},
			"long": func(ts *testscript.TestScript, _ bool, args []string) {
				put(ts, args[0], "http://"+strings.Repeat("a", 10<<20)+"\n"+ts.ReadFile(args[1]))
			},
			"binary": func(ts *testscript.TestScript, _ bool, args []string) {
				put(ts, args[0], "\x7fELF\x00\x01")
			},
			"cutoff": func(ts *testscript.TestScript, _ bool, args []string) {
				put(ts, args[0], strings.TrimRight(ts.ReadFile(args[0]), "}\n"))
			},
			"hits": func(ts *testscript.TestScript, _ bool, args []string) {
				if got := strconv.Itoa(s.count(args[1])); got != args[0] {
					ts.Fatalf("%s was asked for %s times, want %s", args[1], got, args[0])
				}
			},
			"redis": func(ts *testscript.TestScript, _ bool, _ []string) {
				address, _ := startRedis(t)
				ts.Setenv("REDIS", address)
			},
		},
	})
}

// rc N PROGRAM ARGS runs PROGRAM, which must exit with N and say why.
func rc(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exited := (*exec.ExitError)(nil); err != nil {
		if !errors.As(err, &exited) {
			ts.Fatalf("%v", err)
		}
		code = exited.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\n%s", code, args[0], ts.ReadFile("stderr"))
	}
	all := strings.Split(strings.TrimSpace(ts.ReadFile("stderr")), "\n")
	last, why := all[len(all)-1], "exit "+args[0]+": "
	if code != 0 && !strings.HasPrefix(last, why) {
		ts.Fatalf("the last line of stderr is %q, want it to begin %q", last, why)
	}
	if code == 0 && strings.Contains(last, "exit ") {
		ts.Fatalf("a reason without a failure: %q", last)
	}
}

// expand writes the variables of the script into its files.
func expand(ts *testscript.TestScript, _ bool, files []string) {
	for _, file := range files {
		put(ts, file, os.Expand(ts.ReadFile(file), ts.Getenv))
	}
}

func put(ts *testscript.TestScript, file, text string) {
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o666))
}

// journal N FILE… checks that the results in the files, skips aside, are N and
// of N targets.
func journal(ts *testscript.TestScript, _ bool, args []string) {
	var text string
	for _, file := range args[1:] {
		text += ts.ReadFile(file) + "\n"
	}
	total, distinct := answers(text)
	if want, _ := strconv.Atoi(args[0]); total != want || distinct != want {
		ts.Fatalf("%d answers for %d targets, want %d", total, distinct, want)
	}
}

func lines(ts *testscript.TestScript, _ bool, args []string) {
	if got := strconv.Itoa(strings.Count(ts.ReadFile(args[1]), "\n")); got != args[0] {
		ts.Fatalf("%s has %s lines, want %s:\n%s", args[1], got, args[0], ts.ReadFile(args[1]))
	}
}

// until asks a service for its health until that is as it should be.
func until(t *testing.T, ts *testscript.TestScript, address string, ok func(error) bool) {
	eventually(t, address, func() bool { return ok(ts.Exec("hc", "probe", "health", address)) })
}
