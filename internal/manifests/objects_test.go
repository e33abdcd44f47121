// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// objects are those of one application, by kind.
type objects struct {
	configMaps   map[string]*corev1.ConfigMap
	services     map[string]*corev1.Service
	statefulSets []*appsv1.StatefulSet
	daemonSets   []*appsv1.DaemonSet
	budgets      []*policyv1.PodDisruptionBudget
	monitors     []*monitoringv1.PodMonitor
}

// add decodes a document. It may only have fields of its kind.
func (o *objects) add(document string) error {
	var head struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
	}
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		return err
	}
	name := head.Metadata.Name
	if name == "" {
		return fmt.Errorf("%s without a name", head.Kind)
	}
	strict := func(into any) error { return yaml.UnmarshalStrict([]byte(document), into) }
	switch head.APIVersion + " " + head.Kind {
	case "v1 ConfigMap":
		o.configMaps[name] = &corev1.ConfigMap{}
		return strict(o.configMaps[name])
	case "v1 Service":
		o.services[name] = &corev1.Service{}
		return strict(o.services[name])
	case "apps/v1 StatefulSet":
		o.statefulSets = append(o.statefulSets, &appsv1.StatefulSet{})
		return strict(o.statefulSets[len(o.statefulSets)-1])
	case "apps/v1 DaemonSet":
		o.daemonSets = append(o.daemonSets, &appsv1.DaemonSet{})
		return strict(o.daemonSets[len(o.daemonSets)-1])
	case "policy/v1 PodDisruptionBudget":
		o.budgets = append(o.budgets, &policyv1.PodDisruptionBudget{})
		return strict(o.budgets[len(o.budgets)-1])
	case "monitoring.coreos.com/v1 PodMonitor":
		o.monitors = append(o.monitors, &monitoringv1.PodMonitor{})
		return strict(o.monitors[len(o.monitors)-1])
	}
	return fmt.Errorf("unexpected kind %q of %q", head.Kind, head.APIVersion)
}

// parse decodes all documents of a text.
func parse(t *testing.T, text string) *objects {
	t.Helper()
	o := &objects{configMaps: map[string]*corev1.ConfigMap{}, services: map[string]*corev1.Service{}}
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		if err := o.add(document); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
	}
	return o
}

func TestWrongObjectsAreRefused(t *testing.T) {
	for _, wrong := range []string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatas: {}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {}\n",
		"apiVersion: v1\nkind: Services\nmetadata: {name: a}\n",
		"apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: a}\nspec: {endpoints: []}\n",
	} {
		o := &objects{configMaps: map[string]*corev1.ConfigMap{}, services: map[string]*corev1.Service{}}
		if o.add(wrong) == nil {
			t.Errorf("not refused: %s", wrong)
		}
	}
}

// workload is what a StatefulSet and a DaemonSet have in common.
type workload struct {
	name     string
	machines bool
	replicas int
	selector *metav1.LabelSelector
	pod      corev1.PodTemplateSpec
}

// workload returns the only workload of the objects.
func (o *objects) workload(t *testing.T) workload {
	t.Helper()
	if len(o.statefulSets)+len(o.daemonSets) != 1 {
		t.Fatalf("%d StatefulSets, %d DaemonSets; want one of them", len(o.statefulSets), len(o.daemonSets))
	}
	if len(o.statefulSets) == 1 {
		s := o.statefulSets[0]
		if s.Spec.ServiceName != s.Name {
			t.Errorf("serviceName %q, want %q", s.Spec.ServiceName, s.Name)
		}
		return workload{s.Name, false, int(*s.Spec.Replicas), s.Spec.Selector, s.Spec.Template}
	}
	d := o.daemonSets[0]
	return workload{d.Name, true, 0, d.Spec.Selector, d.Spec.Template}
}

// fields are values of pods as Kubernetes gives them.
var fields = map[string]string{"metadata.name": "tamtam-0", "spec.nodeName": "machine-1", "status.podIP": "192.0.2.1"}

// environment returns the variables of the daemon.
func (o *objects) environment(t *testing.T, c corev1.Container) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, from := range c.EnvFrom {
		m := o.configMaps[from.ConfigMapRef.Name]
		if m == nil {
			t.Fatalf("no ConfigMap %q in %v", from.ConfigMapRef.Name, slices.Collect(maps.Keys(o.configMaps)))
		}
		maps.Copy(env, m.Data)
	}
	for _, e := range c.Env {
		env[e.Name] = e.Value
		if e.ValueFrom != nil {
			path := e.ValueFrom.FieldRef.FieldPath
			if env[e.Name] = fields[path]; fields[path] == "" {
				t.Errorf("%s: unknown field %s", e.Name, path)
			}
		}
	}
	return env
}

// selects reports whether a selector matches the pods of a workload.
func selects(t *testing.T, s *metav1.LabelSelector, w workload) bool {
	t.Helper()
	sel, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return !sel.Empty() && sel.Matches(labels.Set(w.pod.Labels))
}
