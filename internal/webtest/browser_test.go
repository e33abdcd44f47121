// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// timeout is how long anything may take. It is no expectation of speed.
const timeout = 90 * time.Second

// browserPath finds a browser, or skips the test.
func browserPath(t *testing.T) string {
	t.Helper()
	if p := os.Getenv("TAMTAM_BROWSER"); p != "" {
		return p
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	t.Skipf("no browser: none of %s is installed, and TAMTAM_BROWSER is not set", strings.Join(names, ", "))
	return ""
}

// tab is a page in a browser of its own.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex // guards complaints
	complaints []string
}

// openTab opens a URL in a window of that size.
func openTab(t *testing.T, url string, width, height int64) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browserPath(t)), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(timeout), // a busy machine starts it slowly
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it does not start otherwise
	}
	b := &tab{t: t}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithListener(b.listen))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser has ended
		stop()
	})
	b.ctx = ctx
	call(b, log.Enable, cdp.Empty{})
	b.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
	return b
}

// listen notes what a page that is right never has: errors, scripts that end badly, what
// the policy stopped, and dialogs.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			b.complaints = append(b.complaints, fmt.Sprint(e.Entry.Source, ": ", e.Entry.Text, " ", e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		b.complaints = append(b.complaints, "dialog: "+e.Message)
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
		}()
	}
}

// takeComplaints returns what there was since the last time.
func (b *tab) takeComplaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.complaints
	b.complaints = nil
	return all
}

// run runs an action, with a bound.
func run[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	type result struct {
		v   T
		err error
	}
	// The context of the first run is the browser's, so it has no bound.
	ended := make(chan result, 1)
	go func() {
		v, err := chromedp.Run(b.ctx, a)
		ended <- result{v, err}
	}()
	select {
	case r := <-ended:
		if r.err != nil {
			b.t.Fatal(r.err)
		}
		return r.v
	case <-time.After(timeout):
		b.t.Fatal("the browser does not answer")
		panic("unreachable")
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	run(b, chromedp.Steps(steps...))
}

// call runs a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return run(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// eval returns the value of an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression))
}

// until polls an expression until it is true.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	for end := time.Now().Add(timeout); !eval[bool](b, `Boolean(`+expression+`)`); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("never: %s\n%s\n%v", what, eval[string](b, "document.body.innerText"), b.takeComplaints())
		}
	}
}
