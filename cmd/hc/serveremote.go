package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/hc-health/hc/internal/rpc"
)

// connect gives the workers of --workers, nil where there are none. cfg says who
// watches. Whether they answer is seen later.
func (s *Settings) connect(c *console, cfg rpc.ClientConfig) (*rpc.Client, error) {
	if len(s.Workers) == 0 {
		return nil, nil
	}
	cfg.Workers, cfg.TLS, cfg.Log = s.Workers, s.TLS, c.log()
	workers, err := rpc.NewClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("--workers: %w", err)
	}
	return workers, nil
}

// ourName tells this run from others on whose behalf the same workers check.
func ourName() string {
	host, _ := os.Hostname() // "" tells less, that is all
	return fmt.Sprintf("hc check, %s %d", host, os.Getpid())
}

func disconnect(workers *rpc.Client) {
	if workers != nil {
		_ = workers.Close() // nothing is under way any more
	}
}

// tellTheirs warns of flags among words, which have no effect with --workers since
// each worker has its own. Variables and files may be meant for other commands.
func (s *Settings) tellTheirs(c *console, flags *pflag.FlagSet, words []string) {
	if len(s.Workers) == 0 {
		return
	}
	var given []string
	flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(words, f.Name) {
			given = append(given, "--"+f.Name)
		}
	})
	if len(given) > 0 {
		c.warn("with --workers these are hc serve worker's own flags, and ignored here: %s", strings.Join(given, ", "))
	}
}

// engineWords are the flags that say how an engine asks, guardWords what it may
// ask. All others of hc check count with --workers as without.
func engineWords() []string {
	return []string{
		"concurrency", "per-host", "rate", "host-rate", "max-idle", "connect-timeout", "retries", "retry-wait",
		"user-agent", "max-redirects", "max-body", "proxy", "resolve", "ipv4", "ipv6", "insecure", "cacert", "cert", "key",
	}
}

func guardWords() []string { return []string{"deny-private", "allow-cidr", "deny-cidr", "allow-port"} }
