// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package limits

import "fmt"

// What callers and viewers can have a daemon keep. Ports and unix sockets have bounds of their
// own.
const (
	PortConnections       = 192 // at the same time
	PortConnectionsEach   = 64  // of one client
	PortCalls             = 384 // two of each connection, on average
	PortCallsEach         = 256
	SocketConnections     = 64
	SocketConnectionsEach = 32
	SocketCalls           = 256
	SocketCallsEach       = 128
	StrangerCalls         = 2 // of one connection without a token or certificate
	HTTPConnections       = 64
	HTTPReaders           = 16                     // watches, and streams of messages
	HTTPPosts             = 6                      // messages that are being sent
	HTTPPost              = MaxPayload*4/3 + 8<<10 // a request as JSON: the payload in base64, and all else that it has
	DNSConnections        = 8
	ReaderBuffer          = 1024    // values that a stream may fall behind
	ReaderBytes           = 4 << 20 // of messages that it may
)

// What a cluster can have a daemon keep.
const (
	MaxMembers     = 4096
	OtherSessions  = 1024    // of nodes that are no members; they end soon
	BulkFrames     = 1 << 16 // with messages, queries and keys, not acknowledged, to all members
	AnswerFrames   = 16      // of one member, on which acknowledgements ride
	OutboxPackets  = 1 << 13 // that wait to be sent: one to each session, and some
	MessagesAhead  = 16 << 20
	KeepBytes      = 4 << 20 // the default of --keep-bytes
	MatrixNodes    = 100     // of the matrix of links
	MatrixSamples  = 7       // of each link, of the last minute
	CounterMinutes = 15      // of the history of counters; some 8 KiB each
	memberBytes    = 20 << 10
	sessionBytes   = 4 << 10
	connectBytes   = 50 << 10
	callBytes      = 15 << 10
	requestBytes   = MaxRequest
	streamBytes    = 64 << 10 // of an answer that the client does not take
	idleBytes      = 17 << 20 // of a daemon without members
	pointerBytes   = 8
	httpConnection = 64 << 10
	dnsConnection  = 72 << 10 // an answer of 64 KiB, once
	reportBytes    = 2 << 10  // of a member, in an inspection
	sampleBytes    = 64       // of a link
)

// Of queries, which programs ask and answer.
const (
	Queries            = 1024     // of this node, under way
	QueryTargets       = 32 << 10 // members that they ask, all together
	QueryEventBytes    = 8 << 20  // answers that callers have not taken
	HeldQuestions      = 1 << 13  // of all askers, at a node with programs that answer
	OpenQuestionsEach  = 1024     // of one asker, not answered
	OpenAnswers        = 1 << 12  // that programs of a node have not given
	OpenAnswersEach    = 256      // that one of them has not
	PartialAnswersEach = 8        // of one member, put together at the same time
	HeldAnswerBytes    = 8 << 20  // of answers, kept for a repeated question
	Answerers          = 256      // programs
	targetBytes        = 200
	OwedReports        = 256     // of a node to one origin, on messages for some members
	AwaitedReports     = 1 << 13 // of members, on messages for some of them that callers wait for
	reportedBytes      = 100
	questionBytes      = 400
)

// Of readers that can resume.
const (
	CursorStreams   = 1 << 10 // that a cursor names
	ReaderPositions = 1 << 13 // streams in which such readers are, of all of them
	FetchedMessages = 1 << 9  // that have a place beside those that are kept
	PastStreams     = 1 << 13 // of which members report what they keep
	positionBytes   = 110
	pastBytes       = 400
	fetchedBytes    = 1400
)

// Of retained topics, which all members keep.
const (
	RetainedTopics     = 256
	RetainedBytes      = 128 << 10 // of their names and values
	RetainedTombstones = 1024      // deleted topics that are remembered
	RetainedPushes     = 256       // values that a node is sending to all members
	RetainedSent       = 5000      // messages with values that a node sends in a second
	RetainedSentBurst  = 1000      // the same at once
	RetainedAwaited    = 1 << 13   // members that callers wait for
	retainedBytes      = 200       // of a topic or a tombstone, besides RetainedBytes, as measured
	awaitedBytes       = 100
)

// attachedBytes is what a service of a program that is attached takes, with its lease, besides the call.
const attachedBytes = 300

// Bound is how much of something a daemon keeps at most, and what that takes.
type Bound struct {
	What string
	Most int // how many
	Each int // bytes of memory, as measured, or as they are sent
	By   string
}

