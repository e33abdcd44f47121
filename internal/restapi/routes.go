// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package restapi describes the paths below /v1/ that the daemon serves by HTTP, once: the daemon takes the paths, their
// parameters and their objects from here, and so does the reference.
package restapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Prefix begins all paths.
const Prefix = "/v1/"

// Route is a path that is served.
type Route struct {
	Name         string // of the handler
	Method, Path string // as http.ServeMux takes them
	Summary      string // one sentence
	Text         string // the rest
	Params       []Param
	Request      string   // the message of protocol buffers that the body may have as JSON; empty: no body
	Response     string   // the one of the answer; empty: Answer or Lines has it
	Answer       any      // zero value of the answer
	Lines        []any    // zero values of what the lines of a stream are
	Fails        []int    // statuses besides 400 and 403
	Scopes       []string // the tokens that it takes; empty: it needs none
}

// Param is a parameter in the query or in the path.
type Param struct {
	Name    string
	Text    string
	Kind    Kind
	Path    bool     // in the path
	Many    bool     // may be given several times
	Words   []string // what it may be; empty: anything of its kind
	Example string
}

// Kind is what the text of a parameter is.
type Kind string

// The kinds.
const (
	Text    Kind = "string"
	Number  Kind = "integer"
	Switch  Kind = "boolean"
	Instant Kind = "date-time"
)

// Pattern returns the pattern of the route, for http.ServeMux.
func (r Route) Pattern() string { return r.Method + " " + r.Path }

// maxValues bounds the values of all parameters of a request: of messages, up to 256 members and 32 conditions.
const maxValues = 300

// Check returns an error if a query has a parameter that the route does not know, one that may be there only once
// several times, or too many.
func (r Route) Check(query url.Values) error {
	n := 0
	for key, all := range query {
		var known []string
		found := false
		for _, p := range r.Params {
			if p.Path {
				continue
			}
			known = append(known, p.Name)
			if p.Name != key {
				continue
			}
			if found = true; len(all) > 1 && !p.Many {
				return fmt.Errorf("parameter %s is given %d times, want once", key, len(all))
			}
		}
		if !found && len(known) == 0 {
			return fmt.Errorf("parameter %.40q is not known: want none", key)
		}
		if !found {
			return fmt.Errorf("parameter %.40q is not known: want one of %s", key, strings.Join(known, ", "))
		}
		n += len(all)
	}
	if n > maxValues {
		return fmt.Errorf("%d parameters, want at most %d", n, maxValues)
	}
	return nil
}

// Parameters that choose members.
var (
	byTag     = Param{Name: "tag", Many: true, Kind: Text, Example: "role=web", Text: "KEY=PATTERN, or KEY!=PATTERN: members with such a tag, or without. All of several must match. * stands for any text without a slash, ? for one character."}
	byName    = Param{Name: "name", Many: true, Kind: Text, Example: "web-*", Text: "Members whose name matches the pattern; any of several."}
	byStatus  = Param{Name: "status", Many: true, Kind: Text, Words: []string{"alive", "suspected", "dead", "left"}, Text: "Members with that status; any of several."}
	byService = Param{Name: "service", Kind: Text, Example: "web", Text: "Members that offer the service."}
	after     = Param{Name: "after", Kind: Text, Text: "Where to go on: the revision of the last line seen. The header Last-Event-ID has the same effect, and comes first."}
)

// What a token is for.
const (
	ReadToken  = "read"
	WriteToken = "write"
)

