// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// enter admits a call, before anything of its body is read, or answers the request. HTTP has no encryption, so tokens
// and payloads stay on this machine.
func (a *API) enter(w http.ResponseWriter, r *http.Request, method string) (ctx context.Context, ok bool) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		fail(w, otherMachine)
		return nil, false
	}
	if foreign(r) {
		fail(w, otherSite)
		return nil, false
	}
	if ctx, err = a.cfg.Calls().Enter(r, method); err != nil {
		fail(w, problemOf(err))
		return nil, false
	}
	return ctx, true
}

// origins refuses what pages of other sites post.
var origins = http.NewCrossOriginProtection()

// foreign reports whether a page of another site may have made a request. Browsers name the site that posts, since 2020 in
// one of two headers at least. What posts without them is a program; or an older browser, whose name begins as below.
func foreign(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false // a page cannot read the answer
	}
	named := r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
	return origins.Check(r) != nil || !named && strings.HasPrefix(r.UserAgent(), "Mozilla/")
}
