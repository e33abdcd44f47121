// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// fakeKeys does as it is told.
type fakeKeys struct {
	t     *testing.T
	nodes []keys.Node
	err   error
	asked []string
}

func (f *fakeKeys) note(ctx context.Context, what string) ([]keys.Node, error) {
	if d, bounded := ctx.Deadline(); !bounded || time.Until(d) > keysWithin {
		f.t.Errorf("%s has until %v", what, d)
	}
	f.asked = append(f.asked, what)
	return f.nodes, f.err
}

func (f *fakeKeys) List(ctx context.Context) ([]keys.Node, error) { return f.note(ctx, "list") }

func (f *fakeKeys) Install(ctx context.Context, k wire.Key, _ keys.Signature) ([]keys.Node, error) {
	return f.note(ctx, "install "+keyring.ID(k))
}

func (f *fakeKeys) Use(ctx context.Context, id string, force bool, _ keys.Signature) ([]keys.Node, error) {
	return f.note(ctx, fmt.Sprint("use ", id, " ", force))
}

func (f *fakeKeys) Remove(ctx context.Context, id string, force bool, _ keys.Signature) ([]keys.Node, error) {
	return f.note(ctx, fmt.Sprint("remove ", id, " ", force))
}

// TestKeys: what is asked for, and what each member is told to have.
func TestKeys(t *testing.T) {
	f, conn := serve(t)
	ring := &f.keys
	ring.t = t
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), context.Background()
	key := wire.Key{1}
	calls := []struct {
		name string
		call func() ([]*tamtamv1.MemberKeys, error)
	}{
		{"list", func() ([]*tamtamv1.MemberKeys, error) {
			r, err := c.ListKeys(ctx, &tamtamv1.ListKeysRequest{})
			return r.GetMembers(), err
		}},
		{"install " + keyring.ID(key), func() ([]*tamtamv1.MemberKeys, error) {
			r, err := c.InstallKey(ctx, &tamtamv1.InstallKeyRequest{Key: key[:]})
			if err == nil && r.GetKey() != keyring.ID(key) {
				t.Errorf("installed %q", r.GetKey())
			}
			return r.GetMembers(), err
		}},
		{"use a true", func() ([]*tamtamv1.MemberKeys, error) {
			r, err := c.UseKey(ctx, &tamtamv1.UseKeyRequest{Key: "a", Force: true})
			return r.GetMembers(), err
		}},
		{"remove b false", func() ([]*tamtamv1.MemberKeys, error) {
			r, err := c.RemoveKey(ctx, &tamtamv1.RemoveKeyRequest{Key: "b"})
			return r.GetMembers(), err
		}},
	}
	ring.nodes = []keys.Node{
		{Member: member.Member{Addr: alice, Status: member.Alive, Info: member.Info{Name: "alice"}}, Keys: []string{"a", "b"}, Kept: true},
		{Member: member.Member{Addr: bob, Status: member.Dead}, Err: errors.New("it is not alive")},
	}
	for _, call := range calls {
		ring.asked = nil
		got, err := call.call()
		if err != nil || len(got) != 2 || !slices.Equal(ring.asked, []string{call.name}) {
			t.Fatalf("%s: %v, %v, asked %q", call.name, got, err, ring.asked)
		}
		if m := got[0]; m.GetAddress() != alice.String() || m.GetName() != "alice" || m.GetStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE ||
			!slices.Equal(m.GetKeys(), []string{"a", "b"}) || !m.GetKept() || m.GetError() != "" {
			t.Errorf("%s: %v", call.name, m)
		}
		if m := got[1]; m.GetAddress() != bob.String() || m.GetStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_DEAD || len(m.GetKeys()) != 0 || m.GetError() != "it is not alive" {
			t.Errorf("%s: %v", call.name, m)
		}
	}
	for _, e := range []struct {
		err  error
		code codes.Code
	}{
		{keyring.ErrNoKeyring, codes.FailedPrecondition}, {keys.ErrNotEverywhere, codes.FailedPrecondition},
		{keyring.ErrUnknownKey, codes.NotFound}, {keyring.ErrBadKey, codes.InvalidArgument},
	} {
		ring.err = e.err
		for _, call := range calls {
			_, err := call.call()
			code(t, err, e.code)
		}
	}
	// A key of another size is asked of nobody.
	ring.asked = nil
	for _, n := range []int{0, 16, 31, 33, 64} {
		_, err := c.InstallKey(ctx, &tamtamv1.InstallKeyRequest{Key: make([]byte, n)})
		code(t, err, codes.InvalidArgument)
	}
	if ring.asked != nil {
		t.Errorf("asked %q", ring.asked)
	}
}
