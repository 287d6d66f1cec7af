package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest/hostile"
)

// Rows 17 and 18 of the fault matrix: a whole gateway in a network of its own, in
// which every address answers, and in which the name server is a hostile one.

// inside starts a gateway that opens nothing but what a service opens by itself.
func inside(t *testing.T, args ...string) *service {
	t.Helper()
	s := launch(t, "gateway", append([]string{"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--retries", "0", "--cache", "off"}, args...)...)
	s.awaitReady(t)
	return s
}

func TestFault17NoURLLeadsInwards(t *testing.T) {
	if !hostile.InHouse(t) {
		return
	}
	hostile.AskHere(t)
	canary := hostile.OpenCanary(t, nil)
	open := serve(t, "gateway", "--allow-cidr", "127.0.0.1/32")
	front := inside(t)
	c := newCaller(t)

	seen := c.ask(t, open.address, []string{"http://127.0.0.1/"})
	seen.passed(t, 1)
	if hits := canary.TakeHits(); len(hits) != 1 || hits[0] != netip.MustParseAddr("127.0.0.1") {
		t.Fatalf("the canary sees %v of what no guard holds back", hits)
	}

	rows := hostile.URLs()
	raws := make([]string, len(rows))
	for i, row := range rows {
		raws[i] = row.Raw
	}
	own := "http://" + front.address + "/"
	answer := c.ask(t, front.address, append(raws, own))
	answer.complete(t, len(rows)+1)
	if hits := canary.TakeHits(); len(hits) > 0 {
		t.Errorf("a batch of hostile URLs dialled %v", hits)
	}
	var blocked string
	for i, r := range answer.Results {
		want := check.BlockedAddress
		if i < len(rows) {
			want = check.Reason(rows[i].Reason)
		}
		if want != "" && r.Reason != want {
			t.Errorf("%s: %s (%s), want %s", r.Target.Input, cmp.Or(r.Reason, "pass"), r.Error, want)
		}
		if r.Reason != check.BlockedAddress {
			continue
		}
		if blocked = cmp.Or(blocked, r.Error); r.Error != blocked || r.RemoteIP.IsValid() {
			t.Errorf("%s tells more than others do: %s %s", r.Target.Input, r.Error, r.RemoteIP)
		}
	}
	for _, visit := range hostile.Visits() {
		for i, want := range visit.Reasons {
			r := c.ask(t, front.address, []string{visit.URL})
			r.complete(t, 1)
			if hits := canary.TakeHits(); len(hits) > 0 {
				t.Errorf("%s: dialled %v", visit.Name, hits)
			}
			if len(r.Results) == 1 && r.Results[0].Reason != check.Reason(want) {
				t.Errorf("%s, check %d: %q (%s), want %q", visit.Name, i+1, r.Results[0].Reason, r.Results[0].Error, want)
			}
		}
	}
	for _, target := range append(raws, own) {
		if strings.ContainsAny(target, "\r\n\t #\\") { // no query of a URL as it stands
			continue
		}
		if code, _ := get(t, "http://"+front.address+"/probe?target="+target); code == 0 {
			t.Fatalf("no answer to a probe of %s", target)
		}
	}
	if hits := canary.TakeHits(); len(hits) > 0 {
		t.Errorf("probes of hostile URLs dialled %v", hits)
	}
	if code, _ := get(t, "http://"+front.address+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz %d after it all", code)
	}
	c.leaves(t)
	front.idle(t)
}

func TestFault18NameServers(t *testing.T) {
	if !hostile.InHouse(t) {
		return
	}
	const patience = 700 * time.Millisecond
	hundred := make([]string, 100)
	for i := range hundred {
		hundred[i] = fmt.Sprintf("93.184.217.%d", i)
	}
	hostile.AskHere(t)
	names := hostile.Names{
		"nxdomain.test.": {Code: 3},
		"servfail.test.": {Code: 2},
		"empty.test.":    {Turns: [][]string{{}}},
		"silent.test.":   {Silent: true},
		"loop.test.":     {Alias: "pool.test."},
		"pool.test.":     {Alias: "loop.test."},
		"hundred.test.":  {Turns: [][]string{hundred}},
	}
	var silent []string
	for i := range 100 {
		name := fmt.Sprintf("silent%d.test", i)
		names[name+"."] = hostile.Name{Silent: true}
		silent = append(silent, "http://"+name+"/")
	}
	canary := hostile.OpenCanary(t, names)
	front := inside(t, "--connect-timeout", patience.String(), "--allow-port", "81")
	c := newCaller(t)
	for _, row := range []struct {
		name, url string
		want      []check.Reason // any of them
		most      time.Duration
	}{
		{"good", "http://ok.test/", []check.Reason{""}, time.Second},
		{"NXDOMAIN", "http://nxdomain.test/", []check.Reason{check.DNS}, time.Second},
		{"SERVFAIL", "http://servfail.test/", []check.Reason{check.DNS}, time.Second},
		{"no address", "http://empty.test/", []check.Reason{check.DNS}, time.Second},
		{"silent", "http://silent.test/", []check.Reason{check.DNS, check.ConnectTimeout, check.Timeout}, patience + 100*time.Millisecond},
		{"CNAME loop", "http://loop.test/", []check.Reason{check.DNS}, time.Second},
		{"100 addresses", "http://hundred.test/", []check.Reason{""}, time.Second},
		{"100 addresses, nobody there", "http://hundred.test:81/", []check.Reason{check.ConnectRefused}, time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := c.ask(t, front.address, []string{row.url}, `"timeout_ms":3000`)
			answer.complete(t, 1)
			if r := answer.Results[0]; !slices.Contains(row.want, r.Reason) {
				t.Errorf("%q (%s), want one of %q", r.Reason, r.Error, row.want)
			}
			inTime(t, "the answer", answer.took, row.most)
		})
	}
	t.Run("good ones beside silent ones", func(t *testing.T) {
		waiting := make(chan batchAnswer, 1)
		go func() { waiting <- c.ask(t, front.address, silent, `"timeout_ms":3000`) }()
		good := c.ask(t, front.address, urls("http://ok.test/", 20))
		good.passed(t, 20)
		inTime(t, "good ones beside silent ones", good.took, time.Second)
		(<-waiting).complete(t, len(silent))
	})
	if hits := canary.TakeHits(); len(hits) > 0 {
		t.Errorf("dialled %v", hits)
	}
	c.leaves(t)
	front.idle(t)
}
