package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crypto "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// nginx is the target: it answers on every address of 127.0.0.0/8, so that one
// server is a hundred thousand hosts. It costs less per request than any client,
// so it is the clients that are measured. It has a worker per core, as Debian
// sets it up: a single one is late for its own 50 ms where 256 requests wait
// (even the raw exchange then gets 4 790 of 5 120 URLs/s, and 4 950 with two).
type nginx struct {
	cmd *exec.Cmd

	fast, tls            int // ports that answer at once, tls over TLS
	brisk, slow, stalled int // after 5 ms, 50 ms, and longer than anybody waits
	status               int
}

// What a port waits before each answer: slowness the slow one.
const (
	briskness = 5 * time.Millisecond
	slowness  = 50 * time.Millisecond
	stall     = 30 * time.Second
)

// throttledHost answers 429 and Retry-After: 1 on the ports that wait.
const throttledHost = "127.200.0.1"

// A wildcard address is the only way to listen on all of 127.0.0.0/8; everyone
// else is refused. (An allow rule would not do: "return" answers before it.)
const nginxConf = `
load_module {{.Modules}}/ngx_http_echo_module.so;
daemon off;
worker_processes auto;
worker_rlimit_nofile {{.Files}};
pid {{.Dir}}/nginx.pid;
error_log stderr crit;
events { worker_connections {{.Files}}; }
http {
  access_log off;
  geo $stranger { default 1; 127.0.0.0/8 ""; }
  keepalive_requests 1000000;
  tcp_nodelay on;
  default_type text/plain;
  client_body_temp_path {{.Dir}}/body;
  proxy_temp_path {{.Dir}}/proxy;
  fastcgi_temp_path {{.Dir}}/fastcgi;
  uwsgi_temp_path {{.Dir}}/uwsgi;
  scgi_temp_path {{.Dir}}/scgi;
  map $server_addr $throttled { default ""; {{.Throttled}} 1; }
  server {
    listen 0.0.0.0:{{.Fast}} backlog=4096;
    if ($stranger) { return 403; }
    location / { return 200 "ok\n"; }
  }
{{range $port, $seconds := .Late}}
  server {
    listen 0.0.0.0:{{$port}} backlog=4096;
    if ($stranger) { return 403; }
    add_header Retry-After $throttled always;
    location / {
      if ($throttled) { return 429; }
      echo_sleep {{$seconds}};
      echo ok;
    }
  }
{{end}}
  server {
    listen 0.0.0.0:{{.TLS}} ssl backlog=4096;
    if ($stranger) { return 403; }
    ssl_certificate {{.Dir}}/cert.pem;
    ssl_certificate_key {{.Dir}}/key.pem;
    location / { return 200 "ok\n"; }
  }
  server {
    listen 127.0.0.1:{{.Status}};
    location / { stub_status; }
  }
}
`

// startNginx writes its files into dir and returns once it answers.
func startNginx(ctx context.Context, dir string) (*nginx, error) {
	ports, err := freePorts(6)
	if err != nil {
		return nil, err
	}
	n := &nginx{fast: ports[0], tls: ports[1], brisk: ports[2], slow: ports[3], stalled: ports[4], status: ports[5]}
	if err := writeCertificate(dir); err != nil {
		return nil, err
	}
	modules, err := modulesPath(ctx)
	if err != nil {
		return nil, err
	}
	var conf bytes.Buffer
	err = template.Must(template.New("").Parse(nginxConf)).Execute(&conf, map[string]any{
		"Dir": dir, "Modules": modules, "Files": descriptors(),
		"Fast": n.fast, "TLS": n.tls, "Status": n.status, "Throttled": throttledHost,
		"Late": map[int]float64{n.brisk: briskness.Seconds(), n.slow: slowness.Seconds(), n.stalled: stall.Seconds()},
	})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, conf.Bytes(), 0o600); err != nil {
		return nil, err
	}
	n.cmd = exec.CommandContext(ctx, "nginx", "-c", file, "-e", "stderr")
	n.cmd.Cancel = func() error { return n.cmd.Process.Signal(os.Interrupt) }
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the target: %w", err)
	}
	if err := until(ctx, func() error { _, err := n.requests(ctx); return err }); err != nil {
		return nil, fmt.Errorf("the target does not answer: %w", errors.Join(err, n.stop()))
	}
	if err := n.deniesOthers(ctx); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

func (n *nginx) stop() error {
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return n.cmd.Wait()
}

// requests is how many the target has read since it started, this one included.
func (n *nginx) requests(ctx context.Context) (int, error) {
	body, _, err := fetch(ctx, fmt.Sprintf("http://127.0.0.1:%d/", n.status))
	if err != nil {
		return 0, err
	}
	var accepted, handled, requests int
	_, counts, _ := strings.Cut(body, "server accepts handled requests\n")
	if _, err := fmt.Sscan(counts, &accepted, &handled, &requests); err != nil {
		return 0, fmt.Errorf("stub_status said %q: %w", body, err)
	}
	return requests, nil
}

// settled is [nginx.requests] once nobody asks any more: what a program that was cut
// off has sent may be read after its end.
func (n *nginx) settled(ctx context.Context) (int, error) {
	last := -1
	for own := 0; ; own++ {
		now, err := n.requests(ctx)
		if now -= own; err != nil || now == last {
			return now, err
		}
		last = now
		wait(ctx, 20*time.Millisecond)
	}
}

// deniesOthers asks by each address of this machine that is not loopback, as a
// stranger would, and wants to be refused.
func (n *nginx) deniesOthers(ctx context.Context) error {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, a := range addrs {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLoopback() || ip.IP.To4() == nil {
			continue
		}
		_, code, err := fetch(ctx, fmt.Sprintf("http://%s:%d/", ip.IP, n.fast))
		if err == nil && code != http.StatusForbidden {
			return fmt.Errorf("the target answers %d on %s, which others can reach: it must not", code, ip.IP)
		}
	}
	return nil
}

func fetch(ctx context.Context, url string) (body string, code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return string(b), resp.StatusCode, err
}

// until calls f every 10 ms for at most 5 s, until it succeeds.
func until(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// freePorts gives n ports below the range that outgoing connections draw from. It
// looks from anywhere in it, so that what still asks for the servers of an earlier
// run does not find those of this one.
func freePorts(n int) ([]int, error) {
	const first, end = 20080, 32768
	var ports []int
	start := rand.IntN(end - first)
	for i := range end - first {
		if len(ports) == n {
			return ports, nil
		}
		port := first + (start+i)%(end-first)
		l, err := net.Listen("tcp4", fmt.Sprintf(":%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("no %d free ports from %d to %d", n, first, end)
}

// modulesPath asks nginx where its loadable modules live: they differ by
// distribution.
func modulesPath(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "nginx", "-V").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("nginx -V: %w: run scripts/deps.sh nginx", err)
	}
	for arg := range strings.FieldsSeq(string(out)) {
		if path, ok := strings.CutPrefix(arg, "--modules-path="); ok {
			return path, nil
		}
	}
	return "/usr/lib/nginx/modules", nil
}

// writeCertificate makes what most sites have: a leaf on ECDSA P-256.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crypto.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "hc bench"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(crypto.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		writePEM(filepath.Join(dir, "cert.pem"), "CERTIFICATE", cert),
		writePEM(filepath.Join(dir, "key.pem"), "PRIVATE KEY", private),
	)
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
