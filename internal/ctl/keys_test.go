// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// theKey is one that no output may hold, in whatever form.
var theKey = []byte("secret-secret-secret-secret-secr")

// keyed is a daemon with keys.
type keyed struct {
	fake
	members []*pb.MemberKeys
	err     error
	got     []string
	key     []byte
}

func (k *keyed) ListKeys(context.Context, *pb.ListKeysRequest) (*pb.ListKeysResponse, error) {
	k.got = append(k.got, "list")
	return &pb.ListKeysResponse{Members: k.members}, k.err
}

func (k *keyed) InstallKey(_ context.Context, r *pb.InstallKeyRequest) (*pb.InstallKeyResponse, error) {
	k.got, k.key = append(k.got, "install"), r.GetKey()
	return &pb.InstallKeyResponse{Key: "0123456789abcdef", Members: k.members}, k.err
}

func (k *keyed) UseKey(_ context.Context, r *pb.UseKeyRequest) (*pb.UseKeyResponse, error) {
	k.got = append(k.got, "use "+r.GetKey()+map[bool]string{true: " by force"}[r.GetForce()])
	return &pb.UseKeyResponse{Members: k.members}, k.err
}

func (k *keyed) RemoveKey(_ context.Context, r *pb.RemoveKeyRequest) (*pb.RemoveKeyResponse, error) {
	k.got = append(k.got, "remove "+r.GetKey()+map[bool]string{true: " by force"}[r.GetForce()])
	return &pb.RemoveKeyResponse{Members: k.members}, k.err
}

func memberKeys(address string, s pb.MemberStatus, kept bool, err string, keys ...string) *pb.MemberKeys {
	name := "one"
	if address == other {
		name = "two\x1b[2J\n"
	}
	return &pb.MemberKeys{Address: address, Name: name, Status: s, Kept: kept, Error: err, Keys: keys}
}

// keyFile writes a file.
func keyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKeys: what each command asks for, prints, and ends with.
func TestKeys(t *testing.T) {
	k := &keyed{}
	addr := serveAs(t, k)
	good := keyFile(t, base64.StdEncoding.EncodeToString(theKey)+"\n")
	same := []*pb.MemberKeys{memberKeys(self, alive, true, "", "a", "b", "c"), memberKeys(other, alive, false, "", "a", "c", "b")}
	for _, c := range []struct {
		args    string
		members []*pb.MemberKeys
		asked   string
		code    int
		out     string // a regular expression for all of it
		err     string // a part of it; "" for none
	}{
		{"keys list", same, "list", 0, `ADDRESS +NAME +STATUS +KEYS *\n192\.0\.2\.1:9999 +one +ALIVE +a b c *\n192\.0\.2\.2:9999 +"two\\x1b\[2J\\n" +ALIVE +a c b +in memory only\n`, ""},
		{"keys list", []*pb.MemberKeys{memberKeys(self, alive, true, "", "a"), memberKeys(other, alive, true, "", "b", "a")}, "list", 1, `(?s).*`, "the members do not have the same keys"},
		{"keys list", []*pb.MemberKeys{memberKeys(self, alive, true, "", "a", "b"), memberKeys(other, alive, true, "", "b", "a")}, "list", 1, `(?s).*`, "do not have the same keys"},
		{"keys list", []*pb.MemberKeys{memberKeys(self, alive, true, "", "a"), memberKeys(other, suspected, false, "silent\x1b")}, "list", 1,
			`ADDRESS.*\n.*\n192\.0\.2\.2:9999 +.* +SUSPECTED +- +silent\\x1b\n`, `1 of 2 members are not as asked for: 192.0.2.2:9999: silent\x1b`},
		{"keys list", []*pb.MemberKeys{memberKeys(self, alive, true, "", "a"), memberKeys(other, dead, false, "it is not alive")}, "list", 0, `(?s).*DEAD +- +it is not alive\n`, ""},
		{"keys install " + good, same, "install", 0, `0123456789abcdef\n`, ""},
		{"keys install " + good, []*pb.MemberKeys{memberKeys(self, alive, true, "", "a"), memberKeys(other, dead, false, "it is not alive")}, "install", 0, `0123456789abcdef\n`,
			"192.0.2.2:9999 is DEAD, so it misses this"},
		{"keys install " + good, []*pb.MemberKeys{memberKeys(self, alive, true, "", "a"), memberKeys(other, alive, false, "full")}, "install", 1, `0123456789abcdef\n`, "192.0.2.2:9999: full"},
		{"keys use a", same, "use a", 0, `a\n`, ""},
		{"keys use --force a", same, "use a by force", 0, `a\n`, ""},
		{"keys remove a", same, "remove a", 0, `a\n`, ""},
		{"keys remove --force a", same, "remove a by force", 0, `a\n`, ""},
		// Usage.
		{"keys", nil, "", 2, `(?s).*`, "keys"},
		{"keys burn", nil, "", 2, `(?s).*`, "burn"},
		{"keys list x", nil, "", 2, ``, `"x"`},
		{"keys generate x", nil, "", 2, ``, `"x"`},
		{"keys install", nil, "", 2, ``, "file"},
		{"keys install a b", nil, "", 2, ``, "file"},
		{"keys use", nil, "", 2, ``, "key ID"},
		{"keys remove a b", nil, "", 2, ``, "key ID"},
	} {
		k.members, k.got = c.members, nil
		r := run(t, append([]string{"--rpc", addr}, strings.Fields(c.args)...)...)
		if r.code != c.code || strings.Join(k.got, ",") != c.asked || !regexp.MustCompile(`^`+c.out+`$`).MatchString(r.out) ||
			!strings.Contains(r.err, c.err) || c.err == "" && r.err != "" {
			t.Errorf("%s: asked %q, %+v", c.args, k.got, r)
		}
		if strings.Contains(r.err+r.out, "\x1b") {
			t.Errorf("%s steers the terminal: %+v", c.args, r)
		}
	}
	if !bytes.Equal(k.key, theKey) {
		t.Errorf("installed %q", k.key)
	}
}

