// Command raw is the floor: a connection per URL, one write, one read, no HTTP
// stack. Nothing in Go that opens a connection per URL can cost much less. It
// reads a list of http URLs with a port and prints a line "CODE URL" for each.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/bench/peers/each"
)

const timeout = 10 * time.Second

func main() {
	c := flag.Int("c", 256, "connections in flight")
	flag.Parse()
	if err := each.Line(flag.Arg(0), *c, get); err != nil {
		fmt.Fprintln(os.Stderr, "raw:", err)
		os.Exit(1)
	}
}

func get(url string) int {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	conn, err := net.DialTimeout("tcp", host, timeout)
	if err != nil {
		return 0
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return 0
	}
	if _, err := conn.Write([]byte("GET /" + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")); err != nil {
		return 0
	}
	var buf [4096]byte
	n, err := conn.Read(buf[:])
	if err != nil || n < len("HTTP/1.1 200") {
		return 0
	}
	code, err := strconv.Atoi(string(buf[len("HTTP/1.1 "):len("HTTP/1.1 200")]))
	if err != nil {
		return 0
	}
	return code
}
