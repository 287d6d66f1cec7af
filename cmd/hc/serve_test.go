//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

func TestSettingsOfServicesThatCannotBe(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const key = "ci 2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90\n"
	taken := s.Listener.Addr().String()
	good := file("good.txt", key)
	for _, row := range []struct {
		args string
		code int
		want string
	}{
		{"gateway --listen 0.0.0.0:0", 2, "keys: name --keys-file or HC_KEYS, or say --allow-anonymous"},
		{"gateway --listen :0", 2, "--allow-anonymous"},
		{"gateway --listen [::]:0", 2, "--allow-anonymous"},
		{"gateway --listen nonsense", 2, "no address to listen on"},
		{"gateway --listen 127.0.0.1:99999", 2, "no address to listen on"},
		{"gateway --listen nosuch.invalid:80", 2, "--listen nosuch.invalid:80: "},
		{"worker --admin-listen nonsense", 2, "--admin-listen"},
		{"gateway --keys-file " + dir + "/nosuch.txt", 2, "nosuch.txt"},
		{"gateway --keys-file " + file("bad.txt", key+"hunter2\n"), 2, "line 2"},
		{"gateway --keys-file " + file("empty.txt", "# nobody\n"), 2, "no key"},
		{"gateway --probe-config " + file("icmp.yml", "modules: {ping: {prober: icmp}}\n"), 2, "ping"},
		{"gateway --probe-config " + dir + "/nosuch.yml", 2, "--probe-config: "},
		{"gateway --workers nonsense", 2, `--workers: worker "nonsense" is no address`},
		{"gateway --workers 127.0.0.1:1 --cache redis://:hunter2@127.0.0.1:1/0", 2, "give it to the workers"},
		{"gateway --workers 127.0.0.1:1 --tls-cert " + good, 2, "three files"},
		{"gateway --max-urls 0", 2, "--max-urls"},
		{"gateway --max-request 0", 2, "--max-request"},
		{"gateway --key-rate soon", 2, "--key-rate"},
		{"worker --tls-cert " + good + " --tls-key " + good + " --tls-ca " + good, 2, "--tls-cert, --tls-key, --tls-ca: "},
		{"worker --timeout 2m", 2, "longer than --max-timeout 1m0s"},
		{"worker --cache nonsense", 2, "--cache"},
		{"worker --cacert " + dir + "/nosuch.pem", 2, "--cacert"},
		{"worker --deny-private=false", 2, "cannot be switched off"},
		{"worker --deny-private=nonsense", 2, "--deny-private"},
		{"worker --proxy http://127.0.0.1:1", 2, "unknown flag --proxy"},
		{"worker --deadline 1s", 2, "unknown flag --deadline"},
		{"worker --drain-timeout 0", 2, "--drain-timeout"},
		{"worker extra", 2, `takes no words, not "extra"`},
		{"wroker", 2, "did you mean worker?"},
		{"gateway --listen " + taken, 3, "the port is in use"},
		{"gateway --listen 127.0.0.1:0 --admin-listen " + taken, 3, "--admin-listen"},
		{"worker --listen " + taken, 3, "--listen"},
		{"worker --listen 127.0.0.1:0 --admin-listen " + taken, 3, "the port is in use"},
		{"worker --listen 192.0.2.1:0", 3, "--listen 192.0.2.1:0: "},
	} {
		t.Run(row.args, func(t *testing.T) {
			code, stdout, stderr := here(t, append([]string{"serve"}, strings.Fields(row.args)...)...)
			if code != row.code || !strings.Contains(stderr, row.want) || stdout != "" {
				t.Errorf("code %d, want %d and %q in: %s%s", code, row.code, row.want, stdout, stderr)
			}
			if strings.Contains(stderr, "hunter2") {
				t.Errorf("a secret: %s", stderr)
			}
			rows := strings.Split(strings.TrimSpace(stderr), "\n")
			if last := rows[len(rows)-1]; !strings.HasPrefix(last, fmt.Sprintf("exit %d: ", row.code)) {
				t.Errorf("the last line is %q", last)
			}
		})
	}
	for _, row := range []struct{ name, value, args, want string }{
		{"HTTPS_PROXY", "http://127.0.0.1:1", "worker", "HTTPS_PROXY is set"},
		{"http_proxy", "http://127.0.0.1:1", "gateway", "http_proxy is set"},
		{"HTTP_PROXY", "http://127.0.0.1:1", "gateway --workers 127.0.0.1:1", "HTTP_PROXY is set"},
		{"HC_KEYS", "ci hunter2", "gateway", "HC_KEYS: line 1"},
		{"HC_KEYS", key, "gateway --keys-file " + good, "both set"},
		{"HC_MAX_URLS", "many", "gateway", "env HC_MAX_URLS"},
	} {
		t.Run(row.name+" "+row.args, func(t *testing.T) {
			t.Setenv(row.name, row.value)
			code, _, stderr := here(t, append([]string{"serve"}, strings.Fields(row.args)...)...)
			if code != 2 || !strings.Contains(stderr, row.want) || strings.Contains(stderr, "hunter2") {
				t.Errorf("code %d, want 2 and %q in: %s", code, row.want, stderr)
			}
		})
	}
}

