package live

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// answering is a Prometheus that has a series for each query but those with a word.
func answering(t *testing.T, nothingFor string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		query := r.FormValue("query") + r.FormValue("match[]")
		switch {
		case nothingFor != "" && strings.Contains(query, nothingFor) && strings.Contains(r.URL.Path, "label"):
			fmt.Fprint(w, `{"status":"success","data":[]}`)
		case strings.Contains(r.URL.Path, "label"):
			fmt.Fprint(w, `{"status":"success","data":["b","a"]}`)
		case nothingFor != "" && strings.Contains(query, nothingFor):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"NaN"]]}]}}`)
		case strings.Contains(query, "$"):
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"a variable is left"}`)
		default:
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"x"},"values":[[1,"5"]]}]}}`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestEmptyPanelsAreNamedUnlessTheyAreSkipped(t *testing.T) {
	for name, row := range map[string]struct {
		nothingFor string
		skip       map[string]string
		want       string // of the error; "" is none
	}{
		"all there":           {want: ""},
		"not a number":        {nothingFor: "hc_pool_capacity", want: "overview/Places: no series"},
		"skipped":             {nothingFor: "process_open_fds", skip: map[string]string{"worker/Open files": "why"}},
		"board skipped":       {nothingFor: "container_last_seen", skip: map[string]string{"containers": "why"}},
		"no such job":         {nothingFor: "container_last_seen", want: "containers: $service: no series"},
		"skipped for nothing": {skip: map[string]string{"worker/Open files": "why"}, want: "is skipped, but shows something"},
		"unknown":             {skip: map[string]string{"worker/Open": "why"}, want: "no such dashboard or panel"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(t.Context(), answering(t, row.nothingFor), boards.All(), row.skip, 0)
			switch {
			case row.want == "" && err != nil:
				t.Error(err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

func TestSeriesAreNamedByTheirLegend(t *testing.T) {
	p, err := Connect(answering(t, ""), 60e9, 10)
	if err != nil {
		t.Fatal(err)
	}
	source, err := p.Source(t.Context(), boards.Board{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := source(boards.Panel{Queries: []boards.Query{{Expr: "x", Legend: "of {{job}}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || len(all[0]) != 1 || all[0][0].Name != "of x" || all[0][0].Points[0].Value != 5 {
		t.Errorf("%v", all)
	}
}
