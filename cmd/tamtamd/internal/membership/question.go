// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// question asks a live member itself, since it has not answered Smudge: see
// detect.Questions.
func (c *Core) question(a netip.AddrPort, now time.Time) {
	p := c.members.get(a)
	if p == nil || p.info.Plain() || !p.listed || !p.status.Live() || c.suspicion.Silent(a, p.heard, now) {
		return
	}
	if c.questions.Ask(a, now) {
		c.count(countQuestions)
		c.suggestUsed(a)
		c.wake(now)
	}
}

// holdVerdict reports whether a verdict of this node's Smudge is held back until the
// member was asked. It is not if the member is plain, or has just not answered.
func (c *Core) holdVerdict(p *peer, v detect.Verdict, now time.Time) bool {
	own := v.By == c.cfg.Self.Addr || !v.By.IsValid() // read again, it has no reporter
	if !own || p.info.Plain() || c.suspicion.Silent(p.addr, p.heard, now) {
		return false
	}
	c.question(p.addr, now)
	c.questions.Hold(v)
	return true
}

// askQuestions greets the members in question, and shows what was found of those that
// have not answered.
func (c *Core) askQuestions(now time.Time) time.Time {
	greet, silent, next := c.questions.Tick(&c.awareness, now)
	for _, a := range greet {
		c.emit(Greet{a})
	}
	for _, v := range silent {
		p := c.members.get(v.Addr)
		if p == nil || !p.listed || !p.status.Live() {
			continue
		}
		if !c.awareness.Trusted() { // it may be this node that is late: it goes on asking
			c.question(v.Addr, now)
			c.questions.Hold(v)
			next = deadline.Earlier(next, now)
			continue
		}
		c.suspicion.Unanswered(v.Addr, now)
		if v.Status != 0 {
			c.judge(p, memberStatus(v.Status), v.By, now)
		} else {
			c.accuse(p, now)
		}
	}
	return next
}

// endQuestion ends the question to a member that was heard of. It answers for the
// helpers, and if Smudge has judged already, Smudge is put right.
func (c *Core) endQuestion(p *peer, now time.Time) {
	c.findings.Forget(p.addr)
	wrong, took, answered := c.questions.Heard(p.addr, now)
	if !answered {
		return
	}
	c.count(countQuestionsAnswered)
	c.awareness.Answered(took)
	c.late(c.awareness.Mistaken(), now)
	c.answerHelpers(c.indirect.Heard(p.addr, 0))
	switch wrong.Status {
	case datagram.Dead: // it begins again, or its death is held against it
		c.set(p, member.Alive, p.addr, now)
		c.emit(Admit{Addr: p.addr, Info: p.info, Replace: true, life: p.life})
	case datagram.Suspected:
		c.emit(EnginePing{p.addr}) // which answers for itself
	}
}