// TestBeyondLoopbackNeedsAWord listens everywhere, with keys and without.
func TestBeyondLoopbackNeedsAWord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	anonymous := serve(t, "gateway", "--listen", "0.0.0.0:0", "--allow-anonymous")
	_, port, _ := net.SplitHostPort(anonymous.address)
	c := newCaller(t)
	c.ask(t, "127.0.0.1:"+port, []string{s.URL + "/ok/anonymous"}).passed(t, 1)

	file := filepath.Join(t.TempDir(), "keys")
	write := func(lines string) {
		if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old " + sumOf("carol") + " # another\nci " + sumOf("alice") + "\n")
	keyed := serve(t, "gateway", "--listen", "0.0.0.0:0", "--keys-file", file)
	_, port, _ = net.SplitHostPort(keyed.address)
	answer := c.ask(t, "127.0.0.1:"+port, []string{s.URL + "/ok/keyed"})
	if answer.code != http.StatusUnauthorized || answer.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without a key: %d %v", answer.code, answer.header)
	}
	c.key = "alice"
	c.ask(t, "127.0.0.1:"+port, []string{s.URL + "/ok/keyed"}).passed(t, 1)
	write("ci " + sumOf("bob") + "\n")
	keyed.signal(t, syscall.SIGHUP)
	eventually(t, "the new key", func() bool {
		c.key = "bob"
		return c.ask(t, "127.0.0.1:"+port, []string{s.URL + "/ok/keyed"}).code == http.StatusOK
	})
	c.key = "alice"
	if code := c.ask(t, "127.0.0.1:"+port, []string{s.URL + "/ok/keyed"}).code; code != http.StatusUnauthorized {
		t.Errorf("the old key: %d", code)
	}
	if text := keyed.log.String(); strings.Contains(text, "alice") || strings.Contains(text, "bob") {
		t.Errorf("a key in the log: %s", text)
	}
}

// TestServicesDrain: SIGTERM or SIGINT, not ready at once, full service for the
// delay, no new connections after it, what runs is finished, exit 0.
func TestServicesDrain(t *testing.T) {
	for name, row := range map[string]struct {
		kind, health string
		signal       syscall.Signal
	}{
		"gateway, SIGTERM": {"gateway", "http://", syscall.SIGTERM},
		"gateway, SIGINT":  {"gateway", "http://", syscall.SIGINT},
		"worker, SIGTERM":  {"worker", "grpc://", syscall.SIGTERM},
		"worker, SIGINT":   {"worker", "grpc://", syscall.SIGINT},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newHolding(t)
			const delay = time.Second
			stopping := serve(t, row.kind, "--drain-delay", delay.String())
			front := stopping
			if row.kind == "worker" {
				front = serve(t, "gateway", "--workers", stopping.address, "--cache", "off")
				front.connected(t)
			}
			c := newCaller(t)
			healthy := func() bool {
				code, _, _ := here(t, "probe", "health", row.health+stopping.address)
				return code == 0
			}
			if !healthy() {
				t.Fatal("not well from the start")
			}
			under := make(chan batchAnswer, 1)
			go func() { under <- c.ask(t, front.address, []string{target.URL + "/held"}) }()
			eventually(t, "the batch to be under way", func() bool { return target.waiting.Load() == 1 })

			stopping.signal(t, row.signal)
			begun := time.Now()
			eventually(t, "it to be not ready", func() bool { return !healthy() })
			if took := time.Since(begun); took > delay {
				t.Errorf("not ready after %s", took)
			}
			if row.kind == "gateway" { // a gateway sends no more to a worker that is not serving
				c.ask(t, front.address, []string{target.URL + "/ok"}).passed(t, 1)
				if code, _ := get(t, "http://"+front.address+"/healthz"); code != http.StatusOK {
					t.Errorf("/healthz %d while draining", code)
				}
			}
			eventually(t, "no new connections", func() bool {
				conn, err := net.Dial("tcp", stopping.address)
				if err == nil {
					_ = conn.Close()
				}
				return err != nil
			})
			if took := time.Since(begun); took < delay {
				t.Errorf("it took no connections after %s, and was to for %s", took, delay)
			}
			if code, _ := get(t, "http://"+stopping.admin+"/metrics"); code != http.StatusOK {
				t.Errorf("/metrics %d while draining", code)
			}
			close(target.release)
			(<-under).passed(t, 1)
			if code := stopping.code(t); code != 0 {
				t.Errorf("exit %d: %s", code, stopping.log)
			}
		})
	}
}

