// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"strconv"
)

// livez reports whether the daemon's event loops respond. If not, a restart is the remedy.
func (c Config) livez(w http.ResponseWriter, _ *http.Request) {
	if err := c.Live(); err != nil {
		answer(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, "live")
}

// maxMinAlive bounds min_alive; no cluster is that large.
const maxMinAlive = 1 << 20

// readyz reports whether the node has joined, and sees at least min_alive members alive.
func (c Config) readyz(w http.ResponseWriter, r *http.Request) {
	want := 0
	if query := r.URL.Query(); query.Has("min_alive") {
		var err error
		text := query.Get("min_alive")
		if want, err = strconv.Atoi(text); err != nil || want < 0 || want > maxMinAlive {
			answer(w, http.StatusBadRequest, fmt.Sprintf("min_alive %.40q: want a number, 0 to %d", text, maxMinAlive))
			return
		}
	}
	phase, _ := c.State.Phase()
	alive, unready := c.Alive(), c.State.Unready()
	switch {
	case unready != "":
		answer(w, http.StatusServiceUnavailable, unready)
	case alive < want:
		answer(w, http.StatusServiceUnavailable, fmt.Sprintf("%s: %d alive, want %d", phase, alive, want))
	default:
		answer(w, http.StatusOK, fmt.Sprintf("%s: %d alive", phase, alive))
	}
}

// answer sends a line of text that no cache keeps, and ends the connection: probes are seconds
// apart, so that an idle one would only take room.
func answer(w http.ResponseWriter, code int, line string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	fmt.Fprintln(w, line)
}
