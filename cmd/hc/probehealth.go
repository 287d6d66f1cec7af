package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/rpc"
)

func newProbe(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "probe",
		Short:   "Ask a service of ours whether it is well",
		Example: "  hc probe health http://127.0.0.1:8080\n  hc probe health grpc://127.0.0.1:9090",
		Args:    subcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProbeHealth(c))
	return cmd
}

func newProbeHealth(c *console) *cobra.Command {
	s, timeout := &Settings{}, time.Duration(0)
	cmd := &cobra.Command{
		Use:   "health ADDR",
		Short: "Exit 0 where it is well, 1 where it is not",
		Long: `Ask once: for HEALTHCHECK in a container, or a readiness probe. http://host:port
is asked for /readyz unless a path is named, and must answer 2xx; grpc://host:port
for grpc.health.v1, with a service behind the slash if you like. No proxy is used.`,
		Example: "  hc probe health http://127.0.0.1:8080\n  hc probe health http://127.0.0.1:8080/healthz\n  hc probe health grpc://127.0.0.1:9090/hc.v1.Checker",
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := load(cmd, c); err != nil {
				return err
			}
			if len(args) != 1 {
				return errors.New("hc probe health: name one address, http://host:port or grpc://host:port")
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return s.probeHealth(ctx, args[0])
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.DurationVarP(&timeout, "timeout", "t", 2*time.Second, "for all of it") // no setting: HC_TIMEOUT is for checks
	s.tlsFlags(fs)
	return cmd
}

// probeHealth is nil where the service at address is well. An address that is none
// is exit 2, all else exit 1.
func (s *Settings) probeHealth(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("not an address: write http://host:port or grpc://host:port")
	}
	switch u.Scheme {
	case "grpc":
		err = rpc.Healthy(ctx, u.Host, strings.Trim(u.Path, "/"), s.TLS)
	case "http", "https":
		err = s.httpHealthy(ctx, u)
	default:
		return fmt.Errorf("%s:// cannot be asked for its health: write http://, https:// or grpc://", u.Scheme)
	}
	if err != nil {
		return exit(exitFailed, "%s is not well: %v", check.MaskURL(address), err)
	}
	return nil
}

// httpHealthy asks once, with no proxy, and takes no redirect for an answer.
func (s *Settings) httpHealthy(ctx context.Context, u *url.URL) error {
	u.Path = cmp.Or(strings.TrimSuffix(u.Path, "/"), "/readyz")
	web := check.NewHTTP(check.HTTPConfig{UserAgent: "hc/" + buildVersion(), MaxIdle: -1})
	defer web.Close()
	r := web.Check(ctx, check.Target{URL: u.String()})
	switch {
	case r.Reason == "":
		return nil
	case r.StatusCode != 0:
		return fmt.Errorf("it answers %d %s", r.StatusCode, http.StatusText(r.StatusCode))
	default:
		return errors.New(cmp.Or(r.Error, string(r.Reason)))
	}
}
