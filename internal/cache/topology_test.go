package cache

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// roundTrips saves and loads, takes and gives back leases, and runs through it.
func roundTrips(t *testing.T, address string) {
	t.Helper()
	s := newStore(t, RedisConfig{Address: address, Timeout: 5 * time.Second})
	ts := targets(600)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatalf("saving: %v", err)
	}
	if n := loaded(t, s, ts); n != len(ts) {
		t.Errorf("%d of %d loaded", n, len(ts))
	}
	fake := checktest.Fake{Takes: 20 * time.Millisecond}
	a := Through(pooled(&fake), s, Config{})
	b := Through(pooled(&fake), newStore(t, RedisConfig{Address: address, Timeout: 5 * time.Second}), Config{})
	others := targets(700)[600:]
	for i := range others {
		others[i].Method = "HEAD"
	}
	together(t, []check.Runner{a, b}, others)
	if n := fake.Calls(); n != int64(len(others)) {
		t.Errorf("%d checks for %d URLs in two processes", n, len(others))
	}
	st, err := s.Stats(t.Context())
	if want := int64(len(ts) + len(others)); err != nil || st.Results != want || st.Bytes == 0 || st.HitRatio() <= 0 {
		t.Errorf("stats %+v, %v, want %d results", st, err, want)
	}
	removed, err := s.Purge(t.Context())
	if err != nil || removed != st.Results || loaded(t, s, ts) != 0 {
		t.Errorf("%d of %d purged, %v", removed, st.Results, err)
	}
}

func TestStandalone(t *testing.T) { roundTrips(t, startRedis(t).url()) }

func TestOverTLS(t *testing.T) {
	ca := newAuthority(t)
	server := startRedis(t)
	_, port, _ := net.SplitHostPort(freeAddr(t))
	cert, key := ca.issue("127.0.0.1")
	for _, setting := range [][2]string{
		{"tls-cert-file", cert}, {"tls-key-file", key}, {"tls-ca-cert-file", ca.file}, {"tls-port", port},
	} {
		server.do("config", "set", setting[0], setting[1])
	}
	address := "rediss://127.0.0.1:" + port
	client, clientKey := ca.issue("client")
	roundTrips(t, address+"?cacert="+ca.file+"&cert="+client+"&key="+clientKey)
	for name, bad := range map[string]string{
		"an unknown authority": address + "?cert=" + client + "&key=" + clientKey,
		"no certificate":       address + "?cacert=" + ca.file,
		"no TLS":               "redis://127.0.0.1:" + port,
	} {
		t.Run(name, func(t *testing.T) {
			if err := newStore(t, RedisConfig{Address: bad, Timeout: 5 * time.Second}).Ping(t.Context()); err == nil {
				t.Error("it is answered")
			}
		})
	}
}

// An authority issues certificates, as files.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.file, _, a.key = a.sign(a.cert, nil)
	return a
}

func (a *authority) issue(name string) (cert, key string) {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	cert, key, _ = a.sign(template, a.key)
	return cert, key
}

func (a *authority) sign(template *x509.Certificate, by *ecdsa.PrivateKey) (certFile, keyFile string, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := shortDir(a.t)
	write := func(name, kind string, b []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			a.t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER), key
}

// startCluster makes a cluster of three masters.
func startCluster(t *testing.T) []*server {
	t.Helper()
	var nodes []*server
	args := []string{"--cluster", "create"}
	for range 3 {
		_, bus, _ := net.SplitHostPort(freeAddr(t))
		node := startRedis(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-require-full-coverage", "no")
		nodes, args = append(nodes, node), append(args, node.addr)
	}
	out, err := exec.Command("redis-cli", append(args, "--cluster-yes")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, node := range nodes {
		eventually(t, "a cluster", func() bool {
			return strings.Contains(fmt.Sprint(node.do("cluster", "info")), "cluster_state:ok")
		})
	}
	return nodes
}

func TestCluster(t *testing.T) {
	nodes := startCluster(t)
	addrs := nodes[0].addr + "," + nodes[1].addr + "," + nodes[2].addr
	roundTrips(t, "redis://"+addrs)
	roundTrips(t, "redis://"+nodes[1].addr+"?cluster=true")

	// One of three nodes dies: the keys of the others are served.
	// (Not in how short a time: that is the time-outs' test.)
	s := newStore(t, RedisConfig{Address: "redis://" + addrs, Timeout: 5 * time.Second})
	ts := targets(300)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	nodes[2].kill()
	eventually(t, "serving two thirds", func() bool {
		n := loaded(t, s, ts)
		return n > 150 && n < 250
	})
	for range 4 * breakAfter {
		if n := loaded(t, s, ts); n < 150 || n > 250 {
			t.Fatalf("%d of 300 loaded with a node dead", n)
		}
	}
	if !s.Up() || s.Lost() == nil {
		t.Errorf("up %v, lost %v", s.Up(), s.Lost())
	}
}

func TestSentinel(t *testing.T) {
	master := startRedis(t)
	_, port, _ := net.SplitHostPort(master.addr)
	replica := startRedis(t, "--replicaof", "127.0.0.1 "+port)
	eventually(t, "replicating", func() bool {
		return strings.Contains(fmt.Sprint(replica.do("info", "replication")), "master_link_status:up")
	})
	sentinel := startSentinel(t, port)
	eventually(t, "knowing the replica", func() bool {
		return strings.Contains(fmt.Sprint(sentinel.do("info", "sentinel")), "slaves=1")
	})
	address := "redis+sentinel://" + sentinel.addr + "/main"
	roundTrips(t, address)

	// The master dies; the sentinel makes the replica the master.
	s := newStore(t, RedisConfig{Address: address})
	ts := targets(10)
	if err := s.Save(t.Context(), passed(ts)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "replicated", func() bool { return len(replica.keys("")) == len(ts) })
	master.kill()
	eventually(t, "failed over", func() bool { return s.Save(t.Context(), passed(ts)) == nil && loaded(t, s, ts) == len(ts) })
}

// startSentinel watches the server on port as "main".
func startSentinel(t *testing.T, port string) *server {
	t.Helper()
	file := filepath.Join(shortDir(t), "sentinel.conf")
	conf := "sentinel monitor main 127.0.0.1 " + port + " 1\nsentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n"
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return startServer(t, file, "--sentinel")
}
