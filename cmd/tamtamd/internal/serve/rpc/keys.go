// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (s *v1) ListKeys(ctx context.Context, _ *tamtamv1.ListKeysRequest) (*tamtamv1.ListKeysResponse, error) {
	nodes, err := memberKeys(ctx, s.Keys.List)
	return &tamtamv1.ListKeysResponse{Members: nodes}, err
}

func (s *v1) InstallKey(ctx context.Context, r *tamtamv1.InstallKeyRequest) (*tamtamv1.InstallKeyResponse, error) {
	var k wire.Key
	if len(r.GetKey()) != len(k) {
		return nil, toStatus(fmt.Errorf("%w: it has %d bytes, want %d", keyring.ErrBadKey, len(r.GetKey()), len(k)))
	}
	copy(k[:], r.GetKey())
	nodes, err := memberKeys(ctx, func(ctx context.Context) ([]keys.Node, error) {
		return s.Keys.Install(ctx, k, toSignature(r.GetSignature()))
	})
	return &tamtamv1.InstallKeyResponse{Key: keyring.ID(k), Members: nodes}, err
}

func (s *v1) UseKey(ctx context.Context, r *tamtamv1.UseKeyRequest) (*tamtamv1.UseKeyResponse, error) {
	nodes, err := memberKeys(ctx, func(ctx context.Context) ([]keys.Node, error) {
		return s.Keys.Use(ctx, r.GetKey(), r.GetForce(), toSignature(r.GetSignature()))
	})
	return &tamtamv1.UseKeyResponse{Members: nodes}, err
}

func (s *v1) RemoveKey(ctx context.Context, r *tamtamv1.RemoveKeyRequest) (*tamtamv1.RemoveKeyResponse, error) {
	nodes, err := memberKeys(ctx, func(ctx context.Context) ([]keys.Node, error) {
		return s.Keys.Remove(ctx, r.GetKey(), r.GetForce(), toSignature(r.GetSignature()))
	})
	return &tamtamv1.RemoveKeyResponse{Members: nodes}, err
}

func toSignature(s *tamtamv1.OperatorSignature) keys.Signature {
	return keys.Signature{Issued: s.GetIssued().AsTime(), Bytes: s.GetSignature()}
}

// memberKeys makes a call to all members and converts their answers.
func memberKeys(ctx context.Context, call func(context.Context) ([]keys.Node, error)) ([]*tamtamv1.MemberKeys, error) {
	nodes, err := call(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	out := make([]*tamtamv1.MemberKeys, len(nodes))
	for i, n := range nodes {
		out[i] = &tamtamv1.MemberKeys{
			Address: n.Member.Addr.String(), Name: n.Member.Name, Status: statuses[n.Member.Status],
			Keys: n.Keys, Kept: n.Kept,
		}
		if n.Err != nil {
			out[i].Error = n.Err.Error()
		}
	}
	return out, nil
}
