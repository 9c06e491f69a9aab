package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/mixus/usher/idps"
)

// patience is for how long a person waits for a page.
const patience = 20 * time.Second

// tab is a tab of a browser in somebody's hand.
type tab struct {
	*house
	ctx context.Context

	mu   sync.Mutex
	went []string // the addresses that it came to
}

// chromium starts a browser without a history, which ends with the test, and returns its first tab.
func (h *house) chromium() *tab {
	h.t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("USHER_REQUIRE_BROWSER") != "" {
			h.t.Fatal("chromium is not installed; apt-get install --no-install-recommends chromium")
		}
		h.t.Skip("chromium is not installed; apt-get install --no-install-recommends chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to be root in one
	}
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(h.t.Context()), options...)
	h.t.Cleanup(cancel)
	return h.tab(ctx)
}

// another opens a tab beside, in the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	return b.tab(b.ctx)
}

func (h *house) tab(parent context.Context) *tab {
	h.t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	h.t.Cleanup(cancel)
	b := &tab{house: h, ctx: ctx}
	h.must(chromedp.Listen(ctx, func(ev any) { // starts the browser, which lives as long as this context
		if sent, ok := ev.(*network.EventRequestWillBeSent); ok && sent.Type == network.ResourceTypeDocument {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.went = append(b.went, sent.Request.URL)
		}
	}))
	b.do("watch where it goes", call(network.Enable, network.EnableParams{}))
	return b
}

// noSuchNode is the protocol's error for a node that is not there any more, among others.
const noSuchNode = -32000

// action is something that a person does.
type action = chromedp.Action[chromedp.Void]

// call makes an action of a command.
func call[P, R any](command cdp.Command[P, R], params P) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// do does something with the tab. What was there a moment ago may be gone when it is touched, where one page leads to
// another by itself; a person tries again.
func (b *tab) do(what string, actions ...action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, actions...)
	for gone := new(cdproto.Error); errors.As(err, &gone) && gone.Code == noSuchNode && ctx.Err() == nil; {
		time.Sleep(50 * time.Millisecond)
		err = chromedp.Do(ctx, actions...)
	}
	if err != nil {
		b.t.Fatalf("%s: %v\nat %s\n%s", what, err, b.at(), b.text())
	}
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
}

func (b *tab) click(selector chromedp.CSS) {
	b.t.Helper()
	b.do("click "+string(selector), chromedp.Click(selector, chromedp.NodeVisible))
}

func (b *tab) fill(selector chromedp.CSS, text string) {
	b.t.Helper()
	b.do("fill in "+string(selector), chromedp.Clear(selector), chromedp.SendKeys(selector, text, chromedp.NodeVisible))
}

func (b *tab) back() {
	b.t.Helper()
	b.do("press the back button", chromedp.NavigateBack())
}

// text is what a person reads; "" while there is no page.
func (b *tab) text() string { return b.ask(`document.body ? document.body.innerText : ""`) }

// at is the address of the page.
func (b *tab) at() string { return b.ask(`location.href`) }

// read is the text of an element, "" where there is none.
func (b *tab) read(selector string) string {
	return b.ask(fmt.Sprintf(`(e => e ? e.textContent : "")(document.querySelector(%q))`, selector))
}

func (b *tab) ask(expression string) string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	answer, _ := chromedp.Run(ctx, chromedp.Evaluate[string](expression)) // between two pages there is nobody to ask
	return answer
}

// sees waits for a page with these words.
func (b *tab) sees(words ...string) {
	b.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		text, missing := b.text(), ""
		for _, word := range words {
			if !strings.Contains(text, word) {
				missing = word
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("no page says %q; at %s\n%s\nits way:\n%s", missing, b.at(), text, strings.Join(b.way(), "\n"))
		}
	}
}

// way returns the addresses that the tab came to.
func (b *tab) way() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.went...)
}

// last returns the last address it came to that begins so.
func (b *tab) last(prefix string) string {
	b.t.Helper()
	way := b.way()
	for i := len(way) - 1; i >= 0; i-- {
		if strings.HasPrefix(way[i], prefix) {
			return way[i]
		}
	}
	b.t.Fatalf("the browser never came to %s…:\n%s", prefix, strings.Join(way, "\n"))
	return ""
}

