package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	scheme = "hc"
	// Names are looked up again so often, so that new workers are found, and at
	// least a second apart when connections are lost. grpc's own dns resolver
	// does not see new workers before it loses an old one, and waits up to two
	// minutes between failures.
	lookupEvery = 10 * time.Second
	lookupPause = time.Second
)

// addresses are where workers are, as a resolver of names for grpc: each address
// of each host is a worker.
type addresses []hostPort

type hostPort struct{ host, port string }

// parseAddresses reads items of the form "host:port" or "dns:///host:port",
// several with commas between.
func parseAddresses(items []string) (addresses, error) {
	var all addresses
	for _, item := range items {
		for text := range strings.SplitSeq(item, ",") {
			text = strings.TrimSpace(text)
			if text == "" {
				continue
			}
			rest, _ := strings.CutPrefix(text, "dns:///")
			host, port, err := net.SplitHostPort(rest)
			if n, numErr := strconv.ParseUint(port, 10, 16); err != nil || numErr != nil || n == 0 || host == "" || strings.Contains(host, "/") {
				return nil, fmt.Errorf("worker %q is no address: write host:port or dns:///host:port", text)
			}
			if hp := (hostPort{host, port}); !slices.Contains(all, hp) {
				all = append(all, hp)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no worker is named: write host:port or dns:///host:port")
	}
	return all, nil
}

// Scheme implements [resolver.Builder].
func (a addresses) Scheme() string { return scheme }

// Build implements [resolver.Builder].
func (a addresses) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &lookups{cancel: cancel, again: make(chan struct{}, 1)}
	r.running.Go(func() { r.run(ctx, a, cc) })
	return r, nil
}

// lookups keeps a connection informed of where the workers are.
type lookups struct {
	cancel  context.CancelFunc
	again   chan struct{}
	running sync.WaitGroup
}

// ResolveNow implements [resolver.Resolver].
func (r *lookups) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.again <- struct{}{}:
	default:
	}
}

// Close implements [resolver.Resolver].
func (r *lookups) Close() {
	r.cancel()
	r.running.Wait()
}

func (r *lookups) run(ctx context.Context, workers addresses, cc resolver.ClientConn) {
	known := make([][]netip.Addr, len(workers))
	for {
		var failed error
		var endpoints []resolver.Endpoint
		for i, w := range workers {
			if ips, err := lookup(ctx, w.host); err == nil {
				known[i] = ips
			} else {
				failed = err // what was known of it may still be right
			}
			for _, ip := range known[i] {
				endpoints = append(endpoints, resolver.Endpoint{Addresses: []resolver.Address{{
					Addr:       net.JoinHostPort(ip.String(), w.port),
					ServerName: net.JoinHostPort(w.host, w.port),
				}}})
			}
		}
		if ctx.Err() != nil {
			return
		}
		if len(endpoints) > 0 {
			_ = cc.UpdateState(resolver.State{Endpoints: endpoints})
		} else {
			cc.ReportError(failed)
		}
		if !r.wait(ctx) {
			return
		}
	}
}

// wait waits until it is time to look again.
func (r *lookups) wait(ctx context.Context) bool {
	timer := time.NewTimer(lookupPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		timer.Reset(lookupEvery - lookupPause)
	case <-ctx.Done():
		return false
	}
	select {
	case <-timer.C:
	case <-r.again:
	case <-ctx.Done():
		return false
	}
	return true
}

// lookup gives the addresses of host in a stable order.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up worker: %w", err)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	slices.SortFunc(ips, netip.Addr.Compare)
	return slices.Compact(ips), nil
}
