package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// describe names what the figures depend on: the day, the machine, the versions
// and how thorough the run was.
func describe(ctx context.Context, l *lab) string {
	s := fmt.Sprintf("%s, %s, %d cores, %s %s, %s, %s; medians of %d rounds",
		time.Now().UTC().Format(time.DateOnly), cpuModel(), runtime.NumCPU(), runtime.GOOS, firstLine(ctx, "uname", "-r"),
		runtime.Version(), firstLine(ctx, "nginx", "-v"), l.rounds)
	if l.short {
		s += ", short lists"
	}
	if l.slack > 0 {
		s += fmt.Sprintf(", each ratio loosened by %.0f %%", 100*l.slack)
	}
	return s + "."
}

func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return name + " unknown"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimPrefix(line, "nginx version: ")
}

func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	_, rest, ok := strings.Cut(string(info), "model name\t: ")
	if !ok {
		return runtime.GOARCH
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}
