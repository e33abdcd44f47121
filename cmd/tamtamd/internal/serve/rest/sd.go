// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/eelcocramer/tamtam/internal/restapi"
)

// metaPrefix begins the labels of targets.
const metaPrefix = "__meta_tamtam_"

// targets serves the live members that match as targets: at a fixed port, or at that of a service that they offer.
// Their labels are the name, address and status of the member, and its tags.
func (a *API) targets(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	text := values.Get("port")
	fixed := values.Has("port")
	q, err := parse(values)
	if err != nil {
		fail(w, invalid(err))
		return
	}
	port, err := strconv.ParseUint(text, 10, 16)
	switch {
	case fixed == (q.Service != ""):
		fail(w, invalid(errors.New("want either port, such as port=9100, or service, such as service=web")))
		return
	case fixed && (err != nil || port == 0):
		fail(w, invalid(fmt.Errorf("port %.40q: want 1 to 65535", text)))
		return
	}
	answerEach(w, []restapi.TargetGroup{}, func(yield func(restapi.TargetGroup) bool) {
		for v := range a.live(q) {
			if !yield(target(v, uint16(port), q.Service)) {
				return
			}
		}
	})
}

// target returns a member as a target, at a port or at that of a service.
func target(v restapi.Member, port uint16, service string) restapi.TargetGroup {
	labels := map[string]string{metaPrefix + "name": v.Name, metaPrefix + "address": v.Address, metaPrefix + "status": v.Status}
	if s, ok := offered(v, service); ok {
		port = s.Port
		labels[metaPrefix+"service"] = s.Name
	}
	for _, key := range slices.Sorted(maps.Keys(v.Tags)) { // of two with one label, always the same
		labels[metaPrefix+"tag_"+label(key)] = v.Tags[key]
	}
	return restapi.TargetGroup{Targets: []string{net.JoinHostPort(v.IP, strconv.Itoa(int(port)))}, Labels: labels}
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
