// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// kinds are the objects of contrib/kubernetes. Only here are Kubernetes' own types at
// hand; what the objects mean to the daemon is tested in internal/shiptest.
var kinds = map[string]func() any{
	"v1 ConfigMap":        func() any { return &corev1.ConfigMap{} },
	"v1 Secret":           func() any { return &corev1.Secret{} },
	"v1 Service":          func() any { return &corev1.Service{} },
	"apps/v1 StatefulSet": func() any { return &appsv1.StatefulSet{} },
	"apps/v1 DaemonSet":   func() any { return &appsv1.DaemonSet{} },
}

// TestManifests: each object has fields of its kind and no others.
func TestManifests(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "contrib", "kubernetes", "*.yaml"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			if err := strict(document); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	for _, wrong := range []string{"apiVersion: v1\nkind: Secret\ndatas: {}\n", "apiVersion: v1\nkind: Secrets\n"} {
		if strict(wrong) == nil {
			t.Errorf("not refused: %s", wrong)
		}
	}
}

func strict(document string) error {
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		return err
	}
	object := kinds[head.APIVersion+" "+head.Kind]
	if object == nil {
		return os.ErrInvalid
	}
	return yaml.UnmarshalStrict([]byte(document), object())
}
