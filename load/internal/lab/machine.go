package lab

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine names what figures depend on: the day, the processor, the system and
// the version of Go.
func Machine() string {
	return fmt.Sprintf("%s, %s, %d cores, %s, %s", time.Now().UTC().Format(time.DateOnly), processor(), runtime.NumCPU(), runtime.GOOS, runtime.Version())
}

func processor() string {
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
