// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package shiptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// top is the directory of the repository.
var top = filepath.Join("..", "..")

// timeout is how long anything may take. It is no expectation of speed.
const timeout = 2 * time.Minute

// docker runs the engine's client, and fails the test when that fails.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryDocker(t.Context(), args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func tryDocker(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, errs.String())
	}
	return out.String(), nil
}

// compose returns the words that run Compose, of which there are two.
func compose() []string {
	for _, words := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if exec.Command(words[0], append(words[1:], "version")...).Run() == nil {
			return words
		}
	}
	return nil
}

// buildImage builds the image as "make image" does, from programs of this source.
func buildImage(t *testing.T) (image string) {
	t.Helper()
	if out, err := tryDocker(t.Context(), "version", "--format", "{{.Server.Os}}"); err != nil || strings.TrimSpace(out) != "linux" {
		t.Skipf("not tried: no docker engine answers: %s%v", out, err)
	}
	image = fmt.Sprintf("tamtam-test-%d", os.Getpid())
	make := exec.CommandContext(t.Context(), "make", "-s", "image", "IMAGE="+image, "IMAGE_CONTEXT="+t.TempDir())
	make.Dir = top
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make image: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := tryDocker(context.Background(), "rmi", "--force", image); err != nil {
			t.Errorf("remove the image: %v\n%s", err, out)
		}
	})
	return image
}

// member is a row of "tamtamctl -o json nodes".
type member struct{ Name, Address, Status string }

// members asks a container who is in its cluster, by name; nil when it does not
// answer yet.
func members(ctx context.Context, container string) map[string]string {
	out, err := tryDocker(ctx, "exec", container, "tamtamctl", "-o", "json", "nodes")
	var rows []member
	if err != nil || json.Unmarshal([]byte(out), &rows) != nil {
		return nil
	}
	statuses := map[string]string{}
	for _, r := range rows {
		statuses[r.Name] = r.Status
	}
	return statuses
}

// eventually polls until something holds, or fails with what was there at last.
func eventually[T any](t *testing.T, what string, poll func() (T, bool)) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		last, ok := poll()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v; at last: %v", what, timeout, last)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestComposeCluster runs the three nodes of compose.yaml: they find each other by name, two
// see it when the third is killed, and a healthy one is found so by the engine.
func TestComposeCluster(t *testing.T) {
	image := buildImage(t)
	words := compose()
	if words == nil {
		t.Skip("not tried: there is neither docker compose nor docker-compose")
	}
	project := image
	run := func(ctx context.Context, args ...string) (string, error) {
		args = append([]string{"-p", project, "-f", filepath.Join(top, "packaging", "docker", "compose.yaml")}, args...)
		cmd := exec.CommandContext(ctx, words[0], append(words[1:], args...)...)
		cmd.Env = append(os.Environ(), "IMAGE="+image)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := run(context.Background(), "logs", "--no-color")
			t.Log(out)
		}
		if out, err := run(context.Background(), "down", "--volumes", "--timeout", "10"); err != nil {
			t.Errorf("end it: %v\n%s", err, out)
		}
	})
	if out, err := run(t.Context(), "up", "-d"); err != nil {
		t.Fatalf("start it: %v\n%s", err, out)
	}
	nodes := map[string]string{} // containers by service
	for _, service := range []string{"node-1", "node-2", "node-3"} {
		out, err := run(t.Context(), "ps", "-q", service)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		nodes[service] = strings.TrimSpace(out)
	}
	for service, id := range nodes {
		eventually(t, service+" sees three nodes alive", func() (map[string]string, bool) {
			m := members(t.Context(), id)
			return m, m["node-1"] == "ALIVE" && m["node-2"] == "ALIVE" && m["node-3"] == "ALIVE"
		})
	}
	eventually(t, "the engine finds node-1 healthy", func() (string, bool) {
		state := docker(t, "inspect", "--format", "{{.State.Health.Status}}", nodes["node-1"])
		return state, state == "healthy"
	})
	if user := docker(t, "top", nodes["node-1"], "-eo", "pid,uid"); !strings.Contains(user, "65532") {
		t.Errorf("it runs as %s", user)
	}

	// A kill is no exit that the engine would restart it after; and the others are
	// not told.
	docker(t, "kill", nodes["node-3"])
	for _, service := range []string{"node-1", "node-2"} {
		eventually(t, service+" sees node-3 dead", func() (map[string]string, bool) {
			m := members(t.Context(), nodes[service])
			return m, m["node-3"] == "DEAD" && m["node-1"] == "ALIVE" && m["node-2"] == "ALIVE"
		})
	}
	// A stop is reported, and is a graceful leave.
	docker(t, "stop", "--time", "60", nodes["node-2"])
	eventually(t, "node-1 sees that node-2 has left", func() (map[string]string, bool) {
		m := members(t.Context(), nodes["node-1"])
		return m, m["node-2"] == "LEFT"
	})
	testLabels(t, image)
	size := docker(t, "image", "inspect", "--format", "{{.Size}}", image)
	t.Logf("the image has %s bytes", size)
}

// testLabels checks that the image names what it was built from.
func testLabels(t *testing.T, image string) {
	var labels map[string]string
	if err := json.Unmarshal([]byte(docker(t, "image", "inspect", "--format", "{{json .Config.Labels}}", image)), &labels); err != nil {
		t.Fatal(err)
	}
	commit, err := exec.Command("git", "-C", top, "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "org.opencontainers.image."
	if labels[prefix+"revision"] != strings.TrimSpace(string(commit)) || labels[prefix+"version"] == "devel" || labels[prefix+"version"] == "" {
		t.Errorf("got %v, want commit %s", labels, commit)
	}
	if at, err := time.Parse(time.RFC3339, labels[prefix+"created"]); err != nil || at.Year() < 2020 {
		t.Errorf("created %q: %v", labels[prefix+"created"], err)
	}
}