// TestDrainTimeoutIsTheMost: what does not end is cut off, and that is exit 0 too.
func TestDrainTimeoutIsTheMost(t *testing.T) {
	for _, kind := range []string{"gateway", "worker"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			target := newHolding(t)
			stopping := serve(t, kind, "--drain-timeout", "300ms")
			front := stopping
			if kind == "worker" {
				front = serve(t, "gateway", "--workers", stopping.address)
				front.connected(t)
			}
			under := make(chan batchAnswer, 1)
			go func() { under <- newCaller(t).ask(t, front.address, []string{target.URL + "/held"}) }()
			eventually(t, "the batch to be under way", func() bool { return target.waiting.Load() == 1 })
			stopping.signal(t, syscall.SIGTERM)
			if code := stopping.code(t); code != 0 || !strings.Contains(stopping.log.String(), "cut off") {
				t.Errorf("exit %d: %s", code, stopping.log)
			}
			answer := <-under
			answer.complete(t, 1)
			if answer.Summary.Pass != 0 {
				t.Error("it cannot have passed")
			}
			close(target.release)
		})
	}
}

// TestASecondSignalEndsAServiceAtOnce, whatever it is waiting for.
func TestASecondSignalEndsAServiceAtOnce(t *testing.T) {
	for name, row := range map[string]struct {
		kind   string
		signal syscall.Signal
		code   int
	}{"gateway": {"gateway", syscall.SIGTERM, 143}, "worker": {"worker", syscall.SIGINT, 130}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, row.kind, "--drain-delay", "1m")
			s.signal(t, row.signal)
			eventually(t, "the first signal to be heard", func() bool { return strings.Contains(s.log.String(), "draining") })
			s.signal(t, row.signal)
			if code := s.code(t); code != row.code || !strings.Contains(s.log.String(), fmt.Sprintf("exit %d: ", row.code)) {
				t.Errorf("exit %d, want %d: %s", code, row.code, s.log)
			}
		})
	}
}

