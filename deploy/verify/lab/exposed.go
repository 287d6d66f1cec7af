package lab

import (
	"context"
	"strings"
)

// Exposed is what a gateway and a worker tell Prometheus before anything was
// asked, and what /probe answers of a page behind TLS, one after the other in
// Prometheus's text format.
func Exposed(ctx context.Context, dir, repo string) (string, error) {
	l := &Lab{dir: dir, repo: repo}
	ctx, cancel := context.WithCancel(ctx)
	defer l.Stop()
	defer cancel()
	hc, err := l.build(ctx)
	if err != nil {
		return "", err
	}
	ports, err := freePorts(4)
	if err != nil {
		return "", err
	}
	pages, err := l.pages(ctx)
	if err != nil {
		return "", err
	}
	common := append([]string{"--allow-cidr", "127.0.0.0/8", "--drain-delay", "0"}, pages.resolve...)
	if err := l.begin(ctx, "gateway", hc, append([]string{"serve", "gateway", "--listen", ports[0], "--admin-listen", ports[1], "--probe-config", pages.modules}, common...)...); err != nil {
		return "", err
	}
	if err := l.begin(ctx, "worker", hc, append([]string{"serve", "worker", "--listen", ports[2], "--admin-listen", ports[3]}, common...)...); err != nil {
		return "", err
	}
	var all strings.Builder
	asked := []string{"http://" + ports[1] + "/metrics", "http://" + ports[3] + "/metrics"}
	for _, page := range pages.probed {
		asked = append(asked, "http://"+ports[0]+"/probe?target="+page)
	}
	for _, url := range asked {
		text, err := l.ready(ctx, url)
		if err != nil {
			return "", err
		}
		all.WriteString(text)
	}
	return all.String(), nil
}
