// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package shiptest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// pod is what a container engine needs to know of contrib/kubernetes/pods. That the rest of it is right
// is tested in internal/manifests.
type pod struct {
	user, group int
	replicas    int
	name        string
	port        int // of probes
	ready, live string
	mount       string            // of the keyring
	env         map[string]string // without the fields of a pod
	fields      map[string]string // of a pod, by variable
}

func readPod(t *testing.T) pod {
	t.Helper()
	dir := filepath.Join(top, "contrib", "kubernetes", "pods")
	var k struct {
		Generators []struct{ Literals []string } `yaml:"configMapGenerator"`
	}
	var s struct {
		Metadata struct{ Name string }
		Spec     struct {
			Replicas int
			Template struct {
				Spec struct {
					SecurityContext struct {
						User  int `yaml:"runAsUser"`
						Group int `yaml:"fsGroup"`
					} `yaml:"securityContext"`
					Containers []struct {
						Env []struct {
							Name, Value string
							From        struct {
								Field struct {
									Path string `yaml:"fieldPath"`
								} `yaml:"fieldRef"`
							} `yaml:"valueFrom"`
						}
						Ports []struct {
							Name string
							Port int `yaml:"containerPort"`
						}
						Ready  probe `yaml:"readinessProbe"`
						Live   probe `yaml:"livenessProbe"`
						Mounts []struct {
							Path string `yaml:"mountPath"`
						} `yaml:"volumeMounts"`
					}
				}
			}
		}
	}
	for name, into := range map[string]any{"kustomization.yaml": &k, "statefulset.yaml": &s} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	spec := s.Spec.Template.Spec
	c := spec.Containers[0]
	p := pod{
		user: spec.SecurityContext.User, group: spec.SecurityContext.Group, replicas: s.Spec.Replicas, name: s.Metadata.Name,
		ready: c.Ready.Get.Path, live: c.Live.Get.Path, mount: c.Mounts[0].Path, env: map[string]string{}, fields: map[string]string{},
	}
	for _, literal := range k.Generators[0].Literals {
		name, value, _ := strings.Cut(literal, "=")
		p.env[name] = value
	}
	for _, e := range c.Env {
		if e.From.Field.Path != "" {
			p.fields[e.Name] = e.From.Field.Path
			continue
		}
		p.env[e.Name] = e.Value
	}
	for _, port := range c.Ports {
		if port.Name == c.Ready.Get.Port {
			p.port = port.Port
		}
	}
	return p
}

type probe struct {
	Get struct{ Path, Port string } `yaml:"httpGet"`
}

// run starts a pod's container as a kubelet would, at an address of a network.
func (p pod) run(t *testing.T, image, network, keyring string, i int, address string) (id string) {
	t.Helper()
	name := fmt.Sprintf("%s-%d", p.name, i)
	args := []string{
		"run", "--detach", "--network", network, "--ip", address, "--network-alias", name + "." + p.name,
		"--user", fmt.Sprintf("%d:%d", p.user, p.group), "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"--volume", keyring + ":" + p.mount + ":ro",
	}
	for name, value := range p.env {
		args = append(args, "--env", name+"="+value)
	}
	for variable, field := range p.fields {
		value := map[string]string{"metadata.name": name, "status.podIP": address}[field]
		args = append(args, "--env", variable+"="+value)
	}
	id = docker(t, append(args, image)...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s: %s", name, logs(id))
		}
		if out, err := tryDocker(context.Background(), "rm", "--force", "--volumes", id); err != nil {
			t.Errorf("remove %s: %v: %s", name, err, out)
		}
	})
	return id
}

// logs returns what a container has printed; the daemon's log is on its standard error.
func logs(id string) string {
	out, _ := exec.Command("docker", "logs", id).CombinedOutput()
	return string(out)
}

// TestPods runs the pods of contrib/kubernetes/pods as containers, with their environment, user and
// keyring, and asks their probes as a kubelet does.
func TestPods(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not tried: only root can own a keyring as a mounted Secret has it")
	}
	image := buildImage(t)
	p := readPod(t)
	var network, subnet string
	for i := range 20 { // some may be in use
		subnet = fmt.Sprintf("10.213.%d", (os.Getpid()+i)%256)
		if out, err := tryDocker(t.Context(), "network", "create", "--subnet", subnet+".0/24", image); err == nil {
			network = image
			break
		} else if i == 19 {
			t.Fatalf("create a network: %v: %s", err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := tryDocker(context.Background(), "network", "rm", network); err != nil {
			t.Errorf("remove the network: %v: %s", err, out)
		}
	})
	keyring := t.TempDir()
	key := docker(t, "run", "--rm", "--entrypoint", "tamtamctl", image, "keys", "generate")
	file := filepath.Join(keyring, "keyring")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o440); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(file, 0, p.group); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(keyring, 0o755); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, p.replicas)
	for i := range ids {
		ids[i] = p.run(t, image, network, keyring, i, fmt.Sprintf("%s.%d", subnet, 10+i))
	}
	for i := range ids {
		base := fmt.Sprintf("http://%s.%d:%d", subnet, 10+i, p.port)
		for _, path := range []string{p.ready + fmt.Sprintf("?min_alive=%d", p.replicas), p.live, "/metrics"} {
			eventually(t, base+path, func() (string, bool) {
				r, err := http.Get(base + path)
				if err != nil {
					return err.Error(), false
				}
				defer r.Body.Close()
				body, _ := io.ReadAll(r.Body)
				return string(body), r.StatusCode == http.StatusOK
			})
		}
	}
	if out := logs(ids[0]); strings.Contains(out, key) || !strings.Contains(out, `"encrypt":"require"`) {
		t.Errorf("the log has the key, or gossip is not encrypted: %s", out)
	}
	// A deleted pod leaves.
	docker(t, "stop", "--time", "15", ids[2])
	eventually(t, p.name+"-0 sees that "+p.name+"-2 has left", func() (map[string]string, bool) {
		m := members(t.Context(), ids[0])
		return m, m[p.name+"-2"] == "LEFT" && m[p.name+"-1"] == "ALIVE"
	})
}
