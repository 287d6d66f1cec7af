package verify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestTheArgumentsStartAService runs what the Deployments run: gateway and worker
// with the arguments rendered, but that they listen on loopback, find what is
// mounted elsewhere, and have a Redis that nobody answers for. Both must become
// ready by their own probes, and unready with the first signal.
func TestTheArgumentsStartAService(t *testing.T) {
	hc := program(t, "HC")
	eachCase(t, func(t *testing.T, _, _ string, all []object) {
		gateway := one(t, all, "Deployment", "-gateway").Spec.Template.Spec.Containers[0]
		worker := one(t, all, "Deployment", "-worker").Spec.Template.Spec.Containers[0]
		name := one(t, all, "Service", "-worker").Metadata.Name
		mounts := mounted(t)
		front, back := freePort(t), freePort(t)
		here := func(args []string, listens, at string) []string {
			replace := strings.NewReplacer(
				"--listen="+listens, "--listen="+at, "--admin-listen=:9100", "--admin-listen=127.0.0.1:0",
				"dns:///"+name+":9090", "dns:///"+strings.Replace(back, "127.0.0.1", "localhost", 1),
				"grpc://localhost:9090", "grpc://"+strings.Replace(back, "127.0.0.1", "localhost", 1),
				"/etc/hc", mounts)
			var out []string
			for _, arg := range args {
				out = append(out, regexp.MustCompile(`(rediss?://)[^/]+`).ReplaceAllString(replace.Replace(arg), "${1}127.0.0.1:1"))
			}
			return out
		}

		behind := start(t, hc, here(worker.Args, ":9090", back), worker.Env)
		well := []string{"probe", "health", "grpc://" + back}
		if probe := worker.ReadinessProbe; probe.Exec != nil {
			well = here(probe.Exec.Command[1:], "", "")
		} else if probe.GRPC == nil {
			t.Fatal("workers are not probed over gRPC")
		}
		until(t, behind, "a worker that is ready", func() bool { return exec.Command(hc, well...).Run() == nil })

		facing := start(t, hc, here(gateway.Args, ":8080", front), gateway.Env)
		get := func(path string) int { return status("http://" + front + path) }
		ready, alive := gateway.ReadinessProbe.HTTPGet.Path, gateway.LivenessProbe.HTTPGet.Path
		until(t, facing, "a gateway that is ready", func() bool { return get(ready) == http.StatusOK })

		for _, p := range []*process{facing, behind} {
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
		until(t, facing, "a draining gateway", func() bool {
			return get(ready) == http.StatusServiceUnavailable && get(alive) == http.StatusOK
		})
		until(t, behind, "a draining worker", func() bool { return exec.Command(hc, well...).Run() != nil })
		for _, p := range []*process{facing, behind} {
			if text := p.log.String(); strings.Contains(text, "unknown") {
				t.Errorf("its log: %s", text)
			}
		}
	})
}

// mounted is a directory with what Secrets hold.
func mounted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sum := strings.Repeat("0f", 32)
	write(t, filepath.Join(dir, "keys", "keys.txt"), "ci "+sum+"\n")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Its own authority.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hc"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	write(t, filepath.Join(dir, "tls", "tls.crt"), certificate)
	write(t, filepath.Join(dir, "tls", "ca.crt"), certificate)
	write(t, filepath.Join(dir, "tls", "tls.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// freePort is an address of loopback that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// A process of ours, killed when the test ends.
type process struct {
	*exec.Cmd
	log   *journal
	ended chan struct{}
}

func start(t *testing.T, hc string, args []string, env []variable) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(hc, args...), log: &journal{}, ended: make(chan struct{})}
	p.Stderr = p.log
	p.Env = []string{"HOME=/nowhere"}
	for _, v := range env {
		if v.ValueFrom != nil {
			v.Value = "redis://127.0.0.1:1/0" // the one Secret that is not mounted
		}
		p.Env = append(p.Env, v.Name+"="+v.Value)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
	})
	return p
}

// until waits for what, as long as p lives, for half a minute at most.
func until(t *testing.T, p *process, what string, there func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !there() {
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatalf("%s: it ended: %s", what, p.log)
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s: %s", what, p.log)
		}
	}
}

// status of a GET, 0 for no answer.
func status(url string) int {
	resp, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// journal collects what a process writes.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
