// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestOpenAPI: the reference is valid, and what a real daemon answers is as it says, for each path in it.
func TestOpenAPI(t *testing.T) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("../../docs/reference/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	first := startDaemon(t, "--name", "first", "--tag", "service/web=8080")
	startDaemon(t, "--name", "second", "--tag", "service/web=8081", "--tag", "zone=a", "--join", first.Gossip)
	url := "http://" + first.HTTP
	wait := process(t, "tamtamctl", "--rpc", first.RPC, "wait", "--alive", "2", "--timeout", "90s")
	if out, err := wait.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tried := map[string]bool{}
	// check checks an answer to a request by its status and content type.
	check := func(method, path, query, kind, body string, lines int, want int) {
		t.Helper()
		tried[method+" "+path] = true
		r, err := http.NewRequestWithContext(t.Context(), method, url+strings.Replace(path, "{name}", "web", 1)+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		response := doc.Paths.Find(path).GetOperation(method).Responses.Status(answer.StatusCode)
		if answer.StatusCode != want || response == nil {
			text, _ := io.ReadAll(answer.Body)
			t.Errorf("%s %s%s: %d: %s", method, path, query, answer.StatusCode, text)
			return
		}
		media := response.Value.Content[answer.Header.Get("Content-Type")]
		if media == nil {
			t.Errorf("%s %s%s: Content-Type %q is not documented", method, path, query, answer.Header.Get("Content-Type"))
			return
		}
		decoder := json.NewDecoder(bufio.NewReader(answer.Body))
		for range lines {
			var v any
			if err := decoder.Decode(&v); err != nil {
				t.Errorf("%s %s%s: %v", method, path, query, err)
				return
			}
			if err := media.Schema.Value.VisitJSON(v); err != nil {
				t.Errorf("%s %s%s: %v\n%v", method, path, query, err, v)
			}
			checkKnown(t, media.Schema, v, method+" "+path)
		}
	}
	const form = "application/x-www-form-urlencoded"
	check("GET", "/v1/members", "?tag=zone=a&status=alive", "", "", 1, 200)
	check("GET", "/v1/members", "", "", "", 1, 200)
	check("GET", "/v1/members", "?status=well", "", "", 1, 400)
	check("GET", "/v1/services", "", "", "", 1, 200)
	check("GET", "/v1/services/{name}", "?name=s*", "", "", 1, 200)
	check("GET", "/v1/sd", "?port=9100", "", "", 1, 200)
	check("GET", "/v1/watch", "", "", "", 3, 200)
	check("POST", "/v1/broadcast", "?topic=deploy&wait=all", form, "hello", 1, 200)
	check("POST", "/v1/broadcast", "", "application/json", `{"topic":"deploy","payload":"aGVsbG8=","wait_all":true}`, 1, 200)
	check("POST", "/v1/broadcast", "?member=192.0.2.1:9999", form, "hello", 1, 404)
	check("POST", "/v1/broadcast", "?wait=7", form, "hello", 1, 400)
	check("POST", "/v1/broadcast", "", "multipart/form-data; boundary=x", "", 1, 415)
	check("POST", "/v1/broadcast", "", form, strings.Repeat("x", 65537), 1, 413)
	check("GET", "/v1/messages", "?last=2", "", "", 2, 200)
	check("GET", "/v1/messages", "?after=!", "", "", 1, 400)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !tried[method+" "+path] {
				t.Errorf("%s %s was not tried", method, path)
			}
		}
	}
}

// checkKnown reports the fields of an answer that the reference does not have.
func checkKnown(t *testing.T, schema *openapi3.SchemaRef, v any, where string) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			checkKnown(t, schema.Value.Items, one, where)
		}
	case map[string]any:
		if len(schema.Value.OneOf) > 0 {
			i := slices.IndexFunc(schema.Value.OneOf, func(s *openapi3.SchemaRef) bool { return s.Value.VisitJSON(v) == nil })
			if i < 0 {
				return // VisitJSON has reported it
			}
			schema = schema.Value.OneOf[i]
		}
		for name, value := range v {
			property := schema.Value.Properties[name]
			switch {
			case property != nil:
				checkKnown(t, property, value, where+"."+name)
			case schema.Value.AdditionalProperties.Schema == nil:
				t.Errorf("%s.%s is not documented", where, name)
			}
		}
	}
}
