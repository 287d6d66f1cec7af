package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The race detector has each process wait a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
		panic(err)
	}
	testscript.Main(leakless{m}, map[string]func(){
		"hc-faulty": faulty,
		"hc":        func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// leakless fails a run of tests that leaves a goroutine behind.
type leakless struct{ *testing.M }

func (l leakless) Run() int {
	code := l.M.Run()
	// A proxy leaves some behind where a toxic is taken away from what flows.
	const link, stub = "github.com/Shopify/toxiproxy/v2.(*ToxicLink).", "github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub)."
	err := goleak.Find(goleak.IgnoreAnyFunction(stub+"Run"), goleak.IgnoreAnyFunction(link+"read"), goleak.IgnoreAnyFunction(link+"write"))
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// self is the path of this test binary, which is a program of TestMain's under that
// one's name.
func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// hc is the command as a process of its own.
func hc(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), self(t))
	cmd.Args = append([]string{"hc"}, args...)
	cmd.Env = append(os.Environ(), "HOME=/nowhere")
	return cmd
}

// here runs the command within the test.
func here(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}