// typesAddress is what a person does on usher's login page.
func (b *tab) typesAddress(address string) {
	b.t.Helper()
	b.fill("#email", address)
	b.click("button.main")
}

// provesTo is what a person does at the provider: name, password, and where it asks, consent.
func (b *tab) provesTo(p *idps.Provider, who idps.Person) {
	b.t.Helper()
	b.fill(`input[type=password]`, who.Password)
	b.fill(`input[type=text], input[type=email]`, who.User)
	b.do("sign in at "+p.Name, chromedp.Submit(chromedp.CSS(`input[type=password]`)))
	if p.Name == "oidc-provider" {
		b.sees("Let usher know who I am")
		b.click("button")
	}
}

// The views in which every page is looked at.
func views() map[string]action {
	view := func(scheme string, width, height int64, factor float64, phone bool) action {
		return chromedp.Steps(
			call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
			call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: factor, Mobile: phone}),
		)
	}
	return map[string]action{
		"light": view("light", 1024, 768, 1, false), "dark": view("dark", 1024, 768, 1, false), "phone": view("light", 360, 740, 2, true),
	}
}

// unfit says how a page is wider than the view, "" when it is not.
const unfit = `(d => d.scrollWidth > d.clientWidth ? d.scrollWidth + " wide in " + d.clientWidth : "")(document.documentElement)`

// picture takes pictures of the page, and checks that nobody has to move it sideways.
func (b *tab) picture(name string) {
	b.t.Helper()
	root, err := filepath.Abs("..")
	b.must(err)
	folder := filepath.Join(root, ".cache", "screenshots")
	b.must(os.MkdirAll(folder, 0o755))
	for view, look := range views() {
		b.do("look at "+name, look)
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		b.must(err)
		if wide := b.ask(unfit); wide != "" {
			b.t.Errorf("%s, %s: the page is %s", name, view, wide)
		}
		b.must(os.WriteFile(filepath.Join(folder, name+"-"+view+".png"), picture, 0o644))
	}
	b.do("look as before", call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}), call(emulation.ClearDeviceMetricsOverride, cdp.Empty{}))
}

// reference wants the page to have what a person tells the helpdesk.
func (b *tab) reference() {
	b.t.Helper()
	found := b.read(".reference strong")
	if !regexp.MustCompile(`^[0-9A-Z]+-[0-9A-Z]+$`).MatchString(found) {
		b.t.Errorf("the page has the reference %q:\n%s", found, b.text())
	}
}

// build builds examples/app once.
var build = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	program := filepath.Join(root, ".cache", "bin", "example-app")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", program, "../examples/app").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build examples/app: %w\n%s", err, out)
	}
	return program, nil
})

// startApplication starts examples/app, as an operator would.
func (h *house) startApplication() {
	h.t.Helper()
	program, err := build()
	h.must(err)
	wrote := &output{}
	cmd := exec.CommandContext(h.t.Context(), program, "-listen", strings.TrimPrefix(h.application, "http://"), "-issuer", h.url)
	cmd.Stdout, cmd.Stderr = wrote, wrote
	cmd.Env = append(os.Environ(), "APP_CLIENT_SECRET="+clientSecret)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	h.must(cmd.Start())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	h.t.Cleanup(func() {
		<-ended // the test's context is over
		if h.t.Failed() {
			h.t.Logf("the application wrote:\n%s", wrote.String())
		}
	})
	h.eventually("the application serves", func() bool {
		conn, err := new(net.Dialer).DialContext(h.t.Context(), "tcp", strings.TrimPrefix(h.application, "http://"))
		return err == nil && conn.Close() == nil
	})
}

func waitFor(selector chromedp.CSS) action { return chromedp.WaitVisible(selector) }

// clickTwice is what impatient people do: the second click comes before the answer to the first.
func (b *tab) clickTwice(selector string) {
	b.t.Helper()
	middle := fmt.Sprintf(`(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector)
	at, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]float64](middle))
	b.must(err)
	for range 2 {
		before := len(b.way())
		b.do("click "+selector, chromedp.MouseClickXY(at[0], at[1]))
		b.eventually("the browser sends the form", func() bool { return len(b.way()) > before })
	}
}
