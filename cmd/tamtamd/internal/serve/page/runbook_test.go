// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/doctor"
)

var rewrite = flag.Bool("update", false, "write assets/runbook.html again, from docs")

const runbookFile = "assets/runbook.html"

// TestRunbook compares the runbook that the daemon serves with the guide that it is made of. It
// is made here, so that the daemon needs no Markdown.
func TestRunbook(t *testing.T) {
	want := runbook(t)
	if *rewrite {
		if err := os.WriteFile(runbookFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(runbookFile)
	if err != nil || string(have) != want {
		t.Errorf("%s is not what docs say (%v): run make docs", runbookFile, err)
	}
	for _, check := range append(doctor.Checks(), "incidents") {
		if strings.Count(want, fmt.Sprintf(`<h2 id="%s">`, check)) != 1 || !strings.Contains(want, fmt.Sprintf(`<a href="#%s">`, check)) {
			t.Errorf("no section, or no link to it: %s", check)
		}
	}
	for _, left := range []string{"`", "**", "](", "<h2>"} {
		if strings.Contains(want, left) {
			t.Errorf("%q is left", left)
		}
	}
}

// runbook makes the page: a section for each check, then the incidents.
func runbook(t *testing.T) string {
	_, checks, ok := strings.Cut(readDoc(t, "troubleshooting.md"), "\n## ")
	_, incidents, ok2 := strings.Cut(readDoc(t, "operations.md"), "\n## Incidents\n")
	incidents, _, ok3 := strings.Cut(incidents, "\n## ")
	if !ok || !ok2 || !ok3 {
		t.Fatal("the guides have other sections")
	}
	var body, list strings.Builder
	for _, s := range append(strings.Split(checks, "\n## "), "incidents\n"+incidents) {
		name, text, _ := strings.Cut(s, "\n")
		fmt.Fprintf(&list, "<li><a href=\"#%s\">%s</a></li>\n", name, name)
		fmt.Fprintf(&body, "<section>\n<h2 id=\"%s\">%s</h2>\n", name, name)
		for _, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
			fmt.Fprintf(&body, "<p>%s</p>\n", inline(p))
		}
		body.WriteString("</section>\n")
	}
	return fmt.Sprintf(runbookFrame, list.String(), body.String())
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	mdLink = regexp.MustCompile(`\[([^]]+)\]\(([^)#]*)(#[^)]*)?\)`)
	mdBold = regexp.MustCompile(`(?s)\*\*(.+?)\*\*`)
	mdCode = regexp.MustCompile("(?s)`(.+?)`")
)

// inline makes HTML of a paragraph. A link to another guide becomes the file's name, since that
// guide is not served.
func inline(markdown string) string {
	s := html.EscapeString(markdown)
	s = mdLink.ReplaceAllStringFunc(s, func(l string) string {
		m := mdLink.FindStringSubmatch(l)
		switch m[2] {
		case "": // in the same guide
			return m[1]
		case "troubleshooting.md":
			return fmt.Sprintf(`<a href="%s">%s</a>`, map[bool]string{true: "#top", false: m[3]}[m[3] == ""], m[1])
		}
		return fmt.Sprintf("%s (docs/%s)", m[1], m[2])
	})
	s = mdCode.ReplaceAllString(s, "<code>$1</code>")
	return mdBold.ReplaceAllString(s, "<strong>$1</strong>")
}

const runbookFrame = `<!doctype html>
<!-- SPDX-FileCopyrightText: The TamTam Authors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made of docs/troubleshooting.md and docs/operations.md by make docs: change those. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Runbook · TamTam</title>
<link rel="icon" type="image/svg+xml" href="/page/icon.svg">
<link rel="stylesheet" href="/page/page.css">
</head>
<body class="runbook">
<header id="top">
  <h1><img src="/page/icon.svg" alt="" width="20" height="20"> TamTam <span>runbook</span></h1>
  <p><a href="/">status page</a></p>
</header>
<main>
<p>What each finding of <code>tamtamctl doctor</code> and of the status page means, and what to do. A
<em>failure</em> does not work; a <em>warning</em> works, but needs attention.</p>
<nav aria-label="Sections"><ul>
%s</ul></nav>
%s</main>
</body>
</html>
`
