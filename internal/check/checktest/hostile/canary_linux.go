package hostile

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// inHouse is set for the process that runs inside.
const inHouse = "HOUSE_OF_CANARY"

// InHouse reports whether this process is in a network of its own, in which all
// addresses there are belong to it, and names are looked up at 127.0.0.1. If it
// is not, then the test is run again inside, and is over when InHouse returns.
func InHouse(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inHouse) != "" {
		return true
	}
	const furnish = `ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo && exec "$0" "$@"`
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", furnish, exe, "-test.run=^"+t.Name()+"$", "-test.v")
	// Names as a release looks them up, whatever the tests are built with.
	cmd.Env = append(os.Environ(), inHouse+"=1", "GORACE=atexit_sleep_ms=0", "GODEBUG=netdns=go")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v (this needs network namespaces and the ip command of iproute2)\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("it did not run inside:\n%s", out)
	}
	return false
}

// AskHere has all processes of the house ask the name server at 127.0.0.1.
func AskHere(t testing.TB) {
	t.Helper()
	const system = "/etc/resolv.conf"
	if _, err := os.Stat(system); err != nil {
		return // then 127.0.0.1 is what is asked
	}
	ours := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(ours, []byte("nameserver 127.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(ours, system, "", syscall.MS_BIND, ""); err != nil {
		t.Fatalf("mounting %s: %v", system, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(system, syscall.MNT_DETACH) })
}

// A Canary is the server of all addresses of the house: the public ones of
// [URLs] answer 200, or redirect (/to?URL, /loop); a dial of any other is kept.
type Canary struct {
	public []netip.Prefix

	mu   sync.Mutex
	hits []netip.Addr
}

// OpenCanary serves until the test ends, names too: [Inwards], and more.
func OpenCanary(t testing.TB, more Names) *Canary {
	t.Helper()
	c := &Canary{}
	for _, p := range []string{"93.184.216.0/23", "100.63.255.254/32", "100.128.0.1/32", "172.32.0.1/32", "2606:4700::1111/128"} {
		c.public = append(c.public, netip.MustParsePrefix(p))
	}
	for _, port := range []string{"80", "22", "443", "6379"} {
		c.listen(t, port)
	}
	names := Inwards("93.184.216.34")
	maps.Copy(names, more)
	names.Serve(t, "127.0.0.1:53")
	return c
}

// TakeHits gives the addresses that were dialled since it was last called and
// must not have been.
func (c *Canary) TakeHits() []netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	hits := c.hits
	c.hits = nil
	return hits
}

func (c *Canary) listen(t testing.TB, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "[::]:"+port)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			at := netip.MustParseAddrPort(conn.LocalAddr().String())
			c.dialled(at.Addr().Unmap(), at.Port())
			serving.Go(func() { answer(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
}

// dialled keeps what is not public: no request is needed, a dial is one too many.
func (c *Canary) dialled(addr netip.Addr, port uint16) {
	if port == 80 && slices.ContainsFunc(c.public, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hits = append(c.hits, addr)
}

// answer is to one request, so that each check dials.
func answer(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	head := "200 OK"
	switch req.URL.Path {
	case "/to":
		head = "302 Found\r\nLocation: " + req.URL.RawQuery
	case "/loop":
		head = "302 Found\r\nLocation: /loop"
	}
	io.WriteString(conn, "HTTP/1.1 "+head+"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
}
