// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/restapi"
	"github.com/eelcocramer/tamtam/proto"
)

// TestOpenAPI: each route, parameter and reference is there, and each field is described.
func TestOpenAPI(t *testing.T) {
	page, err := OpenAPI(proto.DescriptorSet, restapi.Routes)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
			RequestBody *struct{ Content map[string]any }
			Responses   map[string]any
			Security    []any
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]map[string]any
				Required   []string
			}
		}
	}
	if err := json.Unmarshal([]byte(page.Text), &doc); err != nil || page.Name != "openapi.json" {
		t.Fatalf("%s: %v", page.Name, err)
	}
	n := 0
	for _, path := range doc.Paths {
		n += len(path)
	}
	if n != len(restapi.Routes) {
		t.Errorf("%d operations, want %d", n, len(restapi.Routes))
	}
	for _, r := range restapi.Routes {
		op := doc.Paths[r.Path][strings.ToLower(r.Method)]
		if op.OperationID != r.Name || len(op.Parameters) != len(r.Params) || (op.RequestBody != nil) != (r.Request != "") ||
			len(op.Responses) != 3+len(r.Fails) || (len(op.Security) > 0) != (len(r.Scopes) > 0) {
			t.Errorf("%s: %+v", r.Pattern(), op)
		}
	}
	for name, s := range doc.Components.Schemas {
		for field, schema := range s.Properties {
			if schema["$ref"] == nil && schema["description"] == nil {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
	for part := range strings.SplitSeq(page.Text, `"#/components/schemas/`) {
		name, _, is := strings.Cut(part, `"`)
		if _, known := doc.Components.Schemas[name]; is && !known && !strings.Contains(name, "{") {
			t.Errorf("%s is referred to, and not there", name)
		}
	}
	change := doc.Components.Schemas["Change"].Properties
	if have := change["event"]["enum"]; !reflect.DeepEqual(have, []any{"present", "synced", "change"}) {
		t.Errorf("the events are %v", have)
	}
	if provider := doc.Components.Schemas["Provider"]; provider.Properties["ip"] == nil || !slices.Contains(provider.Required, "service") {
		t.Errorf("Provider: %v", provider)
	}
	sent := doc.Components.Schemas["BroadcastResponse"]
	if !slices.Contains(sent.Required, "missing") || slices.Contains(sent.Required, "took") || sent.Properties["session"]["type"] != "string" {
		t.Errorf("BroadcastResponse: %v", sent)
	}
	if _, err := OpenAPI(proto.DescriptorSet, []restapi.Route{{Request: "tamtam.v1.None"}}); err == nil {
		t.Error("a message that is not there is taken")
	}
}
