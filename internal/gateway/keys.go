package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Keys are those who may ask: names, and the SHA-256 sums of their keys. The keys
// themselves are nowhere in this process but in the requests that carry them. A
// nil *Keys lets everybody in. It is safe for concurrent use.
type Keys struct {
	file  string // "" where they cannot change
	known atomic.Pointer[[]key]
}

type key struct {
	name string
	sum  [sha256.Size]byte
}

// keyPoll is how often a file of keys is read again. docs/service.md promises 10 s.
const keyPoll = 5 * time.Second

// maxKeysFile bounds a file of keys: some 10 000 of them. A request is compared
// with each, at 20 ns (BenchmarkKeys).
const maxKeysFile = 1 << 20

// ReadKeys reads the keys in a file, which [Keys.Run] and [Keys.Reload] read
// again. The format is that of [ParseKeys].
func ReadKeys(file string) (*Keys, error) {
	k := &Keys{file: file}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	if len(*k.known.Load()) == 0 {
		return nil, fmt.Errorf("%s holds no key, so nobody could ask: add a line NAME SHA256-HEX", file)
	}
	return k, nil
}

// ParseKeys takes lines of NAME SHA256-HEX: a name of at most 64 bytes without
// white space, and the sum of the key's bytes. Blank lines are none, and what
// follows a # is not looked at. A name may stand on several lines while its key is
// changed. An error names the line and repeats nothing of it: it may hold a key by
// mistake.
func ParseKeys(text string) (*Keys, error) {
	known, err := parseKeys(text)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		return nil, errors.New("there is no key, so nobody could ask: write NAME SHA256-HEX")
	}
	k := &Keys{}
	k.known.Store(&known)
	return k, nil
}

func parseKeys(text string) ([]key, error) {
	known := []key{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || len(fields[0]) > 64 {
			return nil, fmt.Errorf("line %d of the keys: write NAME SHA256-HEX, the name at most 64 bytes long", n)
		}
		k := key{name: fields[0]}
		if sum, err := hex.DecodeString(fields[1]); err != nil || copy(k.sum[:], sum) != len(sum) || len(sum) != sha256.Size {
			return nil, fmt.Errorf("line %d of the keys: behind the name stands the SHA-256 of the key, 64 hexadecimal digits (printf %%s KEY | sha256sum)", n)
		}
		known = append(known, k)
	}
	return known, nil
}

// Reload reads the file again. Where it cannot be read, or a line is wrong, the
// keys stay as they were; a file that holds none locks everybody out.
func (k *Keys) Reload() error {
	if k.file == "" {
		return nil
	}
	info, err := os.Stat(k.file)
	if err == nil && info.Size() > maxKeysFile {
		err = fmt.Errorf("%s is larger than %d bytes", k.file, maxKeysFile)
	}
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	text, err := os.ReadFile(k.file)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	known, err := parseKeys(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", k.file, err)
	}
	k.known.Store(&known)
	return nil
}

// Run reads the file every 5 s until ctx ends. It logs once that it cannot, and
// once that it can again.
func (k *Keys) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(keyPoll)
	defer tick.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := k.Reload()
		switch {
		case err != nil && err.Error() != failing:
			failing = err.Error()
			log.LogAttrs(ctx, slog.LevelError, "keys stay as they were", slog.String("error", failing))
		case err == nil && failing != "":
			failing = ""
			log.LogAttrs(ctx, slog.LevelInfo, "keys are read again")
		}
	}
}

// callerOf gives the name whose key h carries, or false. Every known key is
// compared in full, so that the time tells nothing of them.
func (k *Keys) callerOf(h http.Header) (name string, ok bool) {
	if k == nil {
		return "", true
	}
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	known := *k.known.Load()
	for i := range known {
		if subtle.ConstantTimeCompare(sum[:], known[i].sum[:]) == 1 {
			name, ok = known[i].name, true
		}
	}
	return name, ok
}
