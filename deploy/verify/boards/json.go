package boards

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// JSON is b as Grafana reads it, two spaces to a level, so that a change of it
// can be read.
func (b Board) JSON() ([]byte, error) {
	d, err := b.dashboard()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	// The SDK escapes for HTML, which makes PromQL hard to read.
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
	return []byte(plain + "\n"), nil
}

// dashboard is of the first version of Grafana's schema, which each Grafana takes
// from a file; the second is for those that are asked as Kubernetes is.
func (b Board) dashboard() (dashboard.Dashboard, error) { //nolint:staticcheck // deprecated for the second version
	builder := dashboard.NewDashboardBuilder(b.Title) //nolint:staticcheck // as above
	builder = builder.Uid("hc-"+b.Name).
		Description(b.Text).
		Tags([]string{"hc"}).
		Readonly().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Time("now-15m", "now").
		Refresh("10s").
		Link(dashboard.NewDashboardLinkBuilder("hc").
			Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"hc"}).KeepTime(true)).
		Annotation(dashboard.NewAnnotationQueryBuilder().
			Name("Alerts").Datasource(source()).Enable(true).IconColor("red").
			Expr(`ALERTS{alertname=~"Hc.*",alertstate="firing"}`).
			TitleFormat("{{alertname}}").TextFormat("{{instance}}"))
	for _, v := range b.Vars {
		builder = builder.WithVariable(v.builder())
	}
	d, err := builder.Build()
	if err != nil {
		return d, err
	}
	// The SDK hides them in a menu.
	d.Links[0].Placement, d.Annotations.List[0].Placement = nil, nil
	for i, at := range b.Grid() {
		pos := dashboard.GridPos{X: uint32(at.X), Y: uint32(at.Y), W: uint32(at.W), H: uint32(at.H)}
		id := uint32(i + 1)
		if at.Panel == nil {
			row := dashboard.NewRowPanel()
			row.Id, row.Title, row.GridPos = id, &at.Heading, &pos
			d.Panels = append(d.Panels, dashboard.PanelOrRowPanel{RowPanel: row})
			continue
		}
		p, err := at.panel()
		if err != nil {
			return d, fmt.Errorf("%s: %w", at.Title, err)
		}
		p.Id, p.GridPos = &id, &pos
		d.Panels = append(d.Panels, dashboard.PanelOrRowPanel{Panel: &p})
	}
	return d, nil
}

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new(Datasource)}
}

func (v Var) builder() cog.Builder[dashboard.VariableModel] {
	if v.Metric == "" {
		return v.choice()
	}
	b := dashboard.NewQueryVariableBuilder(v.Name).
		Label(v.Label).
		Datasource(source()).
		Query(dashboard.StringOrMap{String: new(fmt.Sprintf("label_values(%s, %s)", v.Metric, v.Of))}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc)
	if v.Many {
		b = b.Multi(true).IncludeAll(true).AllValue(".+").Current(option("All", "$__all"))
	}
	return b
}

func (v Var) choice() cog.Builder[dashboard.VariableModel] {
	all := Intervals()
	options := make([]dashboard.VariableOption, len(all))
	for i, d := range all {
		options[i] = option(d, d)
		options[i].Selected = new(i == 0)
	}
	return dashboard.NewCustomVariableBuilder(v.Name).
		Label(v.Label).
		Description("What rates are taken over: at least four scrapes.").
		Values(dashboard.StringOrMap{String: new(strings.Join(all, ","))}).
		Current(options[0]).
		Options(options)
}

func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: &text},
		Value: dashboard.StringOrArrayOfString{String: &value},
	}
}

// panel is what all kinds have, around what each has of its own.
func (p Panel) panel() (dashboard.Panel, error) {
	out, err := p.shape().Build()
	if err != nil {
		return out, err
	}
	out.Title, out.Description, out.Datasource = &p.Title, &p.Text, new(source())
	for i, q := range p.Queries {
		target, err := p.query(q, string(rune('A'+i))).Build()
		if err != nil {
			return out, err
		}
		out.Targets = append(out.Targets, target)
	}
	if out.FieldConfig == nil {
		out.FieldConfig = dashboard.NewFieldConfigSource()
	}
	of := &out.FieldConfig.Defaults
	of.Unit, of.Thresholds, of.Mappings = &p.Unit, thresholds(p.Steps), words(p.Words)
	of.Min = p.least()
	if p.Empty != "" {
		of.NoValue = &p.Empty
	}
	of.Color = p.colour()
	for _, c := range p.Colors {
		out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, c.override())
	}
	if p.Kind == Table {
		p.columns(&out)
	}
	return out, nil
}

// least is zero for whatever has an axis: all we count is positive, and an axis
// that begins elsewhere exaggerates.
func (p Panel) least() *float64 {
	if p.Kind == Chart || p.Kind == Bars {
		return new(float64)
	}
	return nil
}

func (p Panel) colour() *dashboard.FieldColor {
	mode := dashboard.FieldColorModeIdThresholds
	if p.Kind == Chart {
		mode = dashboard.FieldColorModeIdPaletteClassic
	}
	return &dashboard.FieldColor{Mode: mode}
}

