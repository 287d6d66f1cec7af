package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// TestPrometheusIsCleanExposition checks what `promtool check metrics` does:
// the grammar, HELP and TYPE before a family's samples, families in one piece,
// base units, no "total" for what is no counter, quantiles only in a summary.
func TestPrometheusIsCleanExposition(t *testing.T) {
	help := regexp.MustCompile(`^# HELP ([a-z_]+) [A-Z].*\.$`)
	kind := regexp.MustCompile(`^# TYPE ([a-z_]+) (gauge|summary)$`)
	sample := regexp.MustCompile(`^([a-z_]+?)(_sum|_count)?(\{([a-z]+)="([^"\\]*)"\})? (NaN|[0-9.]+)$`)
	for name, rs := range map[string][]check.Result{"a run": sampleRun(t), "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			out := render(t, "prometheus", OutputOptions{}, rs)
			if !strings.HasSuffix(out, "\n") {
				t.Error("the last line has no end")
			}
			families := make(map[string]string)
			series := make(map[string]bool)
			family := ""
			for line := range strings.Lines(out) {
				line = strings.TrimSuffix(line, "\n")
				if m := help.FindStringSubmatch(line); m != nil {
					if family = m[1]; families[family] != "" {
						t.Errorf("%s comes twice", family)
					}
					continue
				}
				if m := kind.FindStringSubmatch(line); m != nil {
					if m[1] != family {
						t.Errorf("TYPE of %s after HELP of %s", m[1], family)
					}
					families[family] = m[2]
					continue
				}
				m := sample.FindStringSubmatch(line)
				switch {
				case m == nil:
					t.Errorf("not of the grammar: %s", line)
				case m[1] != family || families[family] == "":
					t.Errorf("a sample outside its family: %s", line)
				case strings.HasSuffix(m[1], "_total") || strings.Contains(m[1], "milli"):
					t.Errorf("badly named: %s", line)
				case (m[2] != "" || m[4] == "quantile") && families[family] != "summary":
					t.Errorf("not of a %s: %s", families[family], line)
				case m[4] != "" && m[4] != "outcome" && m[4] != "reason" && m[4] != "quantile" && m[4] != "version":
					t.Errorf("label of %s", line)
				case series[m[1]+m[2]+m[3]]:
					t.Errorf("a series twice: %s", line)
				default:
					series[m[1]+m[2]+m[3]] = true
				}
			}
			if len(series) != 4+22+7+7 {
				t.Errorf("%d series: their number must not depend on the run", len(series))
			}
		})
	}
}
