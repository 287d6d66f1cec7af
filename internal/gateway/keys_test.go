package gateway

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func bearer(key string) http.Header { return http.Header{"Authorization": {"Bearer " + key}} }

func TestKeysOfAText(t *testing.T) {
	sum := sumOf("secret")
	for _, row := range []struct{ name, text, want string }{
		{"one", "alice " + sum, ""},
		{"CRLF, tabs, comments, capitals", "# who\r\n\r\nalice\t" + strings.ToUpper(sum) + " # since May\r\n", ""},
		{"none", "# nobody\n", "there is no key"},
		{"a name alone", "alice", "line 1 of the keys: write NAME SHA256-HEX"},
		{"too much", "\nalice " + sum + " admin", "line 2 of the keys: write NAME SHA256-HEX"},
		{"the key itself", "alice secret", "line 1 of the keys: behind the name stands the SHA-256"},
		{"half a sum", "alice " + sum[:62], "SHA-256"},
		{"more than a sum", "alice " + sum + "00", "SHA-256"},
		{"a long name", strings.Repeat("a", 65) + " " + sum, "at most 64 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, err := ParseKeys(row.text)
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if name, ok := k.callerOf(bearer("secret")); !ok || name != "alice" {
					t.Errorf("%q %v", name, ok)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("got %v, want %q", err, row.want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), sum[:20]) {
				t.Errorf("the error repeats the line: %v", err)
			}
		})
	}
}

// FuzzKeys: no text makes the parser panic; an error repeats nothing of a line,
// which may hold a key by mistake; and keys that are written out as they were
// understood are understood the same.
func FuzzKeys(f *testing.F) {
	const name = "alice"
	for _, s := range []string{"", "# nobody", name + " " + sumOf("secret"), name + "\t" + strings.ToUpper(sumOf("a")) + " # b\r\n\r\n" + name + " " + sumOf("c"), name + " 00", name, "a b c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		known, err := parseKeys(text)
		if err != nil {
			for word := range strings.FieldsSeq(text) {
				if len(word) > 20 && strings.Contains(err.Error(), word) {
					t.Fatalf("%v repeats %q", err, word)
				}
			}
			return
		}
		var out strings.Builder
		for _, k := range known {
			fmt.Fprintf(&out, "%s %x\n", k.name, k.sum)
		}
		again, err := parseKeys(out.String())
		if err != nil || !slices.Equal(again, known) {
			t.Fatalf("%d keys are written %q, and read %d, %v", len(known), out.String(), len(again), err)
		}
	})
}

// TestKeysFollowTheirFile: a change is taken within 10 s; trouble with the file
// keeps the keys, and is logged once.
func TestKeysFollowTheirFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("alice " + sumOf("old"))
	k, err := ReadKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	knows := func(key string) bool { _, ok := k.callerOf(bearer(key)); return ok }
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			k.Run(ctx, j.logger())
		}()
		step := func() { time.Sleep(10 * time.Second); synctest.Wait() }

		write("alice " + sumOf("old") + "\nalice " + sumOf("new"))
		step()
		if !knows("old") || !knows("new") {
			t.Error("a second key is not taken")
		}
		write("alice " + sumOf("new"))
		step()
		if knows("old") || !knows("new") {
			t.Error("the old key still holds")
		}
		write("alice new")
		step()
		step()
		if !knows("new") {
			t.Error("a bad line took the keys away")
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		step()
		if !knows("new") {
			t.Error("a missing file took the keys away")
		}
		if n := strings.Count(j.String(), "keys stay as they were"); n != 2 {
			t.Errorf("%d lines for two kinds of trouble: %s", n, j)
		}
		write("# nobody any more")
		step()
		if knows("new") {
			t.Error("nobody is locked out")
		}
		stop()
		<-done
	})
}

func TestKeysFileMustBeGood(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(empty, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, []byte(strings.Repeat("#", maxKeysFile+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(dir, "missing"): "no such file", empty: "holds no key", large: "larger than", dir: "is a directory",
	} {
		if _, err := ReadKeys(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
	k, err := ParseKeys("alice " + sumOf("x"))
	if err != nil || k.Reload() != nil {
		t.Errorf("keys without a file have nothing to read again: %v", err)
	}
}
