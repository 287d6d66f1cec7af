package lint

import (
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// What Grafana reads from a provisioning file, as far as we say it.
type datasources struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct {
		Name      string         `yaml:"name"`
		UID       string         `yaml:"uid"`
		Type      string         `yaml:"type"`
		Access    string         `yaml:"access"`
		URL       string         `yaml:"url"`
		IsDefault bool           `yaml:"isDefault"`
		Editable  bool           `yaml:"editable"`
		JSONData  map[string]any `yaml:"jsonData"`
	} `yaml:"datasources"`
}

type providers struct {
	APIVersion int `yaml:"apiVersion"`
	Providers  []struct {
		Name                  string            `yaml:"name"`
		Folder                string            `yaml:"folder"`
		Type                  string            `yaml:"type"`
		DisableDeletion       bool              `yaml:"disableDeletion"`
		AllowUIUpdates        bool              `yaml:"allowUiUpdates"`
		UpdateIntervalSeconds int               `yaml:"updateIntervalSeconds"`
		Options               map[string]string `yaml:"options"`
	} `yaml:"providers"`
}

// mounted is where docker-compose.yml puts deploy/grafana/dashboards.
const mounted = "/var/lib/grafana/dashboards"

func provisioning(dir string, say sayer) {
	var d datasources
	file := filepath.Join(dir, "grafana/provisioning/datasources/prometheus.yml")
	strictly(file, &d, say)
	if len(d.Datasources) != 1 || d.Datasources[0].UID != boards.Datasource || d.Datasources[0].Type != "prometheus" || d.Datasources[0].URL != "http://prometheus:9090" {
		say(file, "has to give one Prometheus, with the uid %s, at http://prometheus:9090", boards.Datasource)
	}
	var p providers
	file = filepath.Join(dir, "grafana/provisioning/dashboards/hc.yml")
	strictly(file, &p, say)
	if len(p.Providers) != 1 || p.Providers[0].Type != "file" || p.Providers[0].Options["path"] != mounted {
		say(file, "has to take dashboards from %s", mounted)
	}
}

func strictly(file string, into any, say sayer) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalWithOptions(text, into, yaml.Strict())
	}
	if err != nil {
		say(file, "%v", err)
	}
}
