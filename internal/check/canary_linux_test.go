package check

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// inCanaryHouse is set for the process that runs inside.
const inCanaryHouse = "HC_TEST_CANARY"

// TestNothingReachesTheCanary lets the guard loose in a network of its own, where
// every address there is, of either kind, belongs to one server: whatever is
// dialled is answered, and seen. Hostile URLs, names that change or mix their
// addresses, and redirects reach its public addresses or nothing
// (reliability.md §1.3).
func TestNothingReachesTheCanary(t *testing.T) {
	if os.Getenv(inCanaryHouse) == "" {
		runInCanaryHouse(t)
		return
	}
	c := openCanary(t)
	public := newPublicChecker(t)

	t.Run("the canary sees what no guard holds back", func(t *testing.T) {
		if r := checkOne(t, HTTPConfig{}, get("http://127.0.0.1/")); r.Outcome != Pass {
			t.Fatalf("%s: %s", r.Reason, r.Error)
		}
		if hits := c.takeHits(); len(hits) != 1 || hits[0] != netip.MustParseAddr("127.0.0.1") {
			t.Fatalf("hits %v, want one at 127.0.0.1", hits)
		}
	})
	for _, row := range hostileURLs() {
		t.Run(row.name, func(t *testing.T) {
			canonical, err := Normalize(row.raw)
			if err != nil {
				return // no target is made of it
			}
			r := public.Check(t.Context(), get(canonical))
			c.nothing(t, r)
			if row.want != "" && r.Reason != row.want {
				t.Errorf("%q (%s), want %s", r.Reason, r.Error, row.want)
			}
		})
	}
	for _, row := range []struct {
		name, url string
		want      []Reason // by turns
	}{
		{"70 a name that moves inside", "http://moves.test/", []Reason{"", BlockedAddress}},
		{"71 a name that is here and there", "http://here-and-there.test/", []Reason{""}},
		{"72 redirect to a private name", "http://ok.test/to?http://private.test/", []Reason{BlockedAddress}},
		{"73 redirect without a scheme", "http://ok.test/to?//127.0.0.1", []Reason{BlockedAddress}},
		{"74 redirect to a mapped address", "http://ok.test/to?http://[::ffff:127.0.0.1]/", []Reason{BlockedAddress}},
		{"75 redirect to gopher", "http://ok.test/to?gopher://127.0.0.1/", []Reason{InvalidURL}},
		{"76 redirect with a user", "http://ok.test/to?http://u:p@ok.test", []Reason{InvalidURL}},
		{"77 redirect for ever", "http://ok.test/loop", []Reason{TooManyRedirects}},
		{"78 CNAME to localhost", "http://cname.test/", []Reason{BlockedAddress}},
		{"81 only a local IPv6 address", "http://ula.test/", []Reason{BlockedAddress}},
		{"redirect to a name that moves inside", "http://ok.test/to?http://moves-later.test/", []Reason{"", BlockedAddress}},
		{"redirect to another port", "http://ok.test/to?http://ok.test:22/", []Reason{BlockedAddress}},
		{"public", "http://ok.test/", []Reason{""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for i, want := range row.want {
				r := public.Check(t.Context(), get(row.url))
				c.nothing(t, r)
				if r.Reason != want {
					t.Errorf("check %d: %q (%s), want %q", i+1, r.Reason, r.Error, want)
				}
			}
		})
	}
}

// newPublicChecker is a checker as a service has it, that asks the canary's name
// server.
func newPublicChecker(t *testing.T) *HTTP {
	guard, err := NewGuard(GuardConfig{})
	if err != nil {
		t.Fatal(err)
	}
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", "127.0.0.1:53")
	}}
	return newHTTP(t, HTTPConfig{Guard: guard, Resolver: resolver, MaxRedirects: 10})
}

// runInCanaryHouse runs this test again, in a network namespace where all
// addresses are local.
func runInCanaryHouse(t *testing.T) {
	const furnish = `ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo && exec "$0" "$@"`
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", furnish, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inCanaryHouse+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER,
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
}

