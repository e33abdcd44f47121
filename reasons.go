// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import "slices"

// Reason is why a call failed, as the daemon names it. It is an error, so that
// errors.Is(err, tamtam.ErrBusy) reports whether it is the reason of an error.
type Reason string

func (r Reason) Error() string { return string(r) }

// The reasons of this package itself.
const (
	// ErrUnreachable: no daemon answers at the address, or it ended during the call.
	ErrUnreachable Reason = "UNREACHABLE"
	// ErrDistrust: program and daemon do not speak the same protocol, or one does not trust the other.
	ErrDistrust Reason = "DISTRUST"
	// ErrUnsupported: the daemon is of an earlier version, which does not know what is asked. It has done
	// nothing.
	ErrUnsupported Reason = "UNSUPPORTED"
)

// The reasons of the daemon.
const (
	ErrBadAddress            Reason = "BAD_ADDRESS"             // not an address of a member
	ErrBadCursor             Reason = "BAD_CURSOR"              // not a cursor of a stream of messages
	ErrBadHeartbeat          Reason = "BAD_HEARTBEAT"           // a probe interval that is out of range
	ErrBadKey                Reason = "BAD_KEY"                 // not a key
	ErrBadLinks              Reason = "BAD_LINKS"               // too many members in a question about links
	ErrBadPattern            Reason = "BAD_PATTERN"             // a pattern that cannot be read
	ErrBadQuery              Reason = "BAD_QUERY"               // a question or an answerer over a limit
	ErrBadRecipients         Reason = "BAD_RECIPIENTS"          // too many recipients, or conditions that cannot be read
	ErrBadRetained           Reason = "BAD_RETAINED"            // a retained message without a topic, or for some members
	ErrBadService            Reason = "BAD_SERVICE"             // a service that is invalid, or too many
	ErrBadTag                Reason = "BAD_TAG"                 // a tag that is invalid, or too many
	ErrBadTopic              Reason = "BAD_TOPIC"               // a topic that is too long or not printable
	ErrBusy                  Reason = "BUSY"                    // too many messages are on their way
	ErrCanceled              Reason = "CANCELED"                // the call was cancelled
	ErrClocksDiffer          Reason = "CLOCKS_DIFFER"           // the value of a retained topic is dated in the future
	ErrDeadline              Reason = "DEADLINE"                // the time was over
	ErrEncryptionNotRequired Reason = "ENCRYPTION_NOT_REQUIRED" // keys are not changed while nodes accept clear text
	ErrForeignCluster        Reason = "FOREIGN_CLUSTER"         // a node of another cluster
	ErrInternal              Reason = "INTERNAL"                // a defect of the daemon
	ErrInvalidRequest        Reason = "INVALID_REQUEST"         // wrong in any state of the node
	ErrKeyNotEverywhere      Reason = "KEY_NOT_EVERYWHERE"      // a member does not have the key, or encrypts with it
	ErrMemberLive            Reason = "MEMBER_LIVE"             // a live member, and only one that has ended may be removed
	ErrNoAnswer              Reason = "NO_ANSWER"               // no node answers at the address
	ErrNoKeyring             Reason = "NO_KEYRING"              // the node has no keys
	ErrNotAllowed            Reason = "NOT_ALLOWED"             // an address outside the daemon's --allow
	ErrNotMember             Reason = "NOT_MEMBER"              // no member has the address or the name
	ErrPayloadTooLarge       Reason = "PAYLOAD_TOO_LARGE"       // a message over the limit
	ErrReadOnlyToken         Reason = "READ_ONLY_TOKEN"         // a token that may not change anything
	ErrReaderTooSlow         Reason = "READER_TOO_SLOW"         // this program read its stream too slowly
	ErrRemoved               Reason = "REMOVED"                 // the node was removed from its cluster
	ErrRetainedFull          Reason = "RETAINED_FULL"           // too many retained topics
	ErrSelf                  Reason = "SELF"                    // the node itself
	ErrServiceTaken          Reason = "SERVICE_TAKEN"           // another program, or a tag, has the name of the service
	ErrSilent                Reason = "SILENT"                  // a program that is attached sent nothing in time
	ErrStopping              Reason = "STOPPING"                // the daemon ends
	ErrTooFewMembers         Reason = "TOO_FEW_MEMBERS"         // fewer members are live than the message must reach
	ErrTooMany               Reason = "TOO_MANY"                // too many at the same time
	ErrTooManyCalls          Reason = "TOO_MANY_CALLS"          // this program makes too many calls
	ErrTooManyQueries        Reason = "TOO_MANY_QUERIES"        // too many questions are under way
	ErrTooManyReaders        Reason = "TOO_MANY_READERS"        // too many streams of messages that can resume
	ErrUnaddressable         Reason = "UNADDRESSABLE"           // a member cannot tell whether a message is for it
	ErrUnauthenticated       Reason = "UNAUTHENTICATED"         // no token, or an unknown one
	ErrUnknownKey            Reason = "UNKNOWN_KEY"             // no member has the key
	ErrUnresolved            Reason = "UNRESOLVED"              // a host name that cannot be resolved
	ErrUnsigned              Reason = "UNSIGNED"                // the change needs an operator's signature
)

// daemonReasons are the reasons of the daemon.
var daemonReasons = []Reason{
	ErrBadAddress, ErrBadCursor, ErrBadHeartbeat, ErrBadKey, ErrBadLinks, ErrBadPattern, ErrBadQuery, ErrBadRecipients, ErrBadRetained, ErrBadService, ErrBadTag, ErrBadTopic, ErrBusy,
	ErrCanceled, ErrClocksDiffer, ErrDeadline, ErrEncryptionNotRequired, ErrForeignCluster, ErrInternal, ErrInvalidRequest, ErrKeyNotEverywhere,
	ErrMemberLive, ErrNoAnswer, ErrNoKeyring, ErrNotAllowed, ErrNotMember, ErrPayloadTooLarge, ErrReadOnlyToken, ErrReaderTooSlow,
	ErrRemoved, ErrRetainedFull, ErrSelf, ErrServiceTaken, ErrSilent, ErrStopping, ErrTooFewMembers, ErrTooMany, ErrTooManyCalls, ErrTooManyQueries, ErrTooManyReaders, ErrUnaddressable,
	ErrUnauthenticated, ErrUnknownKey, ErrUnresolved, ErrUnsigned,
}

// Known reports whether this version of the package has a constant for the reason. A later daemon may
// have others.
func (r Reason) Known() bool {
	return slices.Contains(daemonReasons, r) || r == ErrUnreachable || r == ErrDistrust || r == ErrUnsupported
}
