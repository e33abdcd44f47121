// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"path"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// check checks that the objects go together: names that one uses are those of another, the daemon
// takes its variables, and the ports and files are where it expects them.
func check(t *testing.T, o *objects) {
	t.Helper()
	w := o.workload(t)
	checkSelectors(t, o, w)
	spec := w.pod.Spec
	if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
		t.Error("a service named tamtam would set TAMTAM_PORT")
	}
	if spec.HostNetwork != w.machines {
		t.Errorf("hostNetwork %v", spec.HostNetwork)
	}
	c := spec.Containers[0]
	env := o.environment(t, c)
	for _, name := range []string{"TAMTAM_NAME", "TAMTAM_BIND", "TAMTAM_JOIN", "TAMTAM_HTTP", "TAMTAM_RECONNECT_TIMEOUT", "TAMTAM_KEYRING_FILE"} {
		if env[name] == "" {
			t.Errorf("no %s in %v", name, env)
		}
	}
	checkSeeds(t, w, env["TAMTAM_JOIN"])
	checkKeyring(t, spec, env["TAMTAM_KEYRING_FILE"])
	checkProbes(t, w, c, env)
	if _, both := env[daemonflags.KeyringEnv]; both {
		t.Errorf("both %s and a file", daemonflags.KeyringEnv)
	}
	variables := map[string]string{}
	for name, value := range env {
		if strings.HasPrefix(name, "TAMTAM_") {
			variables[name] = value
		}
	}
	checkEnvironment(t, variables)
}

func checkSelectors(t *testing.T, o *objects, w workload) {
	t.Helper()
	service := o.services[w.name]
	if service == nil || service.Spec.ClusterIP != corev1.ClusterIPNone || !service.Spec.PublishNotReadyAddresses {
		t.Fatalf("no headless service %s with the addresses of nodes that are not ready", w.name)
	}
	for k, v := range service.Spec.Selector {
		if w.pod.Labels[k] != v {
			t.Errorf("the service selects %v, the pods have %v", service.Spec.Selector, w.pod.Labels)
		}
	}
	if !selects(t, w.selector, w) || len(service.Spec.Selector) == 0 {
		t.Errorf("%v and %v select no pod", w.selector, service.Spec.Selector)
	}
	for _, s := range w.pod.Spec.TopologySpreadConstraints {
		if !selects(t, s.LabelSelector, w) {
			t.Errorf("the spread by %s counts no pod", s.TopologyKey)
		}
	}
	for _, b := range o.budgets {
		if !selects(t, b.Spec.Selector, w) {
			t.Errorf("the budget selects no pod: %v", b.Spec.Selector)
		}
	}
	if (len(o.budgets) != 1 || len(w.pod.Spec.TopologySpreadConstraints) != 2) && !w.machines {
		t.Errorf("%d budgets and %d spreads", len(o.budgets), len(w.pod.Spec.TopologySpreadConstraints))
	}
	for _, m := range o.monitors {
		if !selects(t, &m.Spec.Selector, w) || !strings.HasPrefix(w.pod.Labels[m.Spec.JobLabel], "tamtam") {
			t.Errorf("the monitor selects no pod, or its job has no name that the alerts expect: %v", m.Spec)
		}
		for _, e := range m.Spec.PodMetricsEndpoints {
			if e.Port == nil || portOf(w.pod.Spec.Containers[0], *e.Port) == 0 || e.Path != "/metrics" {
				t.Errorf("the monitor reads %+v", e)
			}
		}
	}
}

// portOf returns the number of a port of a container, 0 if there is none of that name.
func portOf(c corev1.Container, name string) int32 {
	for _, p := range c.Ports {
		if p.Name == name {
			return p.ContainerPort
		}
	}
	return 0
}

// checkSeeds checks that the seeds are the service, or pods that it will have.
func checkSeeds(t *testing.T, w workload, join string) {
	t.Helper()
	for i, seed := range strings.Split(join, ",") {
		want := w.name
		if !w.machines {
			want = w.name + "-" + strconv.Itoa(i) + "." + w.name
			if i >= w.replicas {
				t.Errorf("%d replicas, but the seeds are %s", w.replicas, join)
			}
		}
		if seed != want {
			t.Errorf("the seeds are %s", join)
		}
	}
}

// checkKeyring checks that the keyring is a file of a mounted Secret, which the daemon can read and
// nobody else can.
func checkKeyring(t *testing.T, spec corev1.PodSpec, file string) {
	t.Helper()
	for _, m := range spec.Containers[0].VolumeMounts {
		if m.MountPath != path.Dir(file) {
			continue
		}
		for _, v := range spec.Volumes {
			if v.Name != m.Name {
				continue
			}
			if v.Secret == nil || v.Secret.SecretName != "tamtam-keyring" || *v.Secret.DefaultMode != 0o440 {
				t.Errorf("the keyring is %+v", v)
			}
			s := spec.SecurityContext
			if *s.RunAsUser != 0 && (s.FSGroup == nil || *s.FSGroup != *s.RunAsGroup) {
				t.Errorf("the daemon cannot read the keyring: %+v", s)
			}
			return
		}
	}
	t.Errorf("nothing is mounted at %s", path.Dir(file))
}

// checkProbes checks that the probes reach what --http serves.
func checkProbes(t *testing.T, w workload, c corev1.Container, env map[string]string) {
	t.Helper()
	host, port, _ := strings.Cut(env["TAMTAM_HTTP"], ":")
	for want, probe := range map[string]*corev1.Probe{"/readyz": c.ReadinessProbe, "/livez": c.LivenessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != want || probe.HTTPGet.Port.StrVal != "http" {
			t.Errorf("%s: got %+v", want, probe)
			continue
		}
		if have := portOf(c, "http"); port == "" || have == 0 || port != strconv.Itoa(int(have)) {
			t.Errorf("the daemon serves %s, the probes ask %d", env["TAMTAM_HTTP"], have)
		}
		if w.machines != (probe.HTTPGet.Host == "127.0.0.1") || (host == "localhost" && !w.machines) {
			t.Errorf("the daemon serves %s, the probes ask %q", env["TAMTAM_HTTP"], probe.HTTPGet.Host)
		}
	}
	if (host == "localhost") == (env["TAMTAM_HTTP_INSECURE"] == "true") {
		t.Errorf("--http %s with --http-insecure %q", env["TAMTAM_HTTP"], env["TAMTAM_HTTP_INSECURE"])
	}
}
