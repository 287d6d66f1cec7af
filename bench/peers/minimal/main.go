// Command minimal is the program hc is measured against: what one writes in
// half an hour with errgroup and net/http. It reads a list of URLs, asks each
// with GET and prints a line "CODE URL" for each answer.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/hc-health/hc/bench/peers/each"
)

func main() {
	c := flag.Int("c", 256, "requests in flight")
	perHost := flag.Int("idle-per-host", 0, "idle connections kept per host; 0 is net/http's own 2")
	noKeepAlive := flag.Bool("close", false, "a connection per request")
	timeout := flag.Duration("timeout", 10*time.Second, "of a request")
	flag.Parse()
	client := &http.Client{Transport: transport(*c, *perHost, *noKeepAlive), Timeout: *timeout}
	err := each.Line(flag.Arg(0), *c, func(url string) int { return get(client, url) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "minimal:", err)
		os.Exit(1)
	}
}

// transport has net/http's defaults, but room for more idle connections than
// are in flight: with fewer, net/http fails healthy targets.
func transport(c, perHost int, noKeepAlive bool) *http.Transport {
	return &http.Transport{
		MaxIdleConns:        4 * c,
		MaxIdleConnsPerHost: perHost,
		DisableKeepAlives:   noKeepAlive,
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, // the bench's own certificate
	}
}

func get(client *http.Client, url string) int {
	resp, err := client.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}