func TestKeysJSON(t *testing.T) {
	k := &keyed{members: []*pb.MemberKeys{memberKeys(self, alive, true, "", "a", "b"), memberKeys(other, dead, false, "it is not alive")}}
	addr := serveAs(t, k)
	const members = `"members":[{"address":"192.0.2.1:9999","name":"one","status":"ALIVE","keys":["a","b"],"kept":true},` +
		`{"address":"192.0.2.2:9999","name":"two\u001b[2J\n","status":"DEAD","error":"it is not alive"}]`
	if r := run(t, "--rpc", addr, "keys", "list", "-o", "json"); r.code != 0 || r.out != "{"+members+"}\n" {
		t.Errorf("%+v", r)
	}
	if r := run(t, "--rpc", addr, "keys", "use", "a", "-o", "json"); r.code != 0 || r.out != `{"key":"a",`+members+"}\n" {
		t.Errorf("%+v", r)
	}
	var one struct{ Key string }
	r := run(t, "--rpc", "127.0.0.1:1", "keys", "generate", "-o", "json")
	if err := json.Unmarshal([]byte(r.out), &one); err != nil || r.code != 0 {
		t.Fatalf("%+v: %v", r, err)
	}
	if b, err := base64.StdEncoding.DecodeString(one.Key); err != nil || len(b) != 32 {
		t.Errorf("generated %q", one.Key)
	}
}

// TestKeysGenerate: it asks no daemon, and each key is another.
func TestKeysGenerate(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		r := run(t, "--rpc", "127.0.0.1:1", "keys", "generate")
		b, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(r.out, "\n"))
		if r.code != 0 || r.err != "" || err != nil || len(b) != 32 || seen[r.out] {
			t.Fatalf("%+v: %v", r, err)
		}
		seen[r.out] = true
	}
}

// TestKeysFail: a daemon that refuses, and its exit codes.
func TestKeysFail(t *testing.T) {
	k := &keyed{}
	addr := serveAs(t, k)
	good := keyFile(t, base64.StdEncoding.EncodeToString(theKey))
	for c, want := range map[codes.Code]int{
		codes.NotFound: 3, codes.FailedPrecondition: 5, codes.InvalidArgument: 5, codes.DeadlineExceeded: 6, codes.Internal: 1,
	} {
		k.err = status.Error(c, "so it is")
		for _, args := range []string{"keys list", "keys install " + good, "keys use a", "keys remove a"} {
			if r := run(t, append([]string{"--rpc", addr}, strings.Fields(args)...)...); r.code != want || r.out != "" || r.err != "tamtamctl: so it is\n" {
				t.Errorf("%v, %s: %+v, want %d", c, args, r, want)
			}
		}
	}
	if r := run(t, "--rpc", "127.0.0.1:1", "keys", "list"); r.code != 4 {
		t.Errorf("no daemon: %+v", r)
	}
}

// TestKeyIsNeverPrinted: no output holds a key but that of generate: not the trace of what is
// sent, and not what is said about a file that holds none.
func TestKeyIsNeverPrinted(t *testing.T) {
	k := &keyed{members: []*pb.MemberKeys{memberKeys(self, alive, true, "", "a")}}
	addr := serveAs(t, k)
	text := base64.StdEncoding.EncodeToString(theKey)
	told := func(r result) bool {
		for _, part := range []string{"secret", text[:8], text[20:28], `\163`} {
			if strings.Contains(r.out+r.err, part) {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		name, text string
		code       int
	}{
		{"a key", text + "\n", 0},
		{"white space about it", " \r\n" + text + "\r\n \n", 0},
		{"nothing", "", 1},
		{"too short", text[:40], 1},
		{"two keys", text + "\n" + text, 1},
		{"text", string(theKey), 1},
		{"much", strings.Repeat(text, 1000), 1},
		{"a comment", "# " + text, 1},
	} {
		k.got, k.key = nil, nil
		file := keyFile(t, c.text)
		for _, r := range []result{
			run(t, "--rpc", addr, "--trace", "--verbose", "keys", "install", file),
			runWith(t, c.text, "--rpc", addr, "--trace", "keys", "install", "-"),
		} {
			if r.code != c.code || told(r) {
				t.Errorf("%s: %+v", c.name, r)
			}
			switch {
			case c.code == 0 && (!strings.Contains(r.err, "sent a key") || !bytes.Equal(k.key, theKey)):
				t.Errorf("%s: sent %q: %+v", c.name, k.key, r)
			case c.code != 0 && (k.got != nil || !strings.Contains(r.err, "does not hold a key") || strings.Count(r.err, "\n") != 1):
				t.Errorf("%s: asked %q: %+v", c.name, k.got, r)
			}
		}
	}
	for _, file := range []string{filepath.Join(t.TempDir(), "nosuch"), t.TempDir()} {
		if r := run(t, "--rpc", addr, "keys", "install", file); r.code != 1 || !strings.Contains(r.err, file) {
			t.Errorf("%s: %+v", file, r)
		}
	}
}
