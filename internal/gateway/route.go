package gateway

import (
	"net/http"
	"slices"
	"time"
)

// A route is a path and what is done with it.
type route struct {
	label   string // as a metric label
	methods []string
	keyed   bool // a key is needed
	quiet   bool // asked every few seconds by machines: not worth a log line
	serve   func(*reply, *http.Request) *problem
}

const otherRoute = "other"

// Routes lists the values of the label "route".
func Routes() []string {
	return []string{"/check", "/v1/check", "/probe", "/healthz", "/readyz", otherRoute}
}

// KeyedRoutes lists the paths that check something, and take a key where there are
// any: what is worth a trace.
func KeyedRoutes() []string { return []string{"/check", "/v1/check", "/probe"} }

func (g *Gateway) newRoutes() map[string]route {
	read, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	routes := map[string]route{
		"/check":        {"/check", post, true, false, g.check},
		"/v1/check":     {"/v1/check", post, true, false, g.check},
		"/healthz":      {"/healthz", read, false, true, g.healthz},
		"/readyz":       {"/readyz", read, false, true, g.readyz},
		"/":             {otherRoute, read, false, false, newPage().serve},
		"/openapi.json": {otherRoute, read, false, false, newContract(g.cfg).serve},
	}
	if g.cfg.Probe != nil {
		routes["/probe"] = route{"/probe", read, true, false, g.probe}
	}
	return routes
}

// ServeHTTP implements [http.Handler].
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, known := g.routes[r.URL.Path]
	if !known {
		rt.label = otherRoute
	}
	rep := &reply{ResponseWriter: w, began: time.Now(), id: [1]string{requestID(r.Header)}}
	defer g.finish(rep, r, rt) // last: it catches panics
	header := w.Header()
	header["X-Request-Id"] = rep.id[:]
	if g.draining.Load() {
		header.Set("Connection", "close")
	}
	if p := g.serve(rep, r, rt); p != nil {
		p.write(rep, r)
	}
}

// serve asks what can be asked before the body is read, then the route.
func (g *Gateway) serve(rep *reply, r *http.Request, rt route) *problem {
	switch {
	case headerBytes(r) > maxHeader:
		return headerTooLarge()
	case rt.serve == nil:
		return notFound()
	case !slices.Contains(rt.methods, r.Method):
		return notAllowed(rt.methods)
	case !rt.keyed:
		return rt.serve(rep, r)
	case g.origin.Check(r) != nil:
		return crossSite()
	}
	var known bool
	if rep.caller, known = g.cfg.Keys.callerOf(r.Header); !known {
		return unauthorized(r.Header)
	}
	return rt.serve(rep, r)
}

// maxHeader is what request line and header may have, in bytes.
const maxHeader = 16 << 10

func headerBytes(r *http.Request) int {
	const lineEnd, colon = 2, 2
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + 2 + lineEnd + len("Host") + colon + len(r.Host) + 2*lineEnd
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + colon + len(v) + lineEnd
		}
	}
	return n
}

// probe is a batch of one URL, as far as limits go.
func (g *Gateway) probe(rep *reply, r *http.Request) *problem {
	if p := g.admit(rep, r, 1); p != nil {
		return p
	}
	defer g.pending.end(1)
	g.cfg.Probe.ServeHTTP(rep, r.WithContext(g.onBehalf(r.Context(), rep, r)))
	return nil
}
