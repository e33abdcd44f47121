// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// healthNames are the names for which health answers: the server as a whole, and both APIs.
var healthNames = []string{"", tamtamv1.TamTamService_ServiceDesc.ServiceName, service.TamTam_ServiceDesc.ServiceName}

// SetReady sets whether grpc.health.v1 reports the node as ready. It is not at first, and
// never again after Stop.
func (s *Server) SetReady(ready bool) {
	status := grpc_health_v1.HealthCheckResponse_NOT_SERVING
	if ready {
		status = grpc_health_v1.HealthCheckResponse_SERVING
	}
	for _, name := range healthNames {
		s.health.SetServingStatus(name, status)
	}
}
