// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// targetGroup is one element of what Prometheus reads by http_sd_configs.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// metaPrefix begins the labels of targets.
const metaPrefix = "__meta_tamtam_"

// targets serves the live members that match as targets: at a fixed port, or at that of a service that they offer.
// Their labels are the name, address and status of the member, and its tags.
func (a *API) targets(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	text := values.Get("port")
	fixed := values.Has("port")
	values.Del("port")
	q, err := parse(values, "tag", "name", "service")
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	port, err := strconv.ParseUint(text, 10, 16)
	switch {
	case fixed == (q.service != ""):
		fail(w, http.StatusBadRequest, "want either port, such as port=9100, or service, such as service=web")
		return
	case fixed && (err != nil || port == 0):
		fail(w, http.StatusBadRequest, "port %.40q: want 1 to 65535", text)
		return
	}
	groups := []targetGroup{}
	for _, v := range a.live(q) {
		at := uint16(port)
		labels := map[string]string{metaPrefix + "name": v.Name, metaPrefix + "address": v.Address, metaPrefix + "status": v.Status}
		if s, ok := offers(v, q.service); ok {
			at = s.Port
			labels[metaPrefix+"service"] = s.Name
		}
		for _, key := range slices.Sorted(maps.Keys(v.Tags)) { // of two with one label, always the same
			labels[metaPrefix+"tag_"+label(key)] = v.Tags[key]
		}
		groups = append(groups, targetGroup{
			Targets: []string{net.JoinHostPort(v.IP, strconv.Itoa(int(at)))}, Labels: labels,
		})
	}
	answer(w, groups)
}

// label returns a key of a tag as a part of the name of a label, with _ for other characters than letters and digits.
func label(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, key)
}
