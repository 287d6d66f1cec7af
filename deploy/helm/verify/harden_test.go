package verify

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// TestEveryContainerIsHardened: as little as can be may be done from within.
func TestEveryContainerIsHardened(t *testing.T) {
	eachCase(t, func(t *testing.T, _, _ string, all []object) {
		seen := 0
		for _, o := range all {
			spec := o.Spec.Template.Spec
			for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
				seen++
				for what, good := range map[string]bool{
					"runs as a numbered user that is not root":   spec.SecurityContext.RunAsNonRoot && spec.SecurityContext.RunAsUser > 0,
					"has the runtime's seccomp profile":          spec.SecurityContext.SeccompProfile.Type == "RuntimeDefault",
					"has no token of the API server":             isFalse(spec.AutomountServiceAccountToken),
					"gets no HC_… variables from service links":  isFalse(spec.EnableServiceLinks),
					"gains no privileges":                        isFalse(c.SecurityContext.AllowPrivilegeEscalation) && !c.SecurityContext.Privileged,
					"has no capabilities":                        slices.Equal(c.SecurityContext.Capabilities.Drop, []string{"ALL"}) && c.SecurityContext.Capabilities.Add == nil,
					"writes nothing":                             c.SecurityContext.ReadOnlyRootFilesystem,
					"is probed":                                  c.LivenessProbe != nil && c.ReadinessProbe != nil,
					"has an image with a version":                regexp.MustCompile(`(:[0-9]+\.[0-9]+\.[0-9]+|@sha256:[0-9a-f]{64})$`).MatchString(c.Image),
					"is told of its memory limit, if it has one": told(c),
				} {
					if !good {
						t.Errorf("not so: %s %s %s", o.Metadata.Name, c.Name, what)
					}
				}
			}
		}
		if seen != 2 {
			t.Errorf("%d containers, and there should be a gateway and a worker", seen)
		}
	})
}

func isFalse(b *bool) bool { return b != nil && !*b }

// told says that GOMEMLIMIT is there where a memory limit is.
func told(c container) bool {
	_, limited := c.Resources.Limits["memory"]
	return limited == slices.ContainsFunc(c.Env, func(v variable) bool { return v.Name == "GOMEMLIMIT" && v.Value != "" })
}

// TestTheImageIsWhatTheChartTakesItFor: its user, and where the program is.
func TestTheImageIsWhatTheChartTakesItFor(t *testing.T) {
	image := read(t, "../../../Dockerfile")
	text, failure := template(t, "-f", chart+"/ci/mtls.yaml")
	if failure != "" {
		t.Fatal(failure)
	}
	worker := one(t, objects(t, text), "Deployment", "-worker").Spec.Template.Spec
	for _, want := range []string{
		fmt.Sprintf("\nUSER %d:", worker.SecurityContext.RunAsUser),
		fmt.Sprintf("\nENTRYPOINT [%q]", worker.Containers[0].ReadinessProbe.Exec.Command[0]),
	} {
		if !strings.Contains(image, want) {
			t.Errorf("no %q in the Dockerfile", want)
		}
	}
}

// TestMemoryLimitIsNineTenths, by the units of Kubernetes.
func TestMemoryLimitIsNineTenths(t *testing.T) {
	for limit, want := range map[string]string{
		"256Mi": "241591910", "1Gi": "966367641", "1G": "900000000", "500M": "450000000", "1000000": "900000",
	} {
		t.Run(limit, func(t *testing.T) {
			text, failure := template(t, "-f", chart+"/ci/keys.yaml", "--set", "worker.resources.limits.memory="+limit)
			if failure != "" {
				t.Fatal(failure)
			}
			env := one(t, objects(t, text), "Deployment", "-worker").Spec.Template.Spec.Containers[0].Env
			if !slices.ContainsFunc(env, func(v variable) bool { return v.Name == "GOMEMLIMIT" && v.Value == want }) {
				t.Errorf("%+v, want %s", env, want)
			}
		})
	}
}

// TestAProcessEndsBeforeItIsKilled: the grace period is longer than its drain.
func TestAProcessEndsBeforeItIsKilled(t *testing.T) {
	eachCase(t, func(t *testing.T, _, _ string, all []object) {
		for _, suffix := range []string{"-gateway", "-worker"} {
			spec := one(t, all, "Deployment", suffix).Spec.Template.Spec
			drain := seconds(t, spec, "drain-delay") + seconds(t, spec, "drain-timeout")
			if grace := spec.TerminationGracePeriodSeconds; grace < drain+5 {
				t.Errorf("%s: %d s to end, and draining takes up to %d", suffix, grace, drain)
			}
		}
	})
}

