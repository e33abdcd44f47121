// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
)

const fullToken, readToken = "full-0123456789abcdef", "read-0123456789abcdef"

// tokenGuard returns a guard with those tokens that are not empty.
func tokenGuard(t *testing.T, full, read string) *rpcguard.Guard {
	t.Helper()
	cfg := rpcguard.Config{Logger: log.NewNopLogger()}
	for token, to := range map[string]*string{full: &cfg.TokenFile, read: &cfg.ReadTokenFile} {
		if token == "" {
			continue
		}
		*to = filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(*to, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g, err := rpcguard.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// served are the full names of all methods, and whether each is a stream.
func served(s *Server) map[string]bool {
	all := map[string]bool{}
	for service, info := range s.grpc.GetServiceInfo() {
		for _, m := range info.Methods {
			all["/"+service+"/"+m.Name] = m.IsServerStream
		}
	}
	return all
}

// TestAccessesAreOfAllMethods: each method has an entry.
func TestAccessesAreOfAllMethods(t *testing.T) {
	f, _ := serve(t)
	methods := served(f.server)
	if len(methods) < 29 {
		t.Errorf("only %d methods are served: %v", len(methods), methods)
	}
	for m := range methods {
		if _, ok := accesses[m]; !ok {
			t.Errorf("%s is not in the table", m)
		}
	}
	for m := range accesses {
		if _, ok := methods[m]; !ok {
			t.Errorf("%s is in the table, and not served", m)
		}
	}
	var unknown rpcguard.Access
	if unknown = accesses["/tamtam.v1.TamTamService/Unheard"]; unknown != rpcguard.Change {
		t.Errorf("an unknown call needs %v", unknown)
	}
}

// TestAccessesAreDocumented: docs/security.md names each method in the row of its access.
func TestAccessesAreDocumented(t *testing.T) {
	guide, err := os.ReadFile("../../../../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	row := func(of string) []string { // the cells of tamtam.v1 and of the 2018 API
		for line := range strings.Lines(string(guide)) {
			if cells := strings.Split(line, " | "); strings.TrimPrefix(cells[0], "| ") == of && len(cells) == 3 {
				return []string{cells[1], strings.TrimSuffix(cells[2], " |\n")}
			}
		}
		t.Fatalf("docs/security.md has no row of %q", of)
		return nil
	}
	documented := map[string]rpcguard.Access{}
	for of, access := range map[string]rpcguard.Access{"either": rpcguard.Read, "the one for all calls": rpcguard.Change} {
		for i, api := range []string{"/tamtam.v1.TamTamService/", "/service.TamTam/"} {
			for _, method := range strings.Split(row(of)[i], ", ") {
				documented[api+method] = access
			}
		}
	}
	for m, access := range accesses {
		if strings.HasPrefix(m, "/grpc.") { // health and reflection have sentences of their own
			continue
		}
		if have, is := documented[m]; !is || have != access {
			t.Errorf("%s is not in its row of docs/security.md", m)
		}
		delete(documented, m)
	}
	for m := range documented {
		t.Errorf("docs/security.md names %s, which is not served", m)
	}
}

// changing are the calls that a token for reading is not for. They are listed here again,
// so that a slip in the table shows.
var changing = []string{
	"Join", "Leave", "RemoveMember", "Broadcast", "Ping", "UpdateSettings", "SetHeartbeat", "SetLogThreshold",
	"UpdateTags", "InstallKey", "UseKey", "RemoveKey", "Query", "AnswerQueries", "Attach",
}

// TestTokens makes each call of each service with each token.
func TestTokens(t *testing.T) {
	for _, daemon := range []struct{ name, full, read string }{
		{"no tokens", "", ""},
		{"one token", fullToken, ""},
		{"only a read token", "", readToken},
		{"both tokens", fullToken, readToken},
	} {
		t.Run(daemon.name, func(t *testing.T) {
			f, conn := serveBehind(t, tokenGuard(t, daemon.full, daemon.read))
			f.messages.Close() // so that streams end
			f.table.Close()
			methods := served(f.server)
			for method, streams := range methods {
				for _, bearer := range []string{"", "Bearer wrong-0123456789abcdef", "Bearer " + readToken, "Bearer " + fullToken, "bearer " + fullToken, fullToken, "Basic " + fullToken, "Bearer"} {
					want := codes.OK
					_, token, schemed := strings.Cut(bearer, " ")
					if !schemed || strings.HasPrefix(bearer, "Basic") {
						token = ""
					}
					switch {
					case strings.HasPrefix(method, "/grpc.health."), daemon.full+daemon.read == "":
					case token == "", token != daemon.full && token != daemon.read:
						want = codes.Unauthenticated
					case token == daemon.read && slices.Contains(changing, path.Base(method)):
						want = codes.PermissionDenied
					}
					if method == "/grpc.health.v1.Health/Watch" {
						streams = false // it would never end; one answer will do
					}
					ctx := within(t)
					if bearer != "" {
						ctx = metadata.AppendToOutgoingContext(ctx, "authorization", bearer)
					}
					if have := refusal(call(ctx, conn, method, streams)); have != want {
						t.Errorf("%s with %q: %v, want %v", method, bearer, have, want)
					}
				}
			}
		})
	}
}

// refusal is the code of an error if it is a guard's, else OK: what else may be wrong
// with an empty request does not matter.
func refusal(err error) codes.Code {
	if c := status.Code(err); c == codes.Unauthenticated || c == codes.PermissionDenied {
		return c
	}
	return codes.OK
}

// call makes a call with an empty request, and reads a stream to its end.
func call(ctx context.Context, conn *grpc.ClientConn, method string, streams bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	if err := s.SendMsg(&emptypb.Empty{}); err != nil && status.Code(err) != codes.Unknown { // io.EOF: RecvMsg says why
		return err
	}
	_ = s.CloseSend()
	for {
		if err := s.RecvMsg(&emptypb.Empty{}); err != nil || !streams {
			return err
		}
	}
}

// TestOneAuthorization: of two, nobody knows which was checked.
func TestOneAuthorization(t *testing.T) {
	_, conn := serveBehind(t, tokenGuard(t, fullToken, readToken))
	ctx := metadata.AppendToOutgoingContext(within(t), "authorization", "Bearer "+readToken, "authorization", "Bearer "+fullToken)
	code(t, call(ctx, conn, "/tamtam.v1.TamTamService/Leave", false), codes.Unauthenticated)
}

// TestRefusedCallsAreCounted, and nothing of a token is told.
func TestRefusedCallsAreCounted(t *testing.T) {
	g := tokenGuard(t, "", readToken)
	_, conn := serveBehind(t, g)
	err := call(within(t), conn, "/tamtam.v1.TamTamService/GetVersion", false)
	code(t, err, codes.Unauthenticated)
	ctx := metadata.AppendToOutgoingContext(within(t), "authorization", "Bearer "+readToken)
	err = call(ctx, conn, "/tamtam.v1.TamTamService/Leave", false)
	code(t, err, codes.PermissionDenied)
	if text := status.Convert(err).Message(); !strings.Contains(text, "--rpc-token-file") || strings.Contains(text, readToken) {
		t.Errorf("it says %q", text)
	}
	m := map[string]uint64{}
	if g.Counters(m); m["rpc_calls_unauthenticated"] != 1 || m["rpc_calls_denied"] != 1 {
		t.Errorf("counted %v", m)
	}
}
