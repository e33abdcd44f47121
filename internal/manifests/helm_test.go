// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

// render does what "helm template" does, with values in YAML.
func render(t *testing.T, release, values string) (objects, notes string, err error) {
	t.Helper()
	c, err := loader.Load(filepath.Join(top, "contrib", "helm", "tamtam"))
	if err != nil {
		t.Fatal(err)
	}
	return renderChart(t, c, release, values)
}

func renderChart(t *testing.T, c *chart.Chart, release, values string) (objects, notes string, err error) {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(values), &v); err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(c, v, chartutil.ReleaseOptions{Name: release, Namespace: "default", Revision: 1, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return "", "", err
	}
	files, err := engine.Engine{Strict: true, LintMode: false}.Render(c, all)
	if err != nil {
		return "", "", err
	}
	var documents []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch path.Ext(name) {
		case ".yaml":
			documents = append(documents, files[name])
		case ".txt":
			notes = files[name]
		}
	}
	return strings.Join(documents, "\n---\n"), notes, nil
}

func TestChart(t *testing.T) {
	for name, values := range map[string]string{
		"pods":               "",
		"pods monitored":     "podMonitor: {enabled: true, labels: {release: prometheus}}",
		"one pod":            "replicas: 1\npodDisruptionBudget: {maxUnavailable: 50%}",
		"other ports":        "httpPort: 8080\ngossipPort: 7946\nsettings: {TAMTAM_VERBOSE: true, TAMTAM_KEEP_BYTES: '1048576'}",
		"machines":           "mode: machines",
		"machines monitored": "mode: machines\npodMonitor: {enabled: true}",
		"everything": "imagePullSecrets: [{name: a}]\nnodeSelector: {a: b}\naffinity: {nodeAffinity: {}}\ntolerations: [{operator: Exists}]\n" +
			"podAnnotations: {a: b}\npodLabels: {c: d}\nextraContainers: [{name: app, image: app}]\nextraVolumes: [{name: v, emptyDir: {}}]",
	} {
		t.Run(name, func(t *testing.T) {
			text, notes, err := render(t, "tamtam", values)
			if err != nil {
				t.Fatal(err)
			}
			o := parse(t, text)
			check(t, o)
			if (len(o.monitors) == 1) != strings.Contains(name, "monitored") || !strings.Contains(notes, "tamtamctl") {
				t.Errorf("%d monitors; notes %q", len(o.monitors), notes)
			}
			pod := o.workload(t).pod
			if name == "everything" && (len(pod.Spec.Containers) != 2 || pod.Labels["c"] != "d" || len(pod.Spec.Volumes) != 2 || pod.Annotations["a"] != "b") {
				t.Errorf("got %+v", pod)
			}
			if name == "other ports" && portOf(pod.Spec.Containers[0], "gossip") != 7946 {
				t.Errorf("got %+v", pod.Spec.Containers[0].Ports)
			}
		})
	}
}

// TestChartIsTheBases: with its default values, the chart makes the pods that the kustomization
// makes.
func TestChartIsTheBases(t *testing.T) {
	for base, release := range map[string]string{"pods": "tamtam", "machines": "tamtam-machines"} {
		text, _, err := render(t, release, "mode: "+base)
		if err != nil {
			t.Fatal(err)
		}
		chart, kustomization := parse(t, text), parse(t, build(t, filepath.Join(kubernetes, base)))
		have, want := chart.workload(t), kustomization.workload(t)
		if env, wanted := chart.environment(t, have.pod.Spec.Containers[0]), kustomization.environment(t, want.pod.Spec.Containers[0]); !maps.Equal(env, wanted) {
			t.Errorf("%s: variables %v, want %v", base, env, wanted)
		}
		// What differs: a name with a hash, and how a change of it restarts the pods; a tag.
		have.pod.Annotations = nil
		have.pod.Spec.Containers[0].EnvFrom = want.pod.Spec.Containers[0].EnvFrom
		have.pod.Spec.Containers[0].Image = strings.TrimSuffix(have.pod.Spec.Containers[0].Image, ":latest")
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s: the chart makes\n%+v\nwant\n%+v", base, have, want)
		}
		if !reflect.DeepEqual(chart.services[release].Spec, kustomization.services[release].Spec) {
			t.Errorf("%s: another service", base)
		}
		if base == "pods" && !reflect.DeepEqual(chart.budgets[0].Spec, kustomization.budgets[0].Spec) {
			t.Errorf("another budget")
		}
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	for values, want := range map[string]string{
		"mode: pod":                     "mode",
		"replica: 3":                    "replica",
		"replicas: 0":                   "replicas",
		"settings: {TAMTAM_KEYRING: x}": "TAMTAM_KEYRING",
		"settings: {TAMTAM_KEEP_BYTES: 104857600}": "TAMTAM_KEEP_BYTES",
		"settings: {HTTP: x}":                      "HTTP",
	} {
		if _, _, err := render(t, "tamtam", values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", values, err)
		}
	}
}

// TestImageOfARelease: a packaged chart names the image of its own version.
func TestImageOfARelease(t *testing.T) {
	c, err := loader.Load(filepath.Join(top, "contrib", "helm", "tamtam"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	c.Metadata.AppVersion = "1.2.3"
	text, _, err := renderChart(t, c, "tamtam", "image: {repository: registry.example/tamtam}")
	if err != nil {
		t.Fatal(err)
	}
	if have := parse(t, text).workload(t).pod.Spec.Containers[0].Image; have != "registry.example/tamtam:1.2.3" {
		t.Errorf("got %s", have)
	}
}