func (c Color) override() dashboard.DashboardFieldConfigSourceOverrides {
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher: dashboard.MatcherConfig{Id: "byName", Options: c.Series},
		Properties: []dashboard.DynamicConfigValue{{
			Id:    "color",
			Value: map[string]string{"mode": "fixed", "fixedColor": c.Color},
		}},
	}
}

func (p Panel) shape() cog.Builder[dashboard.Panel] {
	last := common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})
	tooltip := common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)
	legend := common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)
	switch p.Kind {
	case Stat:
		return stat.NewPanelBuilder().
			ReduceOptions(last).
			ColorMode(common.BigValueColorModeValue).
			GraphMode(common.BigValueGraphModeArea).
			Orientation(common.VizOrientationAuto)
	case Heat:
		return heatmap.NewPanelBuilder().
			Color(heatmap.NewHeatmapColorOptionsBuilder().
				Mode(heatmap.HeatmapColorModeScheme).Scheme("Blues").Fill("dark-blue").Exponent(0.5).Steps(64)).
			YAxis(heatmap.NewYAxisConfigBuilder().Unit(p.Unit)).
			FilterValues(heatmap.NewFilterValueRangeBuilder().Le(1e-9)).
			ShowValue(common.VisibilityModeNever).
			HideLegend().
			Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle))
	case Bars:
		return bargauge.NewPanelBuilder().
			ReduceOptions(last).
			DisplayMode(common.BarGaugeDisplayModeBasic).
			Orientation(common.VizOrientationHorizontal)
	case Strip:
		return statetimeline.NewPanelBuilder().
			ShowValue(common.VisibilityModeNever).
			Legend(legend).
			Tooltip(tooltip)
	case Table:
		return table.NewPanelBuilder().ShowHeader(true).
			Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{}))
	default:
		return p.chart(timeseries.NewPanelBuilder().Legend(legend).Tooltip(tooltip))
	}
}

func (p Panel) chart(b *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	b = b.DrawStyle(common.GraphDrawStyleLine).LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever)
	if p.Stacked {
		b = b.FillOpacity(50).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A"))
	}
	if p.Full > 0 {
		b = b.AxisSoftMax(p.Full)
	}
	if len(p.Steps) > 0 {
		b = b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	return b
}

func (p Panel) query(q Query, ref string) *prometheus.DataqueryBuilder {
	b := prometheus.NewDataqueryBuilder().
		RefId(ref).
		Datasource(source()).
		EditorMode(prometheus.QueryEditorModeCode).
		Expr(q.Expr).
		LegendFormat(q.Legend)
	switch p.Kind {
	case Heat:
		return b.Format(prometheus.PromQueryFormatHeatmap).Range()
	case Table:
		return b.Format(prometheus.PromQueryFormatTable).Instant()
	case Bars:
		return b.Format(prometheus.PromQueryFormatTimeSeries).Instant()
	default:
		return b.Format(prometheus.PromQueryFormatTimeSeries).Range()
	}
}

func thresholds(steps []Step) *dashboard.ThresholdsConfig {
	if len(steps) == 0 {
		return nil
	}
	t := &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute}
	for i, s := range steps {
		at := &s.From
		if i == 0 {
			at = nil // minus infinity
		}
		t.Steps = append(t.Steps, dashboard.Threshold{Value: at, Color: s.Color})
	}
	return t
}

func words(words []string) []dashboard.ValueMapping {
	if len(words) == 0 {
		return nil
	}
	m := dashboard.NewValueMap()
	m.Options = map[string]dashboard.ValueMappingResult{}
	for i, w := range words {
		m.Options[strconv.Itoa(i)] = dashboard.ValueMappingResult{Text: &w, Index: new(int32(i))}
	}
	return []dashboard.ValueMapping{{ValueMap: m}}
}

// columns makes one table of the queries' tables: joined by what they have in
// common, the instance, each value under its own title.
func (p Panel) columns(out *dashboard.Panel) {
	titles := map[string]string{"instance": "Target"}
	for i, q := range p.Queries {
		titles[fmt.Sprintf("Value #%c", 'A'+i)] = q.Legend
		out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, q.column())
	}
	out.Transformations = []dashboard.DataTransformerConfig{
		{Id: "merge", Options: map[string]any{}},
		{Id: "organize", Options: map[string]any{"excludeByName": map[string]bool{"Time": true}, "renameByName": titles}},
	}
}

func (q Query) column() dashboard.DashboardFieldConfigSourceOverrides {
	o := dashboard.DashboardFieldConfigSourceOverrides{Matcher: dashboard.MatcherConfig{Id: "byName", Options: q.Legend}}
	set := func(id string, value any) {
		o.Properties = append(o.Properties, dashboard.DynamicConfigValue{Id: id, Value: value})
	}
	if q.Unit != "" {
		set("unit", q.Unit)
	}
	if len(q.Words) > 0 {
		set("mappings", words(q.Words))
	}
	if len(q.Steps) > 0 {
		set("thresholds", thresholds(q.Steps))
		set("custom.cellOptions", map[string]string{"type": "color-text"})
	}
	return o
}
