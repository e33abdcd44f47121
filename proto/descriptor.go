// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package proto holds the description of the API, with its comments, for
// documentation and for clients without reflection (grpcurl -protoset).
package proto

import _ "embed" // for the descriptor set

// DescriptorSet is a serialised google.protobuf.FileDescriptorSet.
//
//go:embed tamtam.binpb
var DescriptorSet []byte
