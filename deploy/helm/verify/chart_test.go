package verify

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const chart = "../hc"

// program is the path of one that make helm-check has built.
func program(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run make helm-check", variable)
	}
	return path
}

// template renders the chart with the value files and --set words given. The
// error is what helm says on stderr.
func template(t testing.TB, args ...string) (string, string) {
	t.Helper()
	cmd := exec.Command(program(t, "HELM"), append([]string{"template", "try", chart, "--namespace", "checks"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", stderr.String() + err.Error()
	}
	return stdout.String(), ""
}

// An object of the rendered chart, of any kind: what the tests look at.
type object struct {
	Kind     string
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Replicas        *int
		MinReadySeconds int
		ClusterIP       string
		Selector        json.RawMessage
		PodSelector     selector
		PolicyTypes     []string
		Ports           []struct{ Name string }
		Ingress         []rule
		Egress          []rule
		Template        struct {
			Metadata struct{ Labels map[string]string }
			Spec     pod
		}
		Metrics []struct {
			Type string
			Pods struct{ Metric struct{ Name string } }
		}
	}
}

type selector struct{ MatchLabels map[string]string }

type rule struct {
	From, To []struct {
		PodSelector       *selector
		NamespaceSelector *selector
		IPBlock           *struct {
			CIDR   string
			Except []string
		}
	}
	Ports []struct{ Port any }
}

type pod struct {
	AutomountServiceAccountToken  *bool
	EnableServiceLinks            *bool
	TerminationGracePeriodSeconds int
	SecurityContext               struct {
		RunAsNonRoot   bool
		RunAsUser      int
		SeccompProfile struct{ Type string }
	}
	InitContainers []container
	Containers     []container
}

type container struct {
	Name, Image     string
	Command, Args   []string
	Env             []variable
	Resources       struct{ Limits map[string]any }
	SecurityContext struct {
		AllowPrivilegeEscalation *bool
		ReadOnlyRootFilesystem   bool
		Privileged               bool
		Capabilities             struct{ Add, Drop []string }
	}
	LivenessProbe, ReadinessProbe *struct {
		HTTPGet, GRPC *struct{ Path string }
		Exec          *struct{ Command []string }
	}
}

type variable struct {
	Name, Value string
	ValueFrom   *struct{ SecretKeyRef struct{ Name, Key string } }
}

// objects parses what helm template writes.
func objects(t testing.TB, text string) []object {
	t.Helper()
	var all []object
	for document := range strings.SplitSeq("\n"+text, "\n---") {
		var o object
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		if o.Kind != "" {
			all = append(all, o)
		}
	}
	return all
}

// one is the object of a kind whose name ends as given.
func one(t testing.TB, all []object, kind, suffix string) object {
	t.Helper()
	for _, o := range all {
		if o.Kind == kind && strings.HasSuffix(o.Metadata.Name, suffix) {
			return o
		}
	}
	t.Fatalf("no %s …%s", kind, suffix)
	return object{}
}

// eachCase runs a test for every value file of the chart.
func eachCase(t *testing.T, f func(t *testing.T, file, text string, all []object)) {
	t.Helper()
	files, err := filepath.Glob(chart + "/ci/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d value files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			text, failure := template(t, "-f", file)
			if failure != "" {
				t.Fatal(failure)
			}
			f(t, file, text, objects(t, text))
		})
	}
}
