package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
)

func newCache(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cache",
		Short:   "Show or empty the shared cache",
		Example: "  hc cache stats --cache redis://127.0.0.1:6379/0\n  HC_CACHE=redis://127.0.0.1:6379/0 hc cache purge --yes",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCacheStats(c), newCachePurge(c))
	return cmd
}

func newCacheStats(c *console) *cobra.Command {
	s := &Settings{}
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Count what the cache holds",
		Args:  noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withCache(cmd, c, s, func(ctx context.Context, shared *cache.Redis) error {
				stats, err := shared.Stats(ctx)
				if err != nil {
					return cacheTrouble(err)
				}
				return printed(fmt.Fprintf(c.stdout,
					"results     %d\nmemory      %d bytes, of the whole server\nhit ratio   %.1f %%, of the whole server\nevicted     %d keys, of the whole server\n",
					stats.Results, stats.Bytes, 100*stats.HitRatio(), stats.Evicted))
			})
		},
	}
	cmd.Flags().SortFlags = false
	s.cacheFlag(cmd.Flags(), "off")
	return cmd
}

func newCachePurge(c *console) *cobra.Command {
	s, yes := &Settings{}, false
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Remove every result from the cache; other keys of the server stay",
		Args:  noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withCache(cmd, c, s, func(ctx context.Context, shared *cache.Redis) error {
				if terminalOf(c.stdin) != nil && !yes && !confirmed(c, check.MaskURL(s.Cache)) {
					return errors.New("nothing was removed")
				}
				removed, err := shared.Purge(ctx)
				if err != nil {
					return cacheTrouble(err)
				}
				return printed(fmt.Fprintf(c.stdout, "removed %d results\n", removed))
			})
		},
	}
	cmd.Flags().SortFlags = false
	s.cacheFlag(cmd.Flags(), "off")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask, on a terminal")
	return cmd
}

// withCache runs do on the Redis that the settings name.
func withCache(cmd *cobra.Command, c *console, s *Settings, do func(context.Context, *cache.Redis) error) error {
	if _, err := load(cmd, c); err != nil {
		return err
	}
	if s.Cache == "off" || s.Cache == "memory" {
		return fmt.Errorf("--cache %s holds nothing between runs: name a shared one, --cache redis://host:6379/0 or HC_CACHE", s.Cache)
	}
	shared, err := cache.NewRedis(cache.RedisConfig{Address: s.Cache})
	if err != nil {
		return fmt.Errorf("--cache: %w", err)
	}
	err = do(cmd.Context(), shared)
	_ = shared.Close()
	return err
}

func cacheTrouble(err error) error { return exit(exitRuntime, "%s", check.MaskText(err.Error())) }

// confirmed asks, and takes nothing but a yes for one.
func confirmed(c *console, address string) bool {
	fmt.Fprintf(c.stderr, "Remove every result from %s? [y/N] ", address)
	answer, _ := bufio.NewReader(c.stdin).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