// Bytes returns what all of it takes.
func (b Bound) Bytes() int { return b.Most * b.Each }

// Who can fill a bound.
const (
	Nobody    = "-"
	Cluster   = "members"
	Strangers = "strangers"
	Callers   = "callers with a token"
)

// Bounds are all bounds that take memory worth counting. docs/limits.md has them as a table, with
// the sums.
func Bounds() []Bound {
	return []Bound{
		{"the daemon itself", 1, idleBytes, Nobody},
		{"members", MaxMembers, memberBytes, Cluster},
		{"sessions of nodes that are no members", OtherSessions, sessionBytes, Cluster},
		{"frames with messages that are not acknowledged", BulkFrames, Frame, Cluster},
		{"acknowledgements that ride with answers", MaxMembers * AnswerFrames, Frame, Cluster},
		{"packets that wait to be sent", OutboxPackets, Frame, Cluster},
		{"messages that wait for an earlier one", 1, MessagesAhead, Cluster},
		{"messages that are kept (`--keep-bytes`)", 1, KeepBytes, Cluster},
		{"messages that are not kept any more, and that readers have not taken", 1, ReaderBytes, Cluster},
		{"earlier messages, fetched for readers that resume", FetchedMessages, fetchedBytes, Cluster},
		{"streams of which members report what they keep", PastStreams, pastBytes, Cluster},
		{"the last inspection, for the status page", MaxMembers, reportBytes, Cluster},
		{"samples of links, for the matrix", MatrixNodes * MatrixNodes * MatrixSamples, sampleBytes, Cluster},
		{"questions of users, held to be answered", HeldQuestions, questionBytes, Cluster},
		{"their answers", 1, HeldAnswerBytes, Cluster},
		{"their payloads, until programs have answered", OpenAnswers, MaxQuestion, Cluster},
		{"reports that could not be sent, on messages for some members", MaxMembers * OwedReports, 8, Cluster},
		{"retained topics, and deleted ones that are remembered", RetainedTopics + RetainedTombstones, retainedBytes, Cluster},
		{"the names and values of retained topics", 1, RetainedBytes, Cluster},
		{"gRPC connections", PortConnections + SocketConnections, connectBytes, Strangers},
		{"calls without a token", (PortConnections + SocketConnections) * StrangerCalls, callBytes, Strangers},
		{"HTTP connections", HTTPConnections, httpConnection, Strangers},
		{"DNS connections", DNSConnections, dnsConnection, Strangers},
		{"calls with a token", PortCalls + SocketCalls, callBytes, Callers},
		{"their requests, or their answers that are not taken, of streams", PortCalls + SocketCalls, requestBytes, Callers},
		{"messages that are posted by HTTP", HTTPPosts, HTTPPost, Callers},
		{"members that queries ask", QueryTargets, targetBytes, Callers},
		{"members that messages with recipients wait for", AwaitedReports, reportedBytes, Callers},
		{"streams in which readers are that can resume", ReaderPositions, positionBytes, Callers},
		{"members that retained messages wait for", RetainedAwaited, awaitedBytes, Callers},
		{"services of programs that are attached", MaxTagCount, attachedBytes, Callers},
		{"answers that callers have not taken", 1, QueryEventBytes, Callers},
		{"what they may fall behind", PortCalls + SocketCalls, ReaderBuffer * pointerBytes, Callers},
	}
}

// Table returns the bounds as a table in Markdown, in MiB, with the sums.
func Table() string {
	text := "| what | most | each | in all | filled by |\n| --- | --- | --- | --- | --- |\n"
	sums := map[string]int{}
	total := 0
	for _, b := range Bounds() {
		text += fmt.Sprintf("| %s | %d | %s | %s | %s |\n", b.What, b.Most, size(b.Each), size(b.Bytes()), b.By)
		sums[b.By] += b.Bytes()
		total += b.Bytes()
	}
	for _, by := range []string{Cluster, Strangers, Callers} {
		text += fmt.Sprintf("| **sum of what %s can fill** | | | **%s** | |\n", by, size(sums[by]))
	}
	return text + fmt.Sprintf("| **sum** | | | **%s** | |\n", size(total))
}

// size returns bytes as people read them.
func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", (n+1<<19)>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", (n+1<<9)>>10)
	}
	return fmt.Sprintf("%d B", n)
}