func seconds(t *testing.T, spec pod, flag string) int {
	t.Helper()
	for _, arg := range spec.Containers[0].Args {
		if value, ok := strings.CutPrefix(arg, "--"+flag+"="); ok {
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			return int(d.Seconds())
		}
	}
	t.Fatalf("no --%s", flag)
	return 0
}

// TestNoSecretIsInTheManifest: what is one comes from a Secret, by reference.
func TestNoSecretIsInTheManifest(t *testing.T) {
	eachCase(t, func(t *testing.T, file, text string, all []object) {
		if strings.Contains(text, "kind: Secret\n") || regexp.MustCompile(`rediss?://[^\s"]*@`).MatchString(text) {
			t.Error("a secret is rendered")
		}
		if !strings.Contains(read(t, file), "hc-redis") {
			return
		}
		env := one(t, all, "Deployment", "-worker").Spec.Template.Spec.Containers[0].Env
		at := slices.IndexFunc(env, func(v variable) bool { return v.Name == "HC_CACHE" })
		if at < 0 || env[at].Value != "" || env[at].ValueFrom == nil || env[at].ValueFrom.SecretKeyRef.Name != "hc-redis" {
			t.Errorf("%+v: Redis is not taken from its Secret", env)
		}
	})
}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestValuesThatCannotBeAreRefused, with words that say what to do.
func TestValuesThatCannotBeAreRefused(t *testing.T) {
	for _, row := range []struct{ name, set, want string }{
		{"nobody may ask", "gateway.keys.secret=", "who may ask?"},
		{"keys and anybody", "gateway.allowAnonymous=true", "contradict each other"},
		{"a value that is none", "gateway.replica=3", "replica"},
		{"a password in the address of Redis", "cache.redis=redis://:hunter2@redis:6379/0", "/cache/redis"},
		{"Redis twice", "cache.secret=hc-redis", "cache.redis and cache.secret"},
		{"one half of mutual TLS", "mtls.workerSecret=w", "gatewaySecret and workerSecret are both needed"},
		{"a flag that the chart sets", "worker.flags.listen=:1", "there is a value of the chart for it"},
		{"the cache as a flag", "worker.flags.cache=redis://:hunter2@redis", "there is a value of the chart for it"},
		{"a flag with its dashes", "worker.flags.--per-host=1", "'--per-host' does not match pattern"},
		{"a network that is none", "targets.allowCIDR={10.0.0.1}", "/targets/allowCIDR/0"},
		{"no time to drain", "drain.timeout=0", "/drain/timeout"},
		{"a port that is none", "targets.allowPorts={70000}", "/targets/allowPorts/0"},
		{"a limit in odd units", "worker.resources.limits.memory=1e9", "is not understood"},
		{"more than most", "worker.autoscaling.enabled=true,worker.autoscaling.min=20", "max 10 is less than min 20"},
		{"a metric nobody has", "worker.autoscaling.by=luck", "/worker/autoscaling/by"},
		{"an Ingress for nothing", "gateway.ingress.enabled=true", "which name is it for?"},
		{"a digest cut short", "image.digest=sha256:abc", "/image/digest"},
		{"a Probe that goes nowhere", "probe.enabled=true,probe.targets={https://example.com/}", "set gateway.probe too"},
		{"a Probe without a key", "probe.enabled=true,gateway.probe=true,probe.targets={https://example.com/}", "/probe wants a key"},
		{"a Probe of nothing", "probe.enabled=true,gateway.probe=true,probe.keySecret=k", "which URLs?"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, failure := template(t, "-f", chart+"/ci/keys.yaml", "--set", row.set)
			if !strings.Contains(failure, row.want) {
				t.Errorf("want %q in: %s", row.want, failure)
			}
		})
	}
}

// TestEachValueIsDescribed in the chart's README, and nothing else is.
func TestEachValueIsDescribed(t *testing.T) {
	var values map[string]any
	if err := yaml.Unmarshal([]byte(read(t, chart+"/values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	there := leaves("", values)
	var described []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`.+?`) \\|").FindAllStringSubmatch(read(t, chart+"/README.md"), -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			described = append(described, strings.Trim(name, "`"))
		}
	}
	slices.Sort(described)
	for _, name := range there {
		if !slices.Contains(described, name) {
			t.Errorf("%s is in values.yaml and not in README.md", name)
		}
	}
	for _, name := range described {
		if !slices.Contains(there, name) {
			t.Errorf("%s is in README.md and not in values.yaml", name)
		}
	}
}

// leaves are the paths of all values, sorted. What Kubernetes itself defines is
// one value.
func leaves(path string, values map[string]any) []string {
	var all []string
	for key, value := range values {
		at := strings.TrimPrefix(path+"."+key, ".")
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 && key != "resources" {
			all = append(all, leaves(at, inner)...)
			continue
		}
		all = append(all, at)
	}
	slices.Sort(all)
	return all
}
