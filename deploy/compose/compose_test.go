// Package compose holds docker-compose.yml to its rules, without an engine.
package compose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// A rule says what is wrong with a service, "" for nothing.
type rule func(types.ServiceConfig) string

// rules hold for every service.
func rules() map[string]rule {
	return map[string]rule{
		"its image is pinned": func(s types.ServiceConfig) string {
			if _, tag, _ := strings.Cut(s.Image, ":"); tag == "" || tag == "latest" {
				return "image " + s.Image
			}
			return ""
		},
		"its ports are this machine's": func(s types.ServiceConfig) string {
			for _, p := range s.Ports {
				if p.HostIP != "127.0.0.1" {
					return "port " + p.Published + " is published on " + p.HostIP + "*"
				}
			}
			return ""
		},
		"it has a health check": func(s types.ServiceConfig) string {
			return unless(s.HealthCheck != nil && len(s.HealthCheck.Test) > 1, "none")
		},
		"its processors are bounded": func(s types.ServiceConfig) string { return unless(s.CPUS > 0, "cpus is not set") },
		"its memory is bounded":      func(s types.ServiceConfig) string { return unless(s.MemLimit > 0, "mem_limit is not set") },
		"its processes are bounded":  func(s types.ServiceConfig) string { return unless(s.PidsLimit > 0, "pids_limit is not set") },
		"it has no capability": func(s types.ServiceConfig) string {
			return unless(slices.Equal(s.CapDrop, []string{"ALL"}) && len(s.CapAdd) == 0, "not all are dropped")
		},
		"it gains no privilege": func(s types.ServiceConfig) string {
			return unless(slices.Contains(s.SecurityOpt, "no-new-privileges:true") && !s.Privileged, "it may")
		},
		"its root is read-only": func(s types.ServiceConfig) string { return unless(s.ReadOnly, "it is not") },
		"it can be scaled":      func(s types.ServiceConfig) string { return unless(s.ContainerName == "", "container_name is set") },
		"it has networks of its own": func(s types.ServiceConfig) string {
			_, byDefault := s.Networks["default"]
			return unless(len(s.Networks) > 0 && !byDefault && s.NetworkMode == "", "it is on the default one")
		},
		"its end is waited for": func(s types.ServiceConfig) string {
			ours := s.Build != nil
			return unless(!ours || s.StopGracePeriod != nil && time.Duration(*s.StopGracePeriod) > 35*time.Second,
				"stop_grace_period is not above --drain-delay and --drain-timeout")
		},
	}
}

func unless(ok bool, wrong string) string {
	if ok {
		return ""
	}
	return wrong
}

func TestEachServiceKeepsTheRules(t *testing.T) {
	for name, s := range load(t).Services {
		for what, broken := range rules() {
			if wrong := broken(s); wrong != "" {
				t.Errorf("%s: %s: %s", name, what, wrong)
			}
		}
	}
}

// TestEachRuleCanBeBroken shows that the test above can fail.
func TestEachRuleCanBeBroken(t *testing.T) {
	bad := types.ServiceConfig{ContainerName: "redis"}
	bad.Image, bad.Privileged = "redis:latest", true
	bad.Build = &types.BuildConfig{}
	bad.Ports = []types.ServicePortConfig{{Published: "6379"}}
	for what, broken := range rules() {
		if broken(bad) == "" {
			t.Errorf("%s: nothing is found wrong with a service that breaks it", what)
		}
	}
}

func TestWhoMeetsWhom(t *testing.T) {
	p := load(t)
	want := map[string][]string{
		"front":   {"api-gateway", "grafana", "prometheus"},
		"inside":  {"api-gateway", "cadvisor", "grafana", "health-worker", "prometheus", "redis"},
		"targets": {"health-worker"},
	}
	for network, members := range want {
		var got []string
		for name, s := range p.Services {
			if _, ok := s.Networks[network]; ok {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, members) {
			t.Errorf("on %s are %v, want %v", network, got, members)
		}
	}
	if !p.Networks["inside"].Internal {
		t.Error("inside has a way out")
	}
}

// load reads docker-compose.yml as Compose v2 does, with no variable set.
func load(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../docker-compose.yml"}, cli.WithName("hc"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}
