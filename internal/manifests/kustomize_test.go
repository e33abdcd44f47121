// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var kubernetes = filepath.Join(top, "contrib", "kubernetes")

// build does what "kubectl apply -k" does before it sends anything.
func build(t *testing.T, dir string) string {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := all.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// overlay copies the bases, and adds a kustomization of a user to them.
func overlay(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(kubernetes)); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, "mine")
	if err := os.Mkdir(mine, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mine, "kustomization.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return mine
}

func TestBases(t *testing.T) {
	for _, base := range []string{"pods", "machines"} {
		t.Run(base, func(t *testing.T) {
			o := parse(t, build(t, filepath.Join(kubernetes, base)))
			check(t, o)
			// Objects of an API that not every cluster has would stop "kubectl apply".
			if len(o.monitors) != 0 || o.workload(t).machines != (base == "machines") {
				t.Errorf("%d monitors; machines: %v", len(o.monitors), o.workload(t).machines)
			}
		})
		t.Run(base+" monitored", func(t *testing.T) {
			o := parse(t, build(t, overlay(t, "resources: [../"+base+"]\ncomponents: [../monitoring]\nimages: [{name: tamtam, newName: registry.example/tamtam, newTag: v1.2.3}]\n")))
			check(t, o)
			c := o.workload(t).pod.Spec.Containers[0]
			if len(o.monitors) != 1 || c.Image != "registry.example/tamtam:v1.2.3" || o.environment(t, c)["TAMTAM_HTTP"] != ":6263" {
				t.Errorf("%d monitors, image %s, %v", len(o.monitors), c.Image, o.environment(t, c))
			}
		})
	}
}

// TestEveryManifestIsOfABase: each file is in what is built of some base, the example of a Secret
// in none, as it would replace the real one.
func TestEveryManifestIsOfABase(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(kubernetes, "*", "*.yaml"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		if filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var k struct{ Resources []string }
		if err := yaml.Unmarshal(text, &k); err != nil || !slices.Contains(k.Resources, filepath.Base(path)) {
			t.Errorf("%s is not used: %v", path, err)
		}
	}
	flat, err := filepath.Glob(filepath.Join(kubernetes, "*.yaml"))
	if err != nil || !slices.Equal(flat, []string{filepath.Join(kubernetes, "secret.example.yaml")}) {
		t.Errorf("got %v, %v", flat, err)
	}
}

func TestSecretExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(kubernetes, "secret.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var s corev1.Secret
	if err := yaml.UnmarshalStrict(text, &s); err != nil {
		t.Fatal(err)
	}
	// Applied as it is, it must not give a cluster a key that everybody knows.
	if s.Name != "tamtam-keyring" || s.StringData["keyring"] != "KEY" || !strings.Contains(string(text), "kubectl create secret generic "+s.Name) {
		t.Errorf("got %+v", s)
	}
}
