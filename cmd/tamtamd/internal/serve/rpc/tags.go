// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (s *v1) UpdateTags(_ context.Context, r *tamtamv1.UpdateTagsRequest) (*tamtamv1.UpdateTagsResponse, error) {
	now, err := s.Leases.SetTags(r.GetSet(), r.GetDelete())
	if err != nil {
		return nil, toStatus(err)
	}
	return &tamtamv1.UpdateTagsResponse{Tags: now}, nil
}