// Routes are all paths.
var Routes = []Route{
	{
		Name: "listMembers", Method: "GET", Path: "/v1/members", Summary: "Members, with status, tags and services, and the revision of the list.",
		Params: []Param{byTag, byName, byStatus, byService}, Answer: Members{},
	},
	{
		Name: "listServices", Method: "GET", Path: "/v1/services", Summary: "The services that live members offer, and how many offer each.",
		Params: []Param{byTag, byName}, Answer: Services{},
	},
	{
		Name: "listProviders", Method: "GET", Path: "/v1/services/{name}", Summary: "The live members that offer a service.",
		Params: []Param{{Name: "name", Path: true, Kind: Text, Example: "web", Text: "The service."}, byTag, byName}, Answer: Providers{},
	},
	{
		Name: "watchMembers", Method: "GET", Path: "/v1/watch", Summary: "Members, then each change when it happens.",
		Text:   "With Accept: text/event-stream, the lines are server-sent events, named as event; else each is a line of JSON. An empty line comes every ten seconds.",
		Params: []Param{byTag, byName, byService, after}, Lines: []any{Change{}, End{}}, Fails: []int{503},
	},
	{
		Name: "listTargets", Method: "GET", Path: "/v1/sd", Summary: "The live members as targets for the HTTP discovery of Prometheus.",
		Text:   "Either port or service must be given.",
		Params: []Param{{Name: "port", Kind: Number, Example: "9100", Text: "The port of all targets."}, byTag, byName, byService}, Answer: []TargetGroup{},
	},
	{
		Name: "broadcast", Method: "POST", Path: "/v1/broadcast", Summary: "Send a message to all members, or to some.",
		Text: "The body is the message as it is, and the parameters say the rest; or, with Content-Type: application/json, it is a BroadcastRequest, and " +
			"timeout is the only parameter. Only programs of the same machine may call. The call needs the token for all calls if tamtamd has tokens; " +
			"if it has none, gRPC must be served on a port without client certificates. " +
			"The answer is 200 as soon as the message was sent, also if missing names members that did not confirm it in time.",
		Params: []Param{
			{Name: "topic", Kind: Text, Example: "deploy", Text: "The topic, up to 64 bytes."},
			{Name: "wait", Kind: Text, Example: "all", Text: "Wait until all live members have the message, or that many: all, or a number from 1."},
			{Name: "min", Kind: Number, Text: "With wait=all: send nothing if fewer other members are live; 1 by default, 0 for a node that may be alone."},
			{Name: "member", Many: true, Kind: Text, Example: "192.0.2.1:9999", Text: "The gossip address of a member that gets it; all if there is none."},
			{Name: "tag", Many: true, Kind: Text, Example: "role=web", Text: "KEY=PATTERN, or KEY!=PATTERN: only members whose own tags match get it."},
			{Name: "retain", Kind: Switch, Text: "The message becomes the value of its topic, which all nodes keep; an empty one deletes the topic."},
			{Name: "no_wait", Kind: Switch, Text: "Fail at once if too many messages are in flight."},
			{Name: "timeout", Kind: Text, Example: "5s", Text: "How long the call may take, up to 5m; by default 10s."},
		},
		Request: "tamtam.v1.BroadcastRequest", Response: "tamtam.v1.BroadcastResponse",
		Fails: []int{401, 404, 413, 415, 429, 503, 504}, Scopes: []string{WriteToken},
	},
	{
		Name: "streamMessages", Method: "GET", Path: "/v1/messages", Summary: "Messages, when they reach the node.",
		Text: "With Accept: text/event-stream, the lines are server-sent events, named as event; else each is a line of JSON. An empty line comes every ten seconds. " +
			"Only programs of the same machine may call. The call needs a token if tamtamd has tokens, as /v1/broadcast does; the one for reading is enough.",
		Params: []Param{
			{Name: "topic", Many: true, Kind: Text, Example: "deploy", Text: "Messages with that topic, which may be a pattern; any of several."},
			{Name: "origin", Many: true, Kind: Text, Example: "192.0.2.1:9999", Text: "Messages of the member with that gossip address; any of several."},
			{Name: "tag", Many: true, Kind: Text, Example: "role=web", Text: "Messages of members with such a tag, as of /v1/members."},
			{Name: "name", Kind: Text, Example: "web-*", Text: "Messages of members whose name matches the pattern."},
			{Name: "last", Kind: Number, Text: "Begin with so many of the messages that are kept."},
			{Name: "since", Kind: Instant, Text: "Begin with the messages that are kept and were received since then."},
			{Name: "retained", Kind: Switch, Text: "Begin with the values of the retained topics."},
			{Name: "after", Kind: Text, Text: "Where to go on: the cursor of the last line that had one. The header Last-Event-ID has the same effect, and comes first."},
		},
		Lines: []any{Message{}, Gap{}, Cursor{}, End{}}, Fails: []int{401, 429, 503}, Scopes: []string{ReadToken, WriteToken},
	},
}

// Paths returns all paths, for texts.
func Paths() string {
	var all []string
	for _, r := range Routes {
		all = append(all, r.Path)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}
