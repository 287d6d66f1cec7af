//go:build unix

// Package browsertest uses the page at / as a person does, in a Chromium without a
// window. It is a module of its own, since the browser's protocol is larger than
// all else that hc's tests need.
package browsertest

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// pictures is where screenshots of the page go; "" takes none.
var pictures = flag.String("pictures", "", "directory for screenshots of the page")

// newTarget is a site with a page that is well, one that is not and waits for
// answer before it says so, and others for variety.
func newTarget(t *testing.T) (url string, answer func()) {
	waiting, answer := context.WithCancel(t.Context())
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/bad", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-waiting.Done():
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusInternalServerError)
	})
	mux.Handle("/old", http.RedirectHandler("/good", http.StatusMovedPermanently))
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	t.Cleanup(answer)
	return site.URL, answer
}

func TestResultsAppearAsTheyCome(t *testing.T) {
	target, answer := newTarget(t)
	p := open(t, serve(t))
	p.enter("#urls", target+"/bad\n\n  "+target+"/good  \n# a comment\n")
	p.press("#check")
	p.await("the good one, while the other is waited for", `document.querySelectorAll("#results tr").length === 1`)
	p.want("the first result", []string{"pass", "200", "/good", ""}, p.row(0))
	p.want("the count", "1 of 2: 1 passed", p.text("#status"))
	p.await("a Stop that can be pressed", `!document.getElementById("stop").disabled && document.getElementById("check").disabled`)
	answer()
	p.await("the other one", `document.querySelectorAll("#results tr").length === 2`)
	p.want("the second result", []string{"fail", "500", "/bad", "http_status"}, p.row(1))
	p.await("the summary", `document.getElementById("status").textContent.startsWith("Done")`)
	p.want("the summary", "Done in", p.text("#status"))
	p.want("the summary", "2 checked: 1 passed, 1 failed", p.text("#status"))
	p.await("a form that can be sent again", `document.getElementById("stop").disabled && !document.getElementById("check").disabled`)

	p.press("#trouble")
	p.await("only what did not pass", `[...document.querySelectorAll("#results tr")].filter(tr => tr.offsetParent).length === 1`)
}

func TestWhatIsTypedIsNeverHTML(t *testing.T) {
	p := open(t, serve(t))
	p.enter("#urls", `http://127.0.0.1:9/<img src=x onerror="window.owned=1">`)
	p.press("#check")
	p.await("a result", `document.querySelectorAll("#results tr").length === 1`)
	p.await("text, no element", `!document.querySelector("#results img") && window.owned === undefined`)
}

func TestAKeyIsAskedForWhereItIsNeeded(t *testing.T) {
	target, _ := newTarget(t)
	const key = "correct horse"
	p := open(t, serve(t, "HC_KEYS=ci "+sumOf(key)))
	p.enter("#urls", target+"/good")
	p.press("#check")
	p.await("the problem", `document.getElementById("problem").textContent !== ""`)
	p.want("the problem", "A key is needed", p.text("#problem"))
	p.await("the cursor where it goes", `document.activeElement.id === "key"`)
	p.expect("401") // the browser's own line about that answer
	p.enter("#key", key)
	p.press("#check")
	p.await("a result", `document.querySelectorAll("#results tr").length === 1`)
	p.want("no problem", "", p.text("#problem"))
	p.await("a key that is kept nowhere", `localStorage.length === 0 && sessionStorage.length === 0 && document.cookie === ""`)
}

func TestStopEndsTheBatch(t *testing.T) {
	target, _ := newTarget(t)
	p := open(t, serve(t))
	p.enter("#urls", target+"/bad")
	p.press("#check")
	p.await("a batch under way", `!document.getElementById("stop").disabled`)
	p.press("#stop")
	p.await("its end", `document.getElementById("problem").textContent === "Stopped." && !document.getElementById("check").disabled`)
}

// TestThePolicyKeepsOthersOut shows that the page runs under its policy, which
// lets in neither a script that somebody gets into the page nor a word out to
// another host.
func TestThePolicyKeepsOthersOut(t *testing.T) {
	target, _ := newTarget(t)
	p := open(t, serve(t))
	p.run(`document.addEventListener("securitypolicyviolation", (e) => (window.refused ??= []).push(e.effectiveDirective));
		const s = document.createElement("script"); s.textContent = "window.owned = 1"; document.body.append(s);
		const b = document.createElement("b"); b.setAttribute("style", "color: red"); document.body.append(b);
		fetch("` + target + `/good").catch(() => {}); undefined`)
	p.await("three refusals", `(window.refused ?? []).length === 3`)
	p.await("no script that ran", `window.owned === undefined`)
	p.await("each for its reason", `["script-src-elem", "style-src-attr", "connect-src"].every(d => window.refused.includes(d))`)
	p.expect("Content Security Policy", "Refused to connect", "violates the following")
}

