// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/eelcocramer/tamtam/internal/restapi"
)

// openAPIText is the description of the whole.
const openAPIText = "Members and messages of a TamTam cluster, as tamtamd --http serves them. Written by tamtam-gendoc (make docs). " +
	"Later versions may add fields to answers. A field that is not required is left out if it has no value, unless its description says more."

// object is a JSON object.
type object = map[string]any

// OpenAPI makes the description of the HTTP API in OpenAPI 3.0, from its routes and the messages of the serialized
// FileDescriptorSet that they name.
func OpenAPI(descriptorSet []byte, routes []restapi.Route) (Page, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(descriptorSet, &set); err != nil {
		return Page{}, fmt.Errorf("read the descriptor set: %w", err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return Page{}, fmt.Errorf("read the descriptor set: %w", err)
	}
	s := &schemas{files: files, all: object{}}
	paths := object{}
	for _, r := range routes {
		operation, err := s.operation(r)
		if err != nil {
			return Page{}, fmt.Errorf("%s: %w", r.Pattern(), err)
		}
		path, _ := paths[r.Path].(object)
		if path == nil {
			path = object{}
			paths[r.Path] = path
		}
		path[strings.ToLower(r.Method)] = operation
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err = enc.Encode(object{
		"openapi": "3.0.3",
		"info": object{
			"title": "TamTam", "version": "v1", "description": openAPIText,
			"license": object{"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
		},
		"servers": []object{{"url": "http://localhost:6263", "description": "tamtamd --http localhost:6263"}},
		"paths":   paths,
		"components": object{
			"schemas":         s.all,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "A token of --rpc-token-file or --rpc-read-token-file."}},
		},
	})
	return Page{"openapi.json", b.String()}, err
}

// operation returns a route as OpenAPI has it.
func (s *schemas) operation(r restapi.Route) (object, error) {
	op := object{"operationId": r.Name, "summary": strings.TrimSuffix(r.Summary, ".")}
	if r.Text != "" {
		op["description"] = r.Text
	}
	var params []object
	for _, p := range r.Params {
		params = append(params, parameter(p))
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if r.Request != "" {
		ref, err := s.message(r.Request, false)
		if err != nil {
			return nil, err
		}
		op["requestBody"] = object{
			"description": "The message as it is; or, as JSON, the whole request.",
			"content": object{
				"application/json": object{"schema": ref},
				"*/*":              object{"schema": object{"type": "string", "format": "binary"}},
			},
		}
	}
	if len(r.Scopes) > 0 {
		op["security"] = []object{{"token": []string{}}, {}} // a daemon may have no tokens
	}
	content, err := s.content(r)
	if err != nil {
		return nil, err
	}
	responses := object{"200": object{"description": "OK", "content": content}}
	failure := object{"application/json": object{"schema": s.of(restapi.Error{})}}
	for _, code := range append([]int{http.StatusBadRequest, http.StatusForbidden}, r.Fails...) {
		responses[strconv.Itoa(code)] = object{"description": http.StatusText(code), "content": maps.Clone(failure)}
	}
	op["responses"] = responses
	return op, nil
}

// content returns what a route answers, by its content type.
func (s *schemas) content(r restapi.Route) (object, error) {
	switch {
	case r.Response != "":
		ref, err := s.message(r.Response, true)
		return object{"application/json": object{"schema": ref}}, err
	case len(r.Lines) > 0:
		var lines []any
		for _, v := range r.Lines {
			lines = append(lines, s.of(v))
		}
		return object{
			"application/x-ndjson": object{"schema": object{"description": "Each line is one of these.", "oneOf": lines}},
			"text/event-stream":    object{"schema": object{"type": "string", "description": "The data of each event is such a line, and its name is event."}},
		}, nil
	}
	return object{"application/json": object{"schema": s.of(r.Answer)}}, nil
}

func parameter(p restapi.Param) object {
	schema := object{"type": string(p.Kind)}
	switch {
	case p.Kind == restapi.Instant:
		schema = object{"type": "string", "format": string(p.Kind)}
	case p.Kind == restapi.Number:
		schema["minimum"] = 0
	case len(p.Words) > 0:
		schema["enum"] = p.Words
	}
	example := any(p.Example)
	if n, err := strconv.Atoi(p.Example); p.Kind == restapi.Number && err == nil {
		example = n
	}
	out := object{"name": p.Name, "in": "query", "description": p.Text}
	if p.Path {
		out["in"], out["required"] = "path", true
	}
	if p.Many {
		schema = object{"type": "array", "items": schema}
		example = []any{example}
	}
	if p.Example != "" {
		out["example"] = example
	}
	out["schema"] = schema
	return out
}
