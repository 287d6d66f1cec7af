package internal

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/hc-health/hc"

// A room is a directory with one job. Where a line lives has a mechanical
// answer: in the room that owns its import.
type room struct {
	dir   string
	below []string // rooms it may import: arrows point down only
	owns  []string // imports that no other room may have, with all below them
}

// rooms is the house. Siblings never import each other.
func rooms() []room {
	const check, pool = "internal/check", "internal/pool"
	siblings := []string{"internal/cache", "internal/rpc", "internal/gateway", "internal/metrics", "internal/report", "internal/demo"}
	downstairs := []string{pool, check}
	return []room{
		{"cmd/hc", append(siblings, downstairs...), []string{
			"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/spf13/viper", "os/signal",
		}},
		{"internal/cache", downstairs, []string{
			"github.com/redis/go-redis/v9", "github.com/maypok86/otter/v2", "github.com/sony/gobreaker/v2",
		}},
		{"internal/rpc", downstairs, []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/grpc-ecosystem"}},
		{"internal/gateway", downstairs, []string{"golang.org/x/time/rate"}},
		{"internal/metrics", downstairs, []string{"github.com/prometheus", "go.opentelemetry.io"}},
		{"internal/report", downstairs, []string{"github.com/goccy/go-yaml", "encoding/csv", "encoding/xml"}},
		{"internal/demo", []string{check}, nil},
		{pool, []string{check}, nil},
		{check, nil, []string{"code.dny.dev/ssrf", "golang.org/x/net", "net/http/httptrace"}},
	}
}

// shared are libraries that say nothing of what a room is about.
func shared() []string {
	return []string{"golang.org/x/sync", "golang.org/x/sys", "golang.org/x/term"}
}

// testLibraries are those that only tests import, in any room.
func testLibraries() []string {
	return []string{
		"go.uber.org/goleak", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal",
		"github.com/Shopify/toxiproxy/v2", "github.com/santhosh-tekuri/jsonschema/v6",
		"go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf/proto",
	}
}

// outside are directories that stand beside the house and may look into it.
func outside() []string { return []string{"bench", "examples", "sim"} }

// httpSides are the two sides of net/http and who knows each. Names that are in
// neither list, such as Header and StatusOK, are vocabulary for everybody. A
// Client that is made elsewhere would escape the limits and the address guard.
func httpSides() map[string]struct{ rooms, names []string } {
	return map[string]struct{ rooms, names []string }{
		"client": {[]string{"internal/check"}, []string{
			"Client", "DefaultClient", "DefaultTransport", "Get", "Head", "NewRequest", "NewRequestWithContext",
			"Post", "PostForm", "ReadResponse", "RoundTripper", "Transport",
		}},
		"server": {[]string{"internal/gateway", "internal/demo", "internal/metrics"}, []string{
			"Handle", "Handler", "HandleFunc", "HandlerFunc", "ListenAndServe", "ListenAndServeTLS", "MaxBytesHandler",
			"MaxBytesReader", "NewCrossOriginProtection", "NewServeMux", "ResponseWriter", "Serve", "ServeMux", "Server",
			"ServeTLS", "TimeoutHandler",
		}},
	}
}

func TestArrowsPointDownAndEachLibraryHasOneRoom(t *testing.T) {
	for _, v := range violations(t, os.DirFS("..")) {
		t.Error(v)
	}
}

func TestEachLibraryIsAccountedFor(t *testing.T) {
	doc := read(t, "../docs/dependencies.md")
	libraries := append(shared(), testLibraries()...)
	for _, r := range rooms() {
		libraries = append(libraries, r.owns...)
	}
	for _, l := range libraries {
		if !isStandard(l) && !strings.Contains(doc, l) {
			t.Errorf("docs/dependencies.md does not say why %s, and what it was chosen over", l)
		}
	}
}

// TestEachDirectDependencyHasARow in docs/dependencies.md.
func TestEachDirectDependencyHasARow(t *testing.T) {
	mod, doc := read(t, "../go.mod"), read(t, "../docs/dependencies.md")
	direct := 0
	for line := range strings.Lines(mod) {
		word := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(word) != 2 || !strings.HasPrefix(word[1], "v") { // indirect ones have a comment
			continue
		}
		if direct++; !strings.Contains(doc, word[0]) {
			t.Errorf("docs/dependencies.md does not say what %s is for", word[0])
		}
	}
	if direct < 10 {
		t.Errorf("%d direct dependencies are found in go.mod", direct)
	}
}

// TestTheLayoutIsThatOfTheHouse: each room has its row, and the ways through the
// house lead over files that are there.
func TestTheLayoutIsThatOfTheHouse(t *testing.T) {
	doc := read(t, "../docs/layout.md")
	var rows, dirs []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(doc, -1) {
		rows = append(rows, row[1])
	}
	for _, r := range rooms() {
		dirs = append(dirs, r.dir)
	}
	slices.Sort(rows)
	slices.Sort(dirs)
	if !slices.Equal(rows, dirs) {
		t.Errorf("docs/layout.md has the rooms %s, the house has %s", rows, dirs)
	}
	there := map[string]bool{}
	for _, root := range []string{"../cmd/hc", "../internal"} {
		err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
			there[path.Base(name)], there[strings.TrimPrefix(name, "../")] = true, true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range regexp.MustCompile("`([a-z0-9_/]+\\.(?:go|proto|json))`").FindAllStringSubmatch(doc, -1) {
		if !there[file[1]] {
			t.Errorf("docs/layout.md leads to %s, which is not there", file[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheWallsStand shows that the test above can fail, and how it says so.
func TestTheWallsStand(t *testing.T) {
	for name, row := range map[string]struct{ file, code, want string }{
		"up":               {"internal/pool/x.go", `import _ "` + module + `/internal/cache"`, "internal/pool may import internal/check and nothing else of this module"},
		"sideways":         {"internal/cache/x.go", `import _ "` + module + `/internal/report"`, "internal/cache may import internal/pool, internal/check and nothing else of this module"},
		"down":             {"internal/cache/x.go", `import _ "` + module + `/internal/check/checktest"`, ""},
		"up in a test":     {"internal/check/x_test.go", `import _ "` + module + `/cmd/hc"`, "internal/check may import nothing of this module"},
		"not its own":      {"internal/pool/x.go", `import _ "github.com/redis/go-redis/v9"`, "github.com/redis/go-redis/v9 belongs to internal/cache"},
		"its own":          {"internal/cache/redis/x.go", `import _ "github.com/redis/go-redis/v9/maintnotifications"`, ""},
		"std with owner":   {"internal/check/x.go", `import _ "encoding/csv"`, "encoding/csv belongs to internal/report"},
		"nobody's":         {"internal/check/x.go", `import _ "example.com/new"`, "example.com/new belongs to no room yet"},
		"test library":     {"internal/pool/x.go", `import _ "go.uber.org/goleak"`, "go.uber.org/goleak belongs to no room yet"},
		"owned, in a test": {"cmd/hc/x_test.go", `import _ "google.golang.org/protobuf/proto"`, ""},
		"owned elsewhere":  {"cmd/hc/x.go", `import _ "google.golang.org/protobuf/proto"`, "google.golang.org/protobuf/proto belongs to internal/rpc"},
		"in its place":     {"internal/pool/x_test.go", `import _ "go.uber.org/goleak"`, ""},
		"client":           {"internal/report/x.go", `import "net/http"; var _ http.Client`, "http.Client is of the client side, which belongs to internal/check"},
		"server":           {"internal/check/x.go", `import web "net/http"; var _ web.Handler`, "http.Handler is of the server side, which belongs to internal/gateway and internal/demo and internal/metrics"},
		"vocabulary":       {"internal/report/x.go", `import "net/http"; var _ = http.StatusOK`, ""},
		"new room":         {"internal/utils/x.go", ``, "internal/utils is no room"},
		"outside":          {"bench/x.go", `import _ "github.com/redis/go-redis/v9"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := violations(t, fstest.MapFS{
				"go.mod": {Data: []byte("module " + module)},
				row.file: {Data: []byte("package x\n" + row.code)},
			})
			switch {
			case row.want == "" && len(got) > 0:
				t.Errorf("refused: %s", got)
			case row.want != "" && (len(got) != 1 || !strings.Contains(got[0], row.want)):
				t.Errorf("got %q, want one that says %q", got, row.want)
			}
		})
	}
}

// violations reads every Go file of the module, for whatever system it is
// built, and says which lines stand in the wrong room.
func violations(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.ContainsAny(d.Name()[:1], "._") || d.Name() == "testdata" || isModule(fsys, name)):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found = append(found, inFile(set, name, file)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func isModule(fsys fs.FS, dir string) bool {
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

func inFile(set *token.FileSet, name string, file *ast.File) []string {
	dir := path.Dir(name)
	if dir == "internal" || slices.ContainsFunc(outside(), func(o string) bool { return within(dir, o) }) {
		return nil
	}
	i := slices.IndexFunc(rooms(), func(r room) bool { return within(dir, r.dir) })
	if i < 0 {
		return []string{fmt.Sprintf("%s: %s is no room: add it to the table in internal/arch_test.go, or find the room that owns what it does", name, dir)}
	}
	here, test := rooms()[i], strings.HasSuffix(name, "_test.go")
	var found []string
	say := func(at ast.Node, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s: ", set.Position(at.Pos()))+fmt.Sprintf(format, args...))
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			say(spec, "%v", err)
			continue
		}
		if wrong := here.mayImport(imported, test); wrong != "" {
			say(spec, "%s", wrong)
		}
		if imported == "net/http" && !test {
			for _, s := range selectorsOf(file, spec) {
				if wrong := here.mayUse(s.Sel.Name); wrong != "" {
					say(s, "%s", wrong)
				}
			}
		}
	}
	return found
}

// mayImport is "" where r may, and else says why not.
func (r room) mayImport(imported string, test bool) string {
	if rel, ok := strings.CutPrefix(imported, module+"/"); ok {
		if within(rel, r.dir) || withinAny(rel, r.below) {
			return ""
		}
		allowed := "nothing"
		if len(r.below) > 0 {
			allowed = strings.Join(r.below, ", ") + " and nothing else"
		}
		return fmt.Sprintf("%s may import %s of this module, not %s", r.dir, allowed, rel)
	}
	if test && withinAny(imported, testLibraries()) {
		return ""
	}
	for _, owner := range rooms() {
		if withinAny(imported, owner.owns) {
			if owner.dir == r.dir {
				return ""
			}
			return fmt.Sprintf("%s belongs to %s: call that room, or move this there", imported, owner.dir)
		}
	}
	if isStandard(imported) || withinAny(imported, shared()) {
		return ""
	}
	return fmt.Sprintf("%s belongs to no room yet: add it to the table in internal/arch_test.go and to docs/dependencies.md", imported)
}

// mayUse is "" where r may use the name of net/http, and else says why not.
func (r room) mayUse(name string) string {
	for side, s := range httpSides() {
		if slices.Contains(s.names, name) && !slices.Contains(s.rooms, r.dir) {
			return fmt.Sprintf("http.%s is of the %s side, which belongs to %s", name, side, strings.Join(s.rooms, " and "))
		}
	}
	return ""
}

// selectorsOf gives each use of the package that spec imports.
func selectorsOf(file *ast.File, spec *ast.ImportSpec) []*ast.SelectorExpr {
	local := "http"
	if spec.Name != nil {
		local = spec.Name.Name
	}
	var found []*ast.SelectorExpr
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local {
				found = append(found, s)
			}
		}
		return true
	})
	return found
}

// isStandard reports whether the standard library has the path: no other's
// begins with a name without a dot.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// within reports whether a path is dir or below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func withinAny(p string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return within(p, dir) })
}
