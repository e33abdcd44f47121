// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// Query is a query of a user, and what came of it.
type Query struct {
	Began    time.Time
	Took     time.Duration // until its end
	Ended    bool
	Sum      ask.Sum
	Answers  map[netip.AddrPort]int // how many of each member
	Failures map[netip.AddrPort]ask.Reason
}

// Asked is what came of several queries of a node to all, one after another.
type Asked struct {
	Loss           float64 // of the network
	Queries        int
	Members        int // that were asked, in all
	Answers, Named int // of those: answered, or named with a reason
	// Median and Worst are how long a query took until all had answered or were named.
	Median, Worst time.Duration
	// Frames are those with questions and answers that all nodes sent for a query, again and again
	// included. Acknowledgements are not, as they cannot be told from those of other frames.
	Frames float64
}

// askAll has a node ask all so many times, and adds what came of it to the result.
func (c *Cluster) askAll(times int) {
	const wait = 10 * time.Second
	frames := func() uint64 {
		all := c.sum().frames
		return all["ask"].Sent + all["answer"].Sent
	}
	a, before := Asked{Loss: c.Network.Faults.Loss, Queries: times}, frames()
	var took []time.Duration
	for range times {
		q := c.Ask(1, wait)
		for over := c.Network.Now().Add(wait + time.Second); !q.Ended && c.Network.Now().Before(over); {
			c.Pass(10 * time.Millisecond)
		}
		c.Pass(time.Second) // what is retransmitted meanwhile is of this query
		a.Members += q.Sum.Asked
		a.Answers += len(q.Answers)
		a.Named += len(q.Failures)
		took = append(took, q.Took)
	}
	slices.Sort(took)
	a.Median, a.Worst = took[(len(took)-1)/2], took[len(took)-1]
	a.Frames = float64(frames()-before) / float64(times)
	c.result.Asked = append(c.result.Asked, a)
}

// askTopic is what a program at each node answers: at once, with the question.
const askTopic = "echo"

// newAsks returns what asks and answers at a node.
func newAsks(n *Node) *ask.Core {
	send := func(to netip.AddrPort, ch wire.Channel, b []byte) bool {
		return n.wire.Send(n.cluster.Network.Now(), to, ch, b, 0)
	}
	asks := ask.NewCore(ask.CoreConfig{
		Self: n.Addr,
		SendQuestion: func(to netip.AddrPort, token uint64, m *peerv1.UserQuestion) bool {
			return send(to, membership.QuestionChannel, ask.EncodeQuestion(token, m))
		},
		SendAnswer: func(to netip.AddrPort, token uint64, m *peerv1.UserAnswer) bool {
			return send(to, membership.AnswerChannel, ask.EncodeAnswer(token, m))
		},
		Tags: func() string { return "" }, Lifetime: n.cluster.options.Profile.Timing.Lifetime,
	})
	_, _ = asks.Register([]string{askTopic}, false) // one program is not too many
	return asks
}

// Ask has a node ask all members that it sees, and itself.
func (c *Cluster) Ask(i int, timeout time.Duration) *Query {
	q := &Query{Answers: make(map[netip.AddrPort]int), Failures: make(map[netip.AddrPort]ask.Reason)}
	token := c.random.Uint64()
	c.queries[token] = q
	c.do(i, func(n *Node) {
		now := c.Network.Now()
		q.Began = now
		targets := []ask.Target{{Addr: n.Addr, Matches: true}}
		for j, s := range n.view {
			if s.status.Live() && j != i {
				targets = append(targets, ask.Target{Addr: Address(j), Matches: true})
			}
		}
		// It fails if there are too many, and has no end then: a test sees that.
		_ = n.users.Ask(now, token, ask.Query{Topic: askTopic, Targets: targets, Timeout: timeout})
		n.settle(now)
		c.Network.Wake(n.Addr)
	})
	return q
}

// askMessage takes a question or an answer.
func (n *Node) askMessage(now time.Time, e wire.Event) {
	if e.Kind != wire.Received {
		return
	}
	if e.Channel == membership.AnswerChannel {
		token, m, text := ask.DecodeAnswer(e.Data)
		n.users.Answered(now, e.Addr, token, m, text)
	} else if token, m := ask.DecodeQuestion(e.Data); m != nil {
		n.users.Asked(now, e.Addr, token, m)
	}
}

// hearAsks takes what comes of queries, and answers.
func (n *Node) hearAsks(now time.Time) (any bool) {
	for _, e := range n.users.AppendEvents(nil) {
		any = true
		if e.Kind == ask.Delivery {
			n.users.Answer(now, e.To, e.ID, e.Payload, "")
			continue
		}
		q := n.cluster.queries[e.Query]
		switch e.Kind {
		case ask.Answer:
			q.Answers[e.Member]++
		case ask.Failure:
			q.Failures[e.Member] = e.Reason
		case ask.Done:
			q.Sum, q.Ended, q.Took = e.Sum, true, now.Sub(q.Began)
		}
	}
	return any
}
