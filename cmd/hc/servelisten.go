package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Where services listen unless they are told otherwise.
const (
	gatewayListen = "127.0.0.1:8080"
	workerListen  = ":9090"
)

// endpoint is the address that --listen names.
func endpoint(flag, address string) (*net.TCPAddr, error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", flag, address, err)
	}
	return at, nil
}

// listenAt opens what flag names.
func listenAt(flag, address string) (net.Listener, error) {
	at, err := endpoint(flag, address)
	if err != nil {
		return nil, err
	}
	return listen(flag, at)
}

// listen opens at. That it cannot is runtime trouble.
func listen(flag string, at *net.TCPAddr) (net.Listener, error) {
	ln, err := net.ListenTCP("tcp", at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, exit(exitRuntime, "--%s %s: the port is in use: choose another, or stop who has it (ss -ltnp)", flag, at)
	case err != nil:
		return nil, exit(exitRuntime, "--%s %s: %v", flag, at, errors.Unwrap(err))
	}
	return ln, nil
}

// reachable reports whether machines other than this one may connect to at.
func reachable(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return !ok || !tcp.IP.IsLoopback()
}

// workerName is what results have as their worker: the host, and the port that tells
// apart the workers of one host.
func workerName(ln net.Listener) string {
	host, err := os.Hostname()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return ln.Addr().String()
	}
	return net.JoinHostPort(cmp.Or(host, "worker"), port)
}
