// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/escape"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// maxNamed is how many members a finding about many names.
const maxNamed = 5

// encryption: all members require encryption, or none of them encrypts. What lies between is
// a transition that should be completed, and two members more than a step apart do not
// understand each other.
func encryption(e *exam) (wrong []Finding, well string) {
	all := append([]*tamtamv1.Inspection{e.self}, e.answered...)
	at := map[string][]*tamtamv1.Inspection{}
	for _, m := range all {
		at[step(m)] = append(at[step(m)], m)
	}
	off, accept, send, require := at[daemonflags.Encryptions[0]], at[daemonflags.Encryptions[1]], at[daemonflags.Encryptions[2]], at[daemonflags.Encryptions[3]]
	for _, m := range off {
		if ahead := slices.Concat(send, require); len(ahead) > 0 {
			wrong = append(wrong, about(m, Failure, toAccept, "it drops the packets of members that encrypt: %s", names(ahead)))
		}
	}
	for _, m := range accept {
		if len(require) > 0 {
			wrong = append(wrong, about(m, Failure, toSend, "it sends in clear, which is dropped by members that require encryption: %s", names(require)))
		}
	}
	onTheWay := func(found string, members []*tamtamv1.Inspection, do string) {
		found = fmt.Sprintf("%d of %d members %s: %s", len(members), len(all), found, names(members))
		wrong = append(wrong, Finding{Verdict: Warning, Found: found, Do: do})
	}
	switch {
	case len(off) == len(all):
		return nil, "none of the members that answer encrypts"
	case len(require) == len(all):
		return nil, "all members that answer require encryption"
	case len(off) > 0:
		onTheWay("cannot read what is encrypted", off, toAccept)
	case len(accept) > 0:
		onTheWay("still send in clear", accept, toSend)
	default:
		onTheWay("still accept unencrypted packets", send, "all members encrypt: set --encrypt require on one member after the other")
	}
	return wrong, ""
}

const (
	toAccept = "restart one member after the other with the keyring of the cluster and --encrypt accept"
	toSend   = "all can read what is encrypted: set --encrypt send on one member after the other"
)

// step returns the value of --encrypt of a member. A daemon of an older version does not
// name it.
func step(m *tamtamv1.Inspection) string {
	switch r := m.GetReport(); {
	case r.GetEncryption() != "":
		return r.GetEncryption()
	case r.GetSealed():
		return daemonflags.EncryptRequire
	}
	return daemonflags.EncryptOff
}

// names lists the names, or the addresses, of members: maxNamed at most.
func names(members []*tamtamv1.Inspection) string {
	var all []string
	for _, m := range members[:min(len(members), maxNamed)] {
		name := escape.Name(m.GetMember().GetName())
		if name == "" {
			name = addr(m)
		}
		all = append(all, name)
	}
	list := strings.Join(all, ", ")
	if more := len(members) - len(all); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
