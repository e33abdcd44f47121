// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// The types of the API that the methods take or return; package tamtamv1 documents their fields.
type (
	// Member is a node of the cluster as the daemon sees it.
	Member = tamtamv1.Member
	// Status is what the daemon knows of a member.
	Status = tamtamv1.MemberStatus
	// Filter selects members by name and tags; nil selects all.
	Filter = tamtamv1.MemberFilter
	// TagPattern is a condition about one tag; see Tag and NotTag.
	TagPattern = tamtamv1.TagPattern
	// LocalNode describes the daemon's own node.
	LocalNode = tamtamv1.GetLocalNodeResponse
	// JoinResult is the result of Join for one address.
	JoinResult = tamtamv1.JoinResult
)

// The statuses of members.
const (
	Alive     = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
	Suspected = tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
	Dead      = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
	Left      = tamtamv1.MemberStatus_MEMBER_STATUS_LEFT
)

// Tag returns the condition that members have a tag whose value matches a pattern: * stands for any
// text without a slash, ? for one character, and [a-c] for one of several.
func Tag(key, pattern string) *TagPattern { return &TagPattern{Key: key, Pattern: pattern} }

// NotTag returns the condition that members do not have a tag with such a value.
func NotTag(key, pattern string) *TagPattern {
	return &TagPattern{Key: key, Pattern: pattern, Exclude: true}
}

// Tagged returns a filter for members that meet all conditions.
func Tagged(conditions ...*TagPattern) *Filter { return &Filter{Tags: conditions} }

// Members returns the members that match the filter, all if it is nil, and have one of the statuses,
// any if there is none. They are ordered by address, and include the daemon's own node.
func (c *Client) Members(ctx context.Context, filter *Filter, statuses ...Status) ([]*Member, error) {
	r, err := call(ctx, c, func(ctx context.Context) (*tamtamv1.ListMembersResponse, error) {
		return c.conn.ListMembers(ctx, &tamtamv1.ListMembersRequest{Filter: filter, Statuses: statuses})
	})
	return r.GetMembers(), err
}

// LocalNode describes the daemon's own node.
func (c *Client) LocalNode(ctx context.Context) (*LocalNode, error) {
	return call(ctx, c, func(ctx context.Context) (*LocalNode, error) {
		return c.conn.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
	})
}

// Join joins the cluster of the nodes at some addresses: IPs or host names, with or without a port. It
// returns the result for each, and an error with ErrNoAnswer if none of them answered.
func (c *Client) Join(ctx context.Context, addresses ...string) ([]*JoinResult, error) {
	r, err := call(ctx, c, func(ctx context.Context) (*tamtamv1.JoinResponse, error) {
		return c.conn.Join(ctx, &tamtamv1.JoinRequest{Addresses: addresses})
	})
	return r.GetResults(), err
}

// Leave makes the node leave its cluster gracefully, and ends the daemon. It returns how many members
// know of it, and how many do not, which will find the node dead.
func (c *Client) Leave(ctx context.Context) (know, not int, err error) {
	r, err := call(ctx, c, func(ctx context.Context) (*tamtamv1.LeaveResponse, error) {
		return c.conn.Leave(ctx, &tamtamv1.LeaveRequest{})
	})
	return int(r.GetAcknowledged()), int(r.GetUnacknowledged()), err
}

// SetTags sets tags of the daemon's own node, and leaves the others as they are. It returns all tags. The
// change lasts until the daemon ends. A node has at most 32 tags and 512 bytes of them; an invalid one is
// an error with ErrBadTag, and changes nothing.
func (c *Client) SetTags(ctx context.Context, tags map[string]string) (map[string]string, error) {
	return c.updateTags(ctx, &tamtamv1.UpdateTagsRequest{Set: tags})
}

// DeleteTags deletes tags of the daemon's own node, and returns the tags that are left.
func (c *Client) DeleteTags(ctx context.Context, keys ...string) (map[string]string, error) {
	return c.updateTags(ctx, &tamtamv1.UpdateTagsRequest{Delete: keys})
}

func (c *Client) updateTags(ctx context.Context, change *tamtamv1.UpdateTagsRequest) (map[string]string, error) {
	r, err := call(ctx, c, func(ctx context.Context) (*tamtamv1.UpdateTagsResponse, error) {
		return c.conn.UpdateTags(ctx, change)
	})
	return r.GetTags(), err
}