// TestMetricsOfServices: the names of docs/observability.md are there from the first
// scrape, on the admin port alone, and count.
func TestMetricsOfServices(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	redis, kill := startRedis(t)
	worker := serve(t, "worker", "--cache", redis)
	front := serve(t, "gateway", "--workers", worker.address)
	front.connected(t)
	both := []string{
		"hc_checks_total", "hc_check_duration_seconds_count", "hc_check_phase_duration_seconds_count", "hc_check_attempts_total",
		"hc_cache_requests_total", "hc_cache_up", "hc_pool_capacity", "hc_pool_in_flight", "hc_pool_queued",
		"hc_queue_wait_seconds_count", "hc_blocked_total", "hc_build_info", "go_goroutines", "process_open_fds",
	}
	for _, row := range []struct {
		service *service
		names   []string
	}{
		{worker, append(both, "grpc_server_started_total", "grpc_server_handled_total", "grpc_server_handling_seconds_count")},
		{front, append(both, "hc_http_requests_total", "hc_http_request_duration_seconds_count", "grpc_client_started_total", "grpc_client_handled_total")},
	} {
		for _, name := range row.names {
			row.service.metric(t, name) // fails where there is none
		}
		if code, _ := get(t, "http://"+row.service.admin+"/debug/pprof/goroutine?debug=1"); code != http.StatusOK {
			t.Errorf("pprof: %d", code)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/goroutine"} {
		if code, _ := get(t, "http://"+front.address+path); code != http.StatusNotFound {
			t.Errorf("%s on the public port: %d", path, code)
		}
	}

	c := newCaller(t)
	twice := []string{s.URL + "/ok/metrics", s.URL + "/status/404"}
	c.ask(t, front.address, twice).complete(t, 2)
	c.ask(t, front.address, twice).complete(t, 2)
	c.ask(t, front.address, []string{"http://10.0.0.1/"}).complete(t, 1)
	for _, row := range []struct {
		service *service
		series  string
		want    float64
	}{
		{front, `hc_checks_total{outcome="pass",reason=""}`, 2},
		{front, `hc_checks_total{outcome="fail",reason="http_status"}`, 2},
		{front, `hc_checks_total{outcome="fail",reason="blocked_address"}`, 1},
		{front, `hc_check_attempts_total`, 2},
		{front, `hc_cache_requests_total{result="hit",tier="memory"}`, 2},
		{front, `hc_cache_requests_total{result="miss",tier="memory"}`, 2},
		{front, `hc_blocked_total{rule="special"}`, 1}, // by its text: no worker is asked
		{front, `hc_http_requests_total{code="200",route="/check"}`, 3},
		{front, `hc_pool_capacity`, 0},
		{worker, `hc_checks_total{outcome="pass",reason=""}`, 1},
		{worker, `hc_checks_total{outcome="fail",reason="http_status"}`, 1},
		{worker, `hc_blocked_total{rule="special"}`, 0},
		{worker, `hc_cache_requests_total{result="miss",tier="redis"}`, 2},
		{worker, `hc_cache_up`, 1},
	} {
		eventually(t, row.series, func() bool { return row.service.metric(t, row.series) == row.want })
	}
	if worker.metric(t, "hc_pool_capacity") == 0 {
		t.Error("a worker without a place")
	}
	kill()
	eventually(t, "the lost Redis to be seen without a request", func() bool { return worker.metric(t, "hc_cache_up") == 0 })
	if code, _ := get(t, "http://"+front.address+"/readyz"); code != http.StatusOK {
		t.Errorf("/readyz %d because of Redis", code)
	}
	c.ask(t, front.address, []string{s.URL + "/ok/noredis"}).passed(t, 1)
}

// TestAGatewayOfItsOwnRemembersWhatRedisHas: with an engine of its own a gateway
// answers from its memory what it has asked or found in Redis, and others share it.
func TestAGatewayOfItsOwnRemembersWhatRedisHas(t *testing.T) {
	t.Parallel()
	s, c := newSite(t), newCaller(t)
	redis, kill := startRedis(t)
	first, second := serve(t, "gateway", "--cache", redis), serve(t, "gateway", "--cache", redis)
	hits := func(g *service, tier string) float64 {
		return g.metric(t, fmt.Sprintf(`hc_cache_requests_total{result="hit",tier=%q}`, tier))
	}
	urls := []string{s.URL + "/ok/1", s.URL + "/ok/2"}
	c.ask(t, first.address, urls).passed(t, 2)
	c.ask(t, first.address, urls).passed(t, 2)
	eventually(t, "the memory to have been enough", func() bool { return hits(first, "memory") == 2 && hits(first, "redis") == 0 })
	eventually(t, "both to be in Redis", func() bool {
		_, stdout, _ := here(t, "cache", "stats", "--cache", redis)
		return strings.Contains(stdout, "results     2\n")
	})
	c.ask(t, second.address, urls).passed(t, 2)
	c.ask(t, second.address, urls).passed(t, 2)
	eventually(t, "Redis to have been asked once", func() bool { return hits(second, "memory") == 2 && hits(second, "redis") == 2 })
	kill()
	c.ask(t, second.address, urls).passed(t, 2)
	if most := s.most(urls); most != 1 {
		t.Errorf("a page was asked %d times", most)
	}
}

// TestRemoteRunsAreLocalRuns: the lines of hc check --workers differ from those of
// hc check in times, addresses, names of workers and what is cached, and in no byte
// else.
func TestRemoteRunsAreLocalRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secure := httptest.NewUnstartedServer(s)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // nobody trusts its certificate
	secure.StartTLS()
	t.Cleanup(secure.Close)
	lines := strings.Join([]string{
		"S/ok/1 tag=a", "S/ok/2 tag=a tag=b", "S/status/404", "S/status/404 404", "S/status/503", "S/moved/1", "S/moved/1 302",
		"T/throttled/1", "S/secret/1", "HEAD S/ok/3", "POST S/ok/4", "auto S/ok/5", "S/slow/1 <1ms", "S/slow/2 <5s", "S/ok/6?token=t",
		"nosuch://x", "no url", "http://127.0.0.1:1/", "http://nosuch.invalid/", "S/ok/1 tag=again", "U/ok/7", "S/ok/ü", "S/status/101", "",
	}, "\n")
	// The time that a slow page took is in its error, as it is in two local runs.
	differ := regexp.MustCompile(`"(timing_ms|latency_ms)":\{[^}]*\},?|"(worker|remote_ip|checked_at)":"[^"]*",?|"cached":true,?|"(cache_age_ms|duration_ms|rate)":[0-9.]+,?|answered in [0-9.]+ms`)
	worker := serve(t, "worker", "--retry-wait", "1ms", "--cache", "off")
	for name, args := range map[string][]string{
		"plain": nil, "headers": {"-H", "X-Token: s3cret"}, "methods": {"-X", "HEAD"}, "codes": {"--accept", "2xx,404"}, "no dedup": {"--no-dedup"},
	} {
		t.Run(name, func(t *testing.T) {
			list := filepath.Join(t.TempDir(), "list.txt")
			run := func(more ...string) (code int, lines []string) {
				code, stdout, _ := here(t, slices.Concat([]string{"check", list, "--ordered", "-f", "jsonl"}, args, more)...)
				stdout = differ.ReplaceAllString(stdout, "")
				return code, strings.Split(strings.ReplaceAll(stdout, ",}", "}"), "\n") // a comma before what is left out
			}
			throttling := newSite(t) // a worker remembers that it is to be left alone
			text := strings.NewReplacer("S/", s.URL+"/", "T/", throttling.URL+"/", "U/", secure.URL+"/").Replace(lines)
			if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			localCode, local := run("--retry-wait", "1ms", "--per-host", "200")
			remoteCode, remote := run("--workers", worker.address)
			if localCode != remoteCode || len(local) != len(remote) {
				t.Fatalf("exit %d and %d lines here, %d and %d there", localCode, len(local), remoteCode, len(remote))
			}
			for i := range local {
				if local[i] != remote[i] {
					t.Errorf("here and there:\n%s\n%s", local[i], remote[i])
				}
			}
		})
	}
}

