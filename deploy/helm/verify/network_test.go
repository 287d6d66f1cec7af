package verify

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestWorkersReachTheInternetAndNothingInside, and are reached by gateways and
// Prometheus alone.
func TestWorkersReachTheInternetAndNothingInside(t *testing.T) {
	eachCase(t, func(t *testing.T, file, _ string, all []object) {
		if strings.HasSuffix(file, "anonymous.yaml") {
			if slices.ContainsFunc(all, func(o object) bool { return o.Kind == "NetworkPolicy" }) {
				t.Error("a policy, and it was switched off")
			}
			return
		}
		gateway, worker := one(t, all, "NetworkPolicy", "-gateway"), one(t, all, "NetworkPolicy", "-worker")
		for _, policy := range []object{gateway, worker} {
			if !slices.Equal(policy.Spec.PolicyTypes, []string{"Ingress", "Egress"}) {
				t.Errorf("%s is about %v", policy.Metadata.Name, policy.Spec.PolicyTypes)
			}
		}
		allowed := strings.HasSuffix(file, "everything.yaml") // which opens 10.1.0.0/16, and /probe
		for address, want := range map[string]bool{
			"1.1.1.1": true, "100.63.255.255": true, "100.128.0.1": true, "172.32.0.1": true, "2606:4700::1111": true,
			"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false,
			"127.0.0.1": false, "169.254.169.254": false, "168.63.129.16": false, "192.0.0.192": false, "0.0.0.0": false,
			"224.0.0.1": false, "255.255.255.255": false, "::1": false, "fd00:ec2::254": false, "fe80::1": false,
			"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false, "::ffff:10.0.0.1": false,
			"10.1.2.3": allowed,
		} {
			if got := reaches(t, worker, address); got != want {
				t.Errorf("worker to %s: %v, want %v", address, got, want)
			}
			if got := reaches(t, gateway, address); got != (want && allowed) {
				t.Errorf("gateway to %s: %v, want %v", address, got, want && allowed)
			}
		}
		for _, r := range worker.Spec.Ingress {
			if len(r.From) == 0 || len(r.Ports) != 1 {
				t.Errorf("workers are open to %+v", r)
			}
			if r.Ports[0].Port == "grpc" && (len(r.From) != 1 || r.From[0].PodSelector.MatchLabels["app.kubernetes.io/component"] != "gateway") {
				t.Errorf("workers take calls of %+v", r.From)
			}
		}
		for _, r := range gateway.Spec.Ingress {
			if r.Ports[0].Port == "admin" && len(r.From) == 0 {
				t.Error("the gateway's admin port is open to all")
			}
		}
	})
}

// reaches says whether a rule of policy lets its pods connect to address, on
// whatever port. Rules about Redis are left out: where that is, the test cannot
// know.
func reaches(t *testing.T, policy object, address string) bool {
	t.Helper()
	ip := netip.MustParseAddr(address)
	for _, r := range policy.Spec.Egress {
		for _, to := range r.To {
			if to.IPBlock == nil || !netip.MustParsePrefix(to.IPBlock.CIDR).Contains(ip) {
				continue
			}
			if !slices.ContainsFunc(to.IPBlock.Except, func(c string) bool { return within(t, c, to.IPBlock.CIDR).Contains(ip) }) {
				return true
			}
		}
	}
	return false
}

// within is the network c, which must be part of outer: Kubernetes refuses others.
func within(t *testing.T, c, outer string) netip.Prefix {
	t.Helper()
	p, o := netip.MustParsePrefix(c), netip.MustParsePrefix(outer)
	if p != p.Masked() || !o.Contains(p.Addr()) || p.Bits() <= o.Bits() {
		t.Errorf("%s is no part of %s", c, outer)
	}
	return p
}

// TestSelectorsFindThePods: of Deployments, Services, policies and budgets.
func TestSelectorsFindThePods(t *testing.T) {
	eachCase(t, func(t *testing.T, file, text string, all []object) {
		for _, part := range []string{"gateway", "worker"} {
			labels := one(t, all, "Deployment", "-"+part).Spec.Template.Metadata.Labels
			if labels["app.kubernetes.io/component"] != part {
				t.Errorf("%s has the labels %v", part, labels)
			}
			for _, o := range all {
				if !strings.HasSuffix(o.Metadata.Name, "-"+part) || o.Kind == "Ingress" || o.Kind == "HorizontalPodAutoscaler" {
					continue
				}
				want := selects(t, o)
				if len(want) != 3 {
					t.Errorf("%s %s selects %v", o.Kind, o.Metadata.Name, want)
				}
				for k, v := range want {
					if labels[k] != v {
						t.Errorf("%s %s selects %s=%s, and the pod has %q", o.Kind, o.Metadata.Name, k, v, labels[k])
					}
				}
			}
		}
		if one(t, all, "Service", "-worker").Spec.ClusterIP != "None" {
			t.Error("the workers' Service is not headless: the gateway would find one of them")
		}
		for _, port := range one(t, all, "Service", "-gateway").Spec.Ports {
			if port.Name != "http" {
				t.Errorf("callers reach the port %s", port.Name)
			}
		}
		if strings.HasSuffix(file, "everything.yaml") && !strings.Contains(text, "kind: ServiceMonitor") {
			t.Error("no ServiceMonitor")
		}
	})
}

// TestScaling: who scales sets no replicas, and each metric is one that the
// service has.
func TestScaling(t *testing.T) {
	eachCase(t, func(t *testing.T, file, _ string, all []object) {
		for _, part := range []string{"gateway", "worker"} {
			at := slices.IndexFunc(all, func(o object) bool {
				return o.Kind == "HorizontalPodAutoscaler" && strings.HasSuffix(o.Metadata.Name, "-"+part)
			})
			if fixed := one(t, all, "Deployment", "-"+part).Spec.Replicas != nil; fixed == (at >= 0) {
				t.Errorf("%s: replicas fixed %v, scaled %v", part, fixed, at >= 0)
			}
			if part == "worker" && strings.HasSuffix(file, "everything.yaml") {
				if m := all[at].Spec.Metrics; len(m) != 2 || m[0].Pods.Metric.Name != "hc_pool_in_flight" || m[1].Pods.Metric.Name != "hc_pool_queued" {
					t.Errorf("scaled by %+v", m)
				}
			}
		}
		if one(t, all, "Deployment", "-worker").Spec.MinReadySeconds < 40 {
			t.Error("an old worker may go before a gateway has found the new one")
		}
	})
}

// selects are the labels that o looks for, which stand in another place for a
// Service, a NetworkPolicy and all the rest.
func selects(t testing.TB, o object) map[string]string {
	t.Helper()
	switch o.Kind {
	case "NetworkPolicy":
		return o.Spec.PodSelector.MatchLabels
	case "Service":
		var labels map[string]string
		if err := json.Unmarshal(o.Spec.Selector, &labels); err != nil {
			t.Fatal(err)
		}
		return labels
	}
	var s selector
	if err := json.Unmarshal(o.Spec.Selector, &s); err != nil {
		t.Fatal(err)
	}
	return s.MatchLabels
}
