// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package shiptest

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// object is what the tests want to know of a Kubernetes object. That its fields are
// those of its kind is tested in internal/release, with Kubernetes' own types.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Secret   map[string]string `yaml:"stringData"`
	Spec     struct {
		ClusterIP   string    `yaml:"clusterIP"`
		ServiceName string    `yaml:"serviceName"`
		Selector    yaml.Node // of another form in each kind
		Template    struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				EnableServiceLinks *bool `yaml:"enableServiceLinks"`
				HostNetwork        bool  `yaml:"hostNetwork"`
				Containers         []container
			}
		}
	}
}

type container struct {
	EnvFrom []struct {
		ConfigMapRef struct{ Name string } `yaml:"configMapRef"`
	} `yaml:"envFrom"`
	Env []struct {
		Name, Value string
		ValueFrom   struct {
			FieldRef struct {
				FieldPath string `yaml:"fieldPath"`
			} `yaml:"fieldRef"`
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
}

// fields are values as Kubernetes gives them.
var fields = map[string]string{"metadata.name": "tamtam-0", "spec.nodeName": "machine-1", "status.podIP": "192.0.2.1"}

func objects(t *testing.T) []object {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(top, "contrib", "kubernetes", "*.yaml"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("%v, %v", paths, err)
	}
	var all []object
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dec := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var o object
			err := dec.Decode(&o)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			all = append(all, o)
		}
	}
	return all
}

// TestKubernetes: the names that objects use of each other are there, and the daemon
// takes the variables that it gets.
func TestKubernetes(t *testing.T) {
	all := objects(t)
	byName := map[string]object{} // "Kind name"
	for _, o := range all {
		key := o.Kind + " " + o.Metadata.Name
		if _, twice := byName[key]; twice || o.Metadata.Name == "" {
			t.Errorf("%s is there twice, or has no name", key)
		}
		byName[key] = o
	}
	workloads := 0
	for _, o := range all {
		if len(o.Spec.Template.Spec.Containers) == 0 {
			continue
		}
		workloads++
		t.Run(o.Kind, func(t *testing.T) {
			service, there := byName["Service "+o.Metadata.Name]
			if !there || service.Spec.ClusterIP != "None" || (o.Kind == "StatefulSet" && o.Spec.ServiceName != o.Metadata.Name) {
				t.Errorf("no headless service %s", o.Metadata.Name)
			}
			var selects map[string]string
			if err := service.Spec.Selector.Decode(&selects); err != nil || !maps.Equal(selects, o.Spec.Template.Metadata.Labels) {
				t.Errorf("the service selects %v, %v", selects, err)
			}
			var matches struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			}
			if err := o.Spec.Selector.Decode(&matches); err != nil || !maps.Equal(matches.MatchLabels, o.Spec.Template.Metadata.Labels) {
				t.Errorf("it selects %v, %v", matches, err)
			}
			if links := o.Spec.Template.Spec.EnableServiceLinks; links == nil || *links {
				t.Error("a service named tamtam would set TAMTAM_PORT")
			}
			env := map[string]string{}
			for _, c := range o.Spec.Template.Spec.Containers {
				for _, from := range c.EnvFrom {
					m, there := byName["ConfigMap "+from.ConfigMapRef.Name]
					if !there {
						t.Errorf("no ConfigMap %q", from.ConfigMapRef.Name)
					}
					maps.Copy(env, m.Data)
				}
				for _, e := range c.Env {
					env[e.Name] = e.Value
					if ref := e.ValueFrom.SecretKeyRef; ref.Name != "" {
						secret, there := byName["Secret "+ref.Name]
						if _, has := secret.Secret[ref.Key]; !there || !has {
							t.Errorf("%s: no key %q in a Secret %q", e.Name, ref.Key, ref.Name)
						}
						continue
					}
					if path := e.ValueFrom.FieldRef.FieldPath; path != "" {
						if env[e.Name] = fields[path]; fields[path] == "" {
							t.Errorf("%s: unknown field %s", e.Name, path)
						}
					}
				}
			}
			_, hasKeyring := env[daemonflags.KeyringEnv]
			if env["TAMTAM_BIND"] == "" || env["TAMTAM_JOIN"] == "" || env["TAMTAM_LOG_FORMAT"] == "" || !hasKeyring {
				t.Errorf("got %v", env)
			}
			checkEnvironment(t, env)
		})
	}
	if workloads != 2 {
		t.Errorf("%d workloads", workloads)
	}
}