// TestTheServiceManagerIsTold of readiness and stopping, by sd_notify(3).
func TestTheServiceManagerIsTold(t *testing.T) {
	for _, kind := range []string{"gateway", "worker"} {
		t.Run(kind, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "hc") // the name of a socket is short
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "notify")})
			if err != nil {
				t.Fatal(err)
			}
			defer manager.Close()
			t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
			s := serve(t, kind)
			said := func() string {
				b := make([]byte, 512)
				_ = manager.SetReadDeadline(time.Now().Add(20 * time.Second))
				n, _ := manager.Read(b)
				return string(b[:n])
			}
			if got := said(); !strings.HasPrefix(got, "READY=1\n") || !strings.Contains(got, s.address) {
				t.Errorf("said %q", got)
			}
			s.signal(t, syscall.SIGTERM)
			if got := said(); got != "STOPPING=1" {
				t.Errorf("said %q", got)
			}
			if code := s.code(t); code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}

// TestAGatewayServesWhatItHas: with workers gone, what the memory in front has is
// answered, and anything else is 503 within a second, until one is back.
func TestAGatewayServesWhatItHas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	port := freePorts(t, 1)[0]
	front := serve(t, "gateway", "--workers", "127.0.0.1:"+port)
	if code, _ := get(t, "http://"+front.address+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz %d before there is a worker", code)
	}
	worker := serve(t, "worker", "--listen", "127.0.0.1:"+port)
	front.connected(t)
	c := newCaller(t)
	c.ask(t, front.address, []string{s.URL + "/ok/hot"}).passed(t, 1)
	_ = worker.Process.Kill()
	<-worker.ended
	hot := c.ask(t, front.address, []string{s.URL + "/ok/hot"})
	hot.passed(t, 1)
	if !hot.Results[0].Cached || s.count("/ok/hot") != 1 {
		t.Errorf("%d hits: %+v", s.count("/ok/hot"), hot.Results[0])
	}
}