// canary is the server of all addresses: of the public ones it is what one would
// hope for, of all others it keeps what was asked.
type canary struct {
	public map[netip.Addr]bool
	names  map[string][][]string // what is said to be a name's addresses, by turns

	mu    sync.Mutex
	hits  []netip.Addr
	asked map[string]int
}

func openCanary(t *testing.T) *canary {
	const ok = "93.184.216.34"
	c := &canary{
		public: map[netip.Addr]bool{},
		asked:  map[string]int{},
		names: map[string][][]string{
			"ok.test.":                  {{ok}},
			"moves.test.":               {{ok}, {"127.0.0.1"}},
			"moves-later.test.":         {{ok}, {"169.254.169.254"}},
			"rebind.test.":              {{ok}, {"127.0.0.1"}},
			"mixed.test.":               {{"10.0.0.1", ok}},
			"here-and-there.test.":      {{"127.0.0.1", ok, "10.1.2.3"}},
			"ula.test.":                 {{"fd00::1"}},
			"metadata.google.internal.": {{"169.254.169.254"}},
		},
	}
	for _, a := range []string{ok, "100.63.255.254", "100.128.0.1", "172.32.0.1", "2606:4700::1111"} {
		c.public[netip.MustParseAddr(a)] = true
	}
	for _, port := range []string{"80", "22", "443", "6379"} {
		c.listen(t, port)
	}
	c.answerNames(t)
	return c
}

// listen counts connections, not requests: a dial is one too many.
func (c *canary) listen(t *testing.T, port string) {
	l, err := net.Listen("tcp", "[::]:"+port)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close") // so that each check dials
			switch r.URL.Path {
			case "/to":
				w.Header()["Location"] = []string{r.URL.RawQuery}
				w.WriteHeader(http.StatusFound)
			case "/loop":
				http.Redirect(w, r, "/loop", http.StatusFound)
			}
		}),
		ReadHeaderTimeout: time.Second,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			at := netip.MustParseAddrPort(conn.LocalAddr().String())
			if addr := at.Addr().Unmap(); !c.public[addr] || at.Port() != 80 {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.hits = append(c.hits, addr)
			}
			return ctx
		},
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); serving.Wait() })
}

func (c *canary) takeHits() []netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	hits := c.hits
	c.hits = nil
	return hits
}

// nothing must have been dialled but what is public.
func (c *canary) nothing(t *testing.T, r Result) {
	t.Helper()
	if hits := c.takeHits(); len(hits) > 0 {
		t.Errorf("%s dialled %v (%s %s)", r.Target.URL, hits, r.Reason, r.Error)
	}
}

// answerNames is a name server whose every name that it does not know is this
// machine.
func (c *canary) answerNames(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			var query dnsmessage.Message
			if err != nil || query.Unpack(buf[:n]) != nil || len(query.Questions) != 1 {
				continue
			}
			if reply, err := c.resolve(query).Pack(); err == nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() { _ = conn.Close(); serving.Wait() })
}

func (c *canary) resolve(query dnsmessage.Message) *dnsmessage.Message {
	q := query.Questions[0]
	reply := &dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: query.Questions,
	}
	name := q.Name
	add := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		reply.Answers = append(reply.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: name, Type: kind, Class: dnsmessage.ClassINET}, Body: body,
		})
	}
	if name.String() == "cname.test." {
		local := dnsmessage.MustNewName("localhost.")
		add(dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: local})
		name = local
	}
	for _, text := range c.addresses(q) {
		switch addr := netip.MustParseAddr(text); {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			add(dnsmessage.TypeA, &dnsmessage.AResource{A: addr.As4()})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			add(dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: addr.As16()})
		}
	}
	return reply
}

// addresses says what is a name's turn: its turns are counted by the questions
// for IPv4 addresses.
func (c *canary) addresses(q dnsmessage.Question) []string {
	turns, known := c.names[q.Name.String()]
	if !known {
		return []string{"127.0.0.1", "::1"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	turn := min(c.asked[q.Name.String()], len(turns)-1)
	if q.Type == dnsmessage.TypeA {
		c.asked[q.Name.String()]++
	}
	return turns[turn]
}
