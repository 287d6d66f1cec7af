package main

import (
	"net"
	"os"
)

// notify tells a state to the service manager that started us, if it wants to
// know: sd_notify(3), which is one datagram. That it cannot be told is its own
// trouble.
func notify(state string) {
	// A leading @ is an abstract name.
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET")) //nolint:gosec // a socket on this machine, named by who started us
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(state))
}
