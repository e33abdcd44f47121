// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/tap"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// accesses has the access that each call needs. A call without an entry needs the zero
// Access, Change, which is the strictest. Ping changes nothing here, but makes this node
// send to an address that the caller chooses.
var accesses = map[string]rpcguard.Access{
	tamtamv1.TamTamService_GetLocalNode_FullMethodName:     rpcguard.Read,
	tamtamv1.TamTamService_ListMembers_FullMethodName:      rpcguard.Read,
	tamtamv1.TamTamService_Join_FullMethodName:             rpcguard.Change,
	tamtamv1.TamTamService_Leave_FullMethodName:            rpcguard.Change,
	tamtamv1.TamTamService_RemoveMember_FullMethodName:     rpcguard.Change,
	tamtamv1.TamTamService_Broadcast_FullMethodName:        rpcguard.Change,
	tamtamv1.TamTamService_StreamMessages_FullMethodName:   rpcguard.Read,
	tamtamv1.TamTamService_WatchMembers_FullMethodName:     rpcguard.Read,
	tamtamv1.TamTamService_Ping_FullMethodName:             rpcguard.Change,
	tamtamv1.TamTamService_GetSettings_FullMethodName:      rpcguard.Read,
	tamtamv1.TamTamService_UpdateSettings_FullMethodName:   rpcguard.Change,
	tamtamv1.TamTamService_GetVersion_FullMethodName:       rpcguard.Read,
	tamtamv1.TamTamService_GetCounters_FullMethodName:      rpcguard.Read,
	tamtamv1.TamTamService_GetMemberHistory_FullMethodName: rpcguard.Read,
	tamtamv1.TamTamService_UpdateTags_FullMethodName:       rpcguard.Change,
	tamtamv1.TamTamService_ListKeys_FullMethodName:         rpcguard.Read, // only the IDs of keys
	tamtamv1.TamTamService_InstallKey_FullMethodName:       rpcguard.Change,
	tamtamv1.TamTamService_UseKey_FullMethodName:           rpcguard.Change,
	tamtamv1.TamTamService_RemoveKey_FullMethodName:        rpcguard.Change,
	tamtamv1.TamTamService_Inspect_FullMethodName:          rpcguard.Read,
	tamtamv1.TamTamService_GetLinks_FullMethodName:         rpcguard.Read,
	tamtamv1.TamTamService_Query_FullMethodName:            rpcguard.Change, // programs act on it
	tamtamv1.TamTamService_AnswerQueries_FullMethodName:    rpcguard.Change, // others believe it
	tamtamv1.TamTamService_ListTopics_FullMethodName:       rpcguard.Read,
	tamtamv1.TamTamService_Attach_FullMethodName:           rpcguard.Change,

	service.TamTam_Join_FullMethodName:            rpcguard.Change,
	service.TamTam_Leave_FullMethodName:           rpcguard.Change,
	service.TamTam_Ping_FullMethodName:            rpcguard.Change,
	service.TamTam_Broadcast_FullMethodName:       rpcguard.Change,
	service.TamTam_Stream_FullMethodName:          rpcguard.Read,
	service.TamTam_Monitor_FullMethodName:         rpcguard.Read,
	service.TamTam_Nodes_FullMethodName:           rpcguard.Read,
	service.TamTam_Healthy_FullMethodName:         rpcguard.Read,
	service.TamTam_SetHeartbeat_FullMethodName:    rpcguard.Change,
	service.TamTam_SetLogThreshold_FullMethodName: rpcguard.Change,
	service.TamTam_LocalAddress_FullMethodName:    rpcguard.Read,

	reflectionv1.ServerReflection_ServerReflectionInfo_FullMethodName:      rpcguard.Read,
	reflectionv1alpha.ServerReflection_ServerReflectionInfo_FullMethodName: rpcguard.Read,

	// Probes have no tokens, and learn only whether the daemon is up.
	grpc_health_v1.Health_Check_FullMethodName: rpcguard.Open,
	grpc_health_v1.Health_List_FullMethodName:  rpcguard.Open,
	grpc_health_v1.Health_Watch_FullMethodName: rpcguard.Open,
}

// enter admits a call before its request is read.
func enter(g Guard) tap.ServerInHandle {
	return func(ctx context.Context, info *tap.Info) (context.Context, error) {
		ctx, err := g.Enter(ctx, accesses[info.FullMethodName])
		return ctx, toStatus(err)
	}
}
