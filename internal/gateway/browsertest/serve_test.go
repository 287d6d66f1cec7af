//go:build unix

package browsertest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// program is hc, built for these tests.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "hc-browsertest-")
	if err == nil {
		program = filepath.Join(dir, "hc")
		build := exec.Command("go", "build", "-o", program, "./cmd/hc")
		build.Dir = "../../.."
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building hc:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// serve starts `hc serve gateway`, which may ask this machine, with env beside our
// own, and gives its address. It is stopped when the test ends.
func serve(t *testing.T, env ...string) (address string) {
	t.Helper()
	cmd := exec.Command(program, "serve", "gateway", "--listen", "127.0.0.1:0", "--allow-cidr", "127.0.0.0/8", "--drain-delay", "0")
	cmd.Env = append(os.Environ(), env...)
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	told, read := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var said struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &said) == nil && said.Msg == "listening" {
				told <- said.Address
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	select {
	case address = <-told:
	case <-read:
		t.Fatal("the gateway ended at once")
	case <-time.After(30 * time.Second):
		t.Fatal("the gateway does not listen")
	}
	return address
}

// sumOf is what a file of keys has of a key.
func sumOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
