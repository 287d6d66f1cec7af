package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// Dashboard says what is wrong with a dashboard's JSON. known are the metrics
// that its queries may name.
func Dashboard(text []byte, known map[string]bool) []string {
	var found []string
	if err := schema(text); err != nil {
		found = append(found, err.Error())
	}
	var d readBoard
	if err := json.Unmarshal(text, &d); err != nil {
		return append(found, err.Error())
	}
	found = append(found, words("", text)...)
	return append(found, d.problems(known)...)
}

// schema decodes by Grafana's published schema, where no name may be unknown. It
// does not know which panels and which words there are: see words.
func schema(text []byte) error {
	runtime := cog.NewRuntime()
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	runtime.RegisterPanelcfgVariant(bargauge.VariantConfig())
	runtime.RegisterPanelcfgVariant(heatmap.VariantConfig())
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(statetimeline.VariantConfig())
	runtime.RegisterPanelcfgVariant(table.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	var d dashboard.Dashboard //nolint:staticcheck // as in boards
	if err := some(d.UnmarshalJSONStrict(text)); err != nil {
		return err
	}
	return some(d.Validate())
}

// some is err, or nil where it is a list of none, which is what the SDK gives.
func some(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}

// readBoard is what is checked beyond the schema.
type readBoard struct {
	UID    string      `json:"uid"`
	Title  string      `json:"title"`
	Panels []readPanel `json:"panels"`
	Vars   struct {
		List []struct {
			Name string `json:"name"`
		} `json:"list"`
	} `json:"templating"`
}

type readPanel struct {
	ID          int                         `json:"id"`
	Type        string                      `json:"type"`
	Title       string                      `json:"title"`
	Description string                      `json:"description"`
	At          struct{ X, Y, W, H int }    `json:"gridPos"`
	Datasource  readSource                  `json:"datasource"`
	Targets     []readTarget                `json:"targets"`
	FieldConfig struct{ Defaults readUnit } `json:"fieldConfig"`
}

type readTarget struct {
	Expr       string     `json:"expr"`
	RefID      string     `json:"refId"`
	Datasource readSource `json:"datasource"`
}

type readSource struct {
	UID string `json:"uid"`
}

type readUnit struct {
	Unit string `json:"unit"`
}

func (d readBoard) problems(known map[string]bool) []string {
	var found []string
	say := func(p readPanel, format string, args ...any) {
		found = append(found, fmt.Sprintf("panel %d %q: ", p.ID, p.Title)+fmt.Sprintf(format, args...))
	}
	vars := map[string]bool{"__range": true}
	for _, v := range d.Vars.List {
		vars[v.Name] = true
	}
	ids := map[int]bool{}
	for i, p := range d.Panels {
		if ids[p.ID] {
			say(p, "has the id of another panel")
		}
		ids[p.ID] = true
		for _, other := range d.Panels[:i] {
			if p.overlaps(other) {
				say(p, "lies on %q", other.Title)
			}
		}
		if p.At.X < 0 || p.At.X+p.At.W > 24 || p.At.W < 1 || p.At.H < 1 {
			say(p, "does not fit into the 24 columns")
		}
		if p.Title == "" {
			say(p, "has no title")
		}
		if p.Type == "row" {
			continue
		}
		if !slices.Contains(panelTypes(), p.Type) {
			say(p, "is a %q, which Grafana does not have", p.Type)
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" {
			say(p, "has no description, or no unit")
		}
		if p.Datasource.UID != boards.Datasource || len(p.Targets) == 0 {
			say(p, "has no query, or asks %q in place of %q", p.Datasource.UID, boards.Datasource)
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if target.Datasource.UID != boards.Datasource || refs[target.RefID] {
				say(p, "query %s asks %q, or has the letter of another one", target.RefID, target.Datasource.UID)
			}
			refs[target.RefID] = true
			for _, problem := range query(target.Expr, vars, known) {
				say(p, "query %s: %s", target.RefID, problem)
			}
		}
	}
	return found
}

func (p readPanel) overlaps(o readPanel) bool {
	return p.At.X < o.At.X+o.At.W && o.At.X < p.At.X+p.At.W && p.At.Y < o.At.Y+o.At.H && o.At.Y < p.At.Y+p.At.H
}

func panelTypes() []string {
	return []string{"timeseries", "stat", "heatmap", "bargauge", "state-timeline", "table"}
}

// choices are the words that Grafana takes where the schema takes any: those of
// the SDK's enumerations, v0.0.18, as far as the dashboards use them.
func choices() map[string][]string {
	return map[string][]string{
		"colorMode":         {"value", "background", "background_solid", "none"},
		"graphMode":         {"none", "line", "area"},
		"justifyMode":       {"auto", "center"},
		"textMode":          {"auto", "value", "value_and_name", "name", "none"},
		"orientation":       {"auto", "vertical", "horizontal"},
		"drawStyle":         {"line", "bars", "points"},
		"showPoints":        {"auto", "never", "always"},
		"placement":         {"bottom", "right"}, // of a legend
		"format":            {"time_series", "table", "heatmap"},
		"editorMode":        {"code", "builder"},
		"lineInterpolation": {"linear", "smooth", "stepBefore", "stepAfter"},
		"displayMode": {
			"list", "table", "hidden", // of a legend
			"basic", "lcd", "gradient", // of a bar gauge
		},
		"mode": {
			"absolute", "percentage", // of thresholds
			"thresholds", "palette-classic", "fixed", // of a colour
			"none", "normal", "percent", // of stacking
			"off", "line", "dashed", "area", "line+area", "dashed+area", // of thresholds' style
			"single", "multi", // of a tooltip
			"opacity", "scheme", // of a heatmap
		},
	}
}

// words walks through all of a JSON text and looks at the words of [choices].
func words(path string, text []byte) []string {
	var found []string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case json.Unmarshal(text, &list) == nil:
		for i, item := range list {
			found = append(found, words(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	case json.Unmarshal(text, &object) == nil:
		for _, key := range slices.Sorted(maps.Keys(object)) {
			var word string
			allowed, closed := choices()[key]
			if closed && json.Unmarshal(object[key], &word) == nil && !slices.Contains(allowed, word) {
				found = append(found, fmt.Sprintf("%s.%s: %q is not one of %q", path, key, word, allowed))
			}
			found = append(found, words(path+"."+key, object[key])...)
		}
	}
	return found
}