// TestThePageFitsAndCanBeRead on a telephone and on a desk, by day and by night.
// The pictures of it are for people to look at.
func TestThePageFitsAndCanBeRead(t *testing.T) {
	target, answer := newTarget(t)
	answer()
	for _, size := range [][2]int64{{390, 1100}, {1000, 740}} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprint(size[0], scheme), func(t *testing.T) {
				p := open(t, serve(t))
				p.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
					_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
					})
					return err
				}))
				p.enter("#urls", strings.Join([]string{target + "/good", target + "/old", target + "/bad", target + "/busy", "http://169.254.169.254/latest/meta-data/", "not a URL"}, "\n"))
				p.press("#check")
				p.await("the summary", `document.getElementById("status").textContent.startsWith("Done")`)
				p.await("a page no wider than its window", `document.documentElement.scrollWidth <= window.innerWidth`)
				p.await("text that stands out from its ground", readable)
				p.picture(fmt.Sprintf("page-%d-%s.png", size[0], scheme))
			})
		}
	}
}

// readable is whether each text has the contrast of 4.5 to 1 that WCAG 2.2 asks
// for (1.4.3), to the page's ground or its own.
const readable = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const light = (color, ground) => {
		canvas.fillStyle = ground; canvas.fillRect(0, 0, 1, 1);
		canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
		const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const base = getComputedStyle(document.documentElement).backgroundColor;
	return [...document.querySelectorAll("body *:not(script):not(style)")].filter(e => e.offsetParent && e.textContent.trim() && !e.disabled).every(e => {
		let ground = base;
		for (let on = e; on; on = on.parentElement) {
			const color = getComputedStyle(on).backgroundColor;
			if (color !== "rgba(0, 0, 0, 0)") { ground = color; break; }
		}
		const [a, b] = [light(getComputedStyle(e).color, base), light(ground, base)].sort((x, y) => y - x);
		return (a + .05) / (b + .05) >= 4.5;
	});
})()`

// A tab is the page, open in a browser of its own.
type tab struct {
	*testing.T
	ctx      context.Context
	said     chan string // what the console was told
	expected []string    // parts of lines that are no fault
}

// open opens the page. The test fails where the console has an error or a warning
// by its end that [tab.expect] does not name.
func open(t *testing.T, gateway string) *tab {
	t.Helper()
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.NoSandbox, // root, as in containers, has none
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), // it speaks to nobody else
		chromedp.UserDataDir(t.TempDir()),
	})
	ctx, end := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(options...))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	p := &tab{T: t, ctx: ctx, said: make(chan string, 100)}
	console := chromedp.Console(ctx)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException() {
				p.said <- m.String()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		end()
		<-listening
		close(p.said)
		for line := range p.said {
			if !slices.ContainsFunc(p.expected, func(part string) bool { return strings.Contains(line, part) }) {
				t.Errorf("the console says: %s", line)
			}
		}
	})
	p.do(chromedp.Navigate("http://" + gateway + "/"))
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatalf("the browser: %v", err)
	}
}

// expect says what lines of the console may contain.
func (p *tab) expect(parts ...string) { p.expected = append(p.expected, parts...) }

// enter types text into the field.
func (p *tab) enter(field, text string) {
	p.Helper()
	p.do(chromedp.SendKeys(field, text))
}

func (p *tab) press(button string) {
	p.Helper()
	p.do(chromedp.Click(button))
}

// run runs script as the developer tools do, which no policy of the page binds.
func (p *tab) run(script string) {
	p.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[*struct{}](script)(ctx, t)
		return chromedp.Void{}, err
	})
}

// await waits until condition holds.
func (p *tab) await(what, condition string) {
	p.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		holds, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](condition))
		switch {
		case err != nil:
			p.Fatalf("waiting for %s: %v", what, err)
		case holds:
			return
		case time.Now().After(until):
			p.picture("failed.png")
			p.Fatalf("no %s: the page says %q", what, p.text("main"))
		}
	}
}

func (p *tab) text(element string) string {
	p.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).innerText", element)))
	if err != nil {
		p.Fatal(err)
	}
	return text
}

// row is outcome, status, URL and why of a result.
func (p *tab) row(n int) []string {
	p.Helper()
	cells, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`[...document.querySelectorAll("#results tr")[%d].cells].map(c => c.textContent)`, n)))
	if err != nil || len(cells) != 5 {
		p.Fatalf("row %d is %q, %v", n, cells, err)
	}
	return []string{cells[0], cells[1], cells[3], cells[4]}
}

// want compares a text, or the texts of a row, with what must be in it; "" is
// nothing at all.
func (p *tab) want(what string, want, got any) {
	p.Helper()
	part, ok := want.(string)
	if ok {
		want, got = []string{part}, []string{got.(string)}
	}
	for i, part := range want.([]string) {
		if text := got.([]string)[i]; !strings.Contains(text, part) || part == "" && text != "" {
			p.Errorf("%s: %q, want %q", what, got, want)
			return
		}
	}
}

// picture keeps a screenshot of the window where one is wanted.
func (p *tab) picture(name string) {
	p.Helper()
	if *pictures == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, name), png, 0o644)
	}
	if err != nil {
		p.Error(err)
	}
}
