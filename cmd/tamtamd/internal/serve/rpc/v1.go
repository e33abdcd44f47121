// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// v1 serves tamtam.v1.
type v1 struct {
	tamtamv1.UnimplementedTamTamServiceServer
	Config
}

var _ tamtamv1.TamTamServiceServer = (*v1)(nil)

func (s *v1) GetLocalNode(context.Context, *tamtamv1.GetLocalNodeRequest) (*tamtamv1.GetLocalNodeResponse, error) {
	m, _ := s.Members.Get(s.Self.Addr) // always there
	return &tamtamv1.GetLocalNodeResponse{
		Member:          toMember(m, node.PeerState{}),
		Started:         timestamppb.New(s.Started),
		ClusterName:     s.Self.Cluster,
		MaxPayloadBytes: uint32(s.Messages.Limit()),

		MaxAddressedPayloadBytes: uint32(s.Messages.AddressedLimit()),
		MaxRetainedPayloadBytes:  limits.MaxRetained,
		Profile:                  s.Profile,
		DetectionTime:            durationpb.New(s.Node.DetectionTime()),
		Unready:                  s.State.Unready(),
		Removal:                  toRemoval(s.State.Removal()),
	}, nil
}

// toRemoval returns how the node was removed, nil if it was not.
func toRemoval(r *lifecycle.Removal) *tamtamv1.Removal {
	if r == nil {
		return nil
	}
	out := &tamtamv1.Removal{
		ReportedBy: r.By.String(), ReporterName: r.Name, Time: timestamppb.New(r.At),
		Found: r.Sentence(), Remedy: r.Remedy(), Command: r.Command(),
	}
	if !r.SeedsAt.IsZero() {
		out.SeedsTried = timestamppb.New(r.SeedsAt)
	}
	return out
}

// join is Join of both services. It fails if no address was joined.
func join(ctx context.Context, n Node, addresses []string) ([]node.JoinResult, error) {
	if len(addresses) == 0 || len(addresses) > limits.MaxJoin {
		return nil, fmt.Errorf("%w: %d addresses, want 1 to %d", errInvalid, len(addresses), limits.MaxJoin)
	}
	results := n.Join(ctx, addresses)
	var errs []error
	for _, r := range results {
		if r.Err == nil {
			return results, nil
		}
		errs = append(errs, r.Err)
	}
	return nil, oneLine(errs)
}

// oneLine joins errors as errors.Join does, but with the text on one line.
func oneLine(errs []error) error {
	joined := errors.Join(errs...)
	return &lineError{strings.ReplaceAll(joined.Error(), "\n", "; "), joined}
}

type lineError struct {
	text string
	err  error
}

func (e *lineError) Error() string { return e.text }
func (e *lineError) Unwrap() error { return e.err }

func (s *v1) Join(ctx context.Context, r *tamtamv1.JoinRequest) (*tamtamv1.JoinResponse, error) {
	results, err := join(ctx, s.Node, r.GetAddresses())
	if err != nil {
		return nil, toStatus(err)
	}
	out := &tamtamv1.JoinResponse{}
	for _, r := range results {
		one := &tamtamv1.JoinResult{Address: r.Address}
		for _, a := range r.Members {
			one.Members = append(one.Members, a.String())
		}
		if r.Err != nil {
			one.Error = r.Err.Error()
		}
		out.Results = append(out.Results, one)
	}
	return out, nil
}

func (s *v1) Leave(ctx context.Context, _ *tamtamv1.LeaveRequest) (*tamtamv1.LeaveResponse, error) {
	acknowledged, missed := s.Config.Leave(ctx)
	return &tamtamv1.LeaveResponse{Acknowledged: uint32(acknowledged), Unacknowledged: uint32(missed)}, nil
}

func (s *v1) RemoveMember(
	ctx context.Context, r *tamtamv1.RemoveMemberRequest,
) (*tamtamv1.RemoveMemberResponse, error) {
	m, err := s.Node.Remove(ctx, r.GetAddress(), r.GetSignature().GetSignature(), r.GetEndedOnly())
	if err != nil {
		return nil, toStatus(err)
	}
	s.Members.Credit(m.Addr, rpcguard.CallerOf(ctx).String())
	return &tamtamv1.RemoveMemberResponse{Member: toMember(m, node.PeerState{})}, nil
}

func (s *v1) Ping(ctx context.Context, r *tamtamv1.PingRequest) (*tamtamv1.PingResponse, error) {
	a, trip, err := s.Node.Ping(ctx, r.GetAddress())
	if err != nil {
		return nil, toStatus(err)
	}
	return &tamtamv1.PingResponse{Address: a.String(), RoundTrip: durationpb.New(trip)}, nil
}

func (s *v1) settings() *tamtamv1.Settings {
	return &tamtamv1.Settings{
		Heartbeat: durationpb.New(s.Node.Heartbeat()),
		LogLevel:  toLevel(s.Threshold.Level()),
	}
}

func (s *v1) GetSettings(context.Context, *tamtamv1.GetSettingsRequest) (*tamtamv1.GetSettingsResponse, error) {
	return &tamtamv1.GetSettingsResponse{Settings: s.settings()}, nil
}

func (s *v1) UpdateSettings(
	_ context.Context, r *tamtamv1.UpdateSettingsRequest,
) (*tamtamv1.UpdateSettingsResponse, error) {
	// The level is checked before the heartbeat changes, and set after: all or nothing.
	threshold := s.Threshold.Level()
	if r.LogLevel != nil {
		var err error
		if threshold, err = fromLevel(r.GetLogLevel()); err != nil {
			return nil, toStatus(err)
		}
	}
	if h := r.GetHeartbeat(); h != nil {
		if err := h.CheckValid(); err != nil {
			return nil, toStatus(fmt.Errorf("%w: heartbeat: %w", errInvalid, err))
		}
		if err := s.Node.SetHeartbeat(h.AsDuration()); err != nil {
			return nil, toStatus(err)
		}
	}
	if r.LogLevel != nil {
		s.Threshold.SetLevel(threshold)
	}
	return &tamtamv1.UpdateSettingsResponse{Settings: s.settings()}, nil
}

func (s *v1) GetVersion(context.Context, *tamtamv1.GetVersionRequest) (*tamtamv1.GetVersionResponse, error) {
	return &tamtamv1.GetVersionResponse{
		Version:       s.Build.Version,
		Commit:        s.Build.Commit,
		GoVersion:     s.Build.Go,
		SmudgeVersion: s.Build.Smudge,
	}, nil
}

func (s *v1) GetCounters(_ context.Context, r *tamtamv1.GetCountersRequest) (*tamtamv1.GetCountersResponse, error) {
	out := &tamtamv1.GetCountersResponse{Counters: s.Counters()}
	if r.GetHistory() {
		for _, m := range s.Minutes() {
			out.History = append(out.History, &tamtamv1.CounterMinute{
				Start: timestamppb.New(m.Start), Duration: durationpb.New(m.Took), Increments: m.Grown,
			})
		}
	}
	return out, nil
}
