// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var files embed.FS

// names are the files besides the page itself.
var names = []string{"page.css", "icon.svg", "app.js", "url.js", "problems.js", "timeline.js", "members.js", "order.js",
	"strip.js", "matrix.js", "heat.js", "blame.js", "drawer.js", "samples.js", "keys.js", "log.js", "text.js"}

// types are listed here since the system's table may be empty.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// asset serves a file. Browsers must revalidate it each time, so that files of two versions
// of the daemon never mix.
func asset(name string) http.Handler {
	b, err := files.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // a name that is not embedded
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(b))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", types[path.Ext(name)])
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
	})
}