// TestAFrontForgetsFirst: either cache is cut or stretched by a tenth at random.
func TestAFrontForgetsFirst(t *testing.T) {
	for _, behind := range []cache.TTL{{Pass: 5 * time.Minute, Fail: 10 * time.Second}, {Pass: time.Second}} {
		front := withinTTL(behind)
		if front.Pass*11/10 >= behind.Pass*9/10 || front.Fail*11/10 > behind.Fail*9/10 || front.Pass < behind.Pass/2 {
			t.Errorf("%v in front of %v", front, behind)
		}
	}
}

// TestCtrlCOfEverythingLosesNothing: a terminal sends it to all processes at once.
func TestCtrlCOfEverythingLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	redis, kill := startRedis(t)
	one, two := serve(t, "worker", "--cache", redis, "--drain-delay", "1s"), serve(t, "worker", "--cache", redis, "--drain-delay", "1s")
	front := serve(t, "gateway", "--workers", addresses(one, two), "--drain-delay", "1s")
	connectedTo(t, one, two)
	pages := urls(s.URL+"/slow/", 1000)
	answers := make(chan batchAnswer, 1)
	go func() { answers <- newCaller(t).ask(t, front.address, pages) }()
	eventually(t, "the batch to be under way", func() bool { return s.count("/slow/100") > 0 })
	all := []*service{front, one, two}
	for _, p := range all {
		p.signal(t, syscall.SIGINT)
	}
	kill()
	(<-answers).passed(t, len(pages))
	for _, p := range all {
		if code := p.code(t); code != 0 {
			t.Errorf("%s: exit %d", p.Args, code)
		}
	}
}

func TestARealmChangesKeysAndNothingElse(t *testing.T) {
	checktest.Conform(t, func(c check.Checker) check.Runner {
		return inRealm(pool.New(c, pool.Config{}), "insecure")
	})
	keys := make(chan check.Key, 1)
	r := inRealm(pool.New(check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
		keys <- t.Key()
		return check.Result{Target: t}
	}), pool.Config{}), "insecure")
	target := check.Target{URL: "http://h.test/"}
	for range r.Run(t.Context(), slices.Values([]check.Target{target})) {
	}
	if <-keys == target.Key() {
		t.Error("a shared cache would not tell the two apart")
	}
}

// TestDefaultsOfServicesAreThosePromised by help and docs.
func TestDefaultsOfServicesAreThosePromised(t *testing.T) {
	for _, kind := range []string{"gateway", "worker"} {
		_, help, _ := here(t, "serve", kind, "--help")
		help = strings.Join(strings.Fields(help), " ")
		for name, want := range map[string]string{
			"drain-delay D": "[5s]", "drain-timeout D": "[30s]", "max-timeout D": "[60s]", "admin-listen ADDR": "[off]", "listen ADDR": gatewayListen,
			"cache ADDR": "[memory]", "cache-ttl TTL": "[pass=5m,fail=10s]", "per-host N": "[10]", "timeout D": "[10s]", "retries N": "[1]",
			"key-rate R/s": "[off]", "max-pending N": "[20000]", "max-urls N": "[1000]", "max-request SIZE": "[1MiB]",
		} {
			_, text, found := strings.Cut(help, "--"+name+" ")
			text, _, _ = strings.Cut(text, " --")
			if gateways := strings.Contains("key-rate R/s max-pending N max-urls N max-request SIZE", name); found != (kind == "gateway" || !gateways) {
				t.Errorf("hc serve %s --%s: %v", kind, name, found)
			} else if found && !strings.Contains(text, want) {
				t.Errorf("hc serve %s --%s: %q, want %s", kind, name, text, want)
			}
		}
	}
}
