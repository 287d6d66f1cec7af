// Command fasthttp is the same small program over fasthttp's client, closing
// each connection (its pool cannot hold ten thousand hosts within a usual
// descriptor limit). It is a module of its own, so that fasthttp is no
// dependency of hc. It prints a line "CODE URL" for each answer.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/hc-health/hc/bench/peers/each"
)

func main() {
	c := flag.Int("c", 256, "requests in flight")
	flag.Parse()
	client := &fasthttp.Client{MaxConnsPerHost: *c, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	err := each.Line(flag.Arg(0), *c, func(url string) int { return get(client, url) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "fasthttp:", err)
		os.Exit(1)
	}
}

func get(client *fasthttp.Client, url string) int {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(url)
	req.SetConnectionClose()
	if err := client.Do(req, resp); err != nil {
		return 0
	}
	return resp.StatusCode()
}
