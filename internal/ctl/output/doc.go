// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Manual is the name of the manual page of the reference, in section 5.
const Manual = "tamtamctl-json"

// Reference says, in the help of commands, where the fields are documented.
const Reference = "docs/reference/json.md, or man 5 " + Manual

// Command says what a command prints with -o json.
type Command struct {
	Path  string // without the program: "keys list"
	Shape Shape
	Types []any // zero values of what it prints, most often of one type
}

// Shape says how many objects a command prints.
type Shape int

// The shapes.
const (
	One   Shape = iota // one line with one object
	Lines              // one object on each line
	List               // one line with a list of objects
)

var (
	counters map[string]uint64
	tags     map[string]string
)

// Commands are all commands that print JSON. The others print with -o json what they print without.
var Commands = []Command{
	{"address", One, []any{Node{}}},
	{"broadcast", Lines, []any{Broadcast{}}},
	{"configure", One, []any{Settings{}}},
	{"configure heartbeat", One, []any{Settings{}}},
	{"configure threshold", One, []any{Settings{}}},
	{"doctor", One, []any{Diagnosis{}}},
	{"healthy", List, []any{Member{}}},
	{"join", List, []any{Join{}}},
	{"keys generate", One, []any{Key{}}},
	{"keys install", One, []any{Keys{}}},
	{"keys list", One, []any{Keys{}}},
	{"keys remove", One, []any{Keys{}}},
	{"keys use", One, []any{Keys{}}},
	{"leave", One, []any{Leave{}, Member{}}},
	{"monitor", Lines, []any{Event{}}},
	{"nodes", List, []any{Member{}}},
	{"operator generate", One, []any{OperatorKey{}}},
	{"ping", One, []any{Ping{}}},
	{"query", Lines, []any{QueryAsked{}, QueryReceived{}, QueryAnswer{}, QueryFailure{}, QueryDone{}}},
	{"ready", One, []any{Ready{}}},
	{"remove", One, []any{Member{}}},
	{"rtt", List, []any{RoundTrip{}}},
	{"stats", One, []any{counters}},
	{"stream", Lines, []any{Message{}, Gap{}, Connection{}}},
	{"tags", One, []any{tags}},
	{"tags delete", One, []any{tags}},
	{"tags set", One, []any{tags}},
	{"top", Lines, []any{Sample{}}},
	{"topics", List, []any{Topic{}}},
	{"version", One, []any{Versions{}}},
	{"wait", One, []any{Wait{}}},
	{"watch", Lines, []any{Event{}}},
	{"why", One, []any{Histories{}}},
}

// objects are all objects, in the order of the reference, with what each is.
var objects = []struct {
	value any
	text  string
}{
	{Member{}, "A member of the cluster."},
	{Event{}, "An event of the members."},
	{Histories{}, "The histories of all members that MEMBER stands for."},
	{History{}, "The history of a member."},
	{Step{}, "A change in the history of a member."},
	{Diagnosis{}, "What `doctor` found."},
	{Finding{}, "A result of one check, about one member or about the cluster."},
	{Summary{}, "The number of findings."},
	{Node{}, "The node that was asked."},
	{Ready{}, "Whether the node is ready."},
	{Wait{}, "The result of waiting for conditions."},
	{Sample{}, "The node at one moment."},
	{Rates{}, "What the node sends and receives."},
	{Broadcast{}, "The result of sending a message."},
	{Message{}, "A message that reached the node."},
	{Topic{}, "A retained topic."},
	{Gap{}, "A run of messages that no node holds any more."},
	{Connection{}, "The connection to the daemon ended, or is back."},
	{QueryAsked{}, "The first event of a query."},
	{QueryReceived{}, "A member has the question."},
	{QueryAnswer{}, "An answer."},
	{QueryFailure{}, "An answer that does not come."},
	{QueryDone{}, "The last event of a query."},
	{Join{}, "The result of joining one address."},
	{Leave{}, "The result of leaving the cluster."},
	{Ping{}, "An answered ping."},
	{RoundTrip{}, "The round trip between two members, as one of them measures it."},
	{Settings{}, "The settings of the node that can be changed while it runs."},
	{Keys{}, "The keys of all members."},
	{MemberKeys{}, "The keys of a member."},
	{Key{}, "A new key."},
	{OperatorKey{}, "A new key of an operator."},
	{Versions{}, "The versions of the client and the daemon."},
	{Version{}, "The version of a program."},
}

// Doc is the documentation of an object.
type Doc struct {
	Name   string
	Text   string // a sentence
	Fields []Field
}

// Field is the documentation of a field of an object.
type Field struct {
	Name   string
	Type   string // for people: text, number, true or false, time, or an object; a list or a map of these
	Object string // name of the object in it; empty if there is none
	Unit   string // empty if there is none
	Text   string
	Absent string // when the field is left out; empty for never
	Go     reflect.Type
}

// Docs returns the documentation of all objects.
func Docs() []Doc {
	var docs []Doc
	for _, o := range objects {
		t := reflect.TypeOf(o.value)
		docs = append(docs, Doc{Name: t.Name(), Text: o.text, Fields: Fields(t)})
	}
	return docs
}

// Fields returns the documentation of the fields of a struct.
func Fields(t reflect.Type) (fields []Field) {
	for i := range t.NumField() {
		fields = append(fields, field(t.Field(i)))
	}
	return fields
}

// units are the units of fields, by the ends of their names.
var units = map[string]string{"_ms": "milliseconds", "_bytes": "bytes"}

func field(f reflect.StructField) Field {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	out := Field{Name: name, Unit: f.Tag.Get("unit"), Text: f.Tag.Get("doc"), Absent: f.Tag.Get("absent"), Go: f.Type}
	out.Type, out.Object = TypeName(f.Type)
	for end, unit := range units {
		if strings.HasSuffix(name, end) {
			out.Unit = unit
		}
	}
	return out
}

// TypeName returns how the reference names the type of a value, and the name of the object in it,
// if there is one.
func TypeName(t reflect.Type) (name, object string) {
	switch t.Kind() {
	case reflect.Pointer:
		return TypeName(t.Elem())
	case reflect.String:
		return "text", ""
	case reflect.Bool:
		return "true or false", ""
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "time", ""
		}
		return t.Name(), t.Name()
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "text, base64", ""
		}
		name, object = TypeName(t.Elem())
		return "list of " + name, object
	case reflect.Map:
		name, object = TypeName(t.Elem())
		return "map of text to " + name, object
	default: // of all types, only numbers are left
		return "number", ""
	}
}

// Prints returns in words what a command prints with -o json, and the name of the first object in
// it; "" if it is a map.
func (c Command) Prints() (text, object string) {
	var names []string
	for _, v := range c.Types {
		name, o := TypeName(reflect.TypeOf(v))
		if object == "" {
			object = o
		}
		names = append(names, name)
	}
	name := strings.Join(names, " or ")
	switch c.Shape {
	case Lines:
		return name + ", one on each line", object
	case List:
		return "list of " + name, object
	default:
		return name, object
	}
}

// Of returns what a command prints.
func Of(path string) (Command, error) {
	for _, c := range Commands {
		if c.Path == path {
			return c, nil
		}
	}
	return Command{}, fmt.Errorf("no JSON of command %q", path)
}
