// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

var counters counter.Table

// Counters of this package.
var (
	countAccusations             = counters.New("accusations", "Accusations by others whose confirmation began.")
	countAccusationsIgnored      = counters.New("accusations_ignored", "Accusations over the rate at which they are confirmed.")
	countAccusationsRefuted      = counters.New("accusations_refuted", "Accusations that the accused refuted by an answer.")
	countAnnouncements           = counters.New("announcements", "News that was sent to a member.")
	countCandidates              = counters.Gauge("candidates", "tamtam_candidates", "Addresses with a handshake under way that are not members yet.")
	countDroppedBadMessage       = counters.Of(counter.Dropped, "dropped_bad_message", "bad_message")
	countDroppedBareFromMember   = counters.Of(counter.Dropped, "dropped_bare_from_member", "bare_from_member")
	countDroppedHeartbeat        = counters.Of(counter.Dropped, "dropped_heartbeat", "heartbeat")
	countDroppedPlain            = counters.Of(counter.Dropped, "dropped_plain", "plain")
	countDroppedSelf             = counters.Of(counter.Dropped, "dropped_self", "self")
	countDroppedSource           = counters.Of(counter.Dropped, "dropped_source", "source")
	countDroppedStranger         = counters.Of(counter.Dropped, "dropped_stranger", "stranger")
	countDroppedTags             = counters.Of(counter.Dropped, "dropped_tags", "tags")
	countDroppedUnknownTarget    = counters.Of(counter.Dropped, "dropped_unknown_target", "unknown_target")
	countComparisonsDiffered     = counters.New("comparisons_differed", "Comparisons by others whose digest differed from this node's.")
	countDeadDifferIgnored       = counters.New("dead_differ_ignored", "Comparisons by others in which only the dead differed, over their rate.")
	countTombstones              = counters.Gauge("tombstones", "tamtam_tombstones", "Sessions that left or were removed and are remembered.")
	countTombstonesForgotten     = counters.New("tombstones_forgotten", "Sessions that left or were removed and were forgotten at the bound.")
	countTombstonesLearned       = counters.New("tombstones_learned", "Sessions of which this node learned from others that they left or were removed.")
	countEvictedMembers          = counters.New("evicted_members", "Ended members that made room for others.")
	countFailuresIgnored         = counters.New("failures_ignored", "Addresses that did not answer and were not remembered as such, over the bound.")
	countGreetings               = counters.New("greetings", "Greetings of candidates.")
	countHealth                  = counters.Gauge("local_health", "tamtam_local_health_multiplier", "How many times longer than usual this node waits for others, since it is late itself or loses packets: 1, 2, 4 or 8.")
	countHelps                   = counters.New("helps", "Requests for an indirect probe that were answered by TamTam, not by Smudge.")
	countIgnoredHelp             = counters.New("ignored_help", "Requests for an indirect probe over the bound.")
	countUnsignedRemovals        = counters.New("unsigned_removals", "Removals of members that were ignored since no operator of the cluster had signed them.")
	countIgnoredRemoved          = counters.New("ignored_removed", "Addresses of removed nodes that were reported and not greeted.")
	countGreetingsByRelay        = counters.New("greetings_by_relay", "Greetings of candidates by way of a member, because they did not answer directly.")
	countJoinQuestions           = counters.New("join_questions", "Members that were asked for a part of the members, in place of the node that this one joined.")
	countNewsDropped             = counters.New("news_dropped", "News of members that was dropped for other news, over the bound.")
	countQuestions               = counters.New("questions", "Members that were asked directly before this node accused them.")
	countQuestionsAnswered       = counters.New("questions_answered", "Such members that answered.")
	countRecordAsks              = counters.New("record_asks", "Members that were asked because another's record of them differed.")
	countRecordAsksIgnored       = counters.New("record_asks_ignored", "Such members over the rate, which were not asked.")
	countRefusedCandidates       = counters.Of(counter.Refused, "refused_candidates", "candidates")
	countRefusedNotAllowed       = counters.Of(counter.Refused, "refused_not_allowed", "not_allowed")
	countDeathsLearned           = counters.New("deaths_learned", "Members that another node had found dead before this one knew them, and that do not answer it.")
	countRefusedHeld             = counters.Of(counter.Refused, "refused_held", "held")
	countRefusedMembers          = counters.Of(counter.Refused, "refused_members", "members")
	countRemovedAnswered         = counters.New("removed_answered", "Removed sessions that returned and were told so.")
	countStrangersGivenUp        = counters.New("strangers_given_up", "Members that were given up since they had not answered from the start, when there were many of them.")
	countStrippedAboutSelf       = counters.New("stripped_about_self", "Entries that were removed from datagrams before Smudge read them: about self.")
	countStrippedAccusation      = counters.New("stripped_accusation", "Entries that were removed from datagrams before Smudge read them: accusation.")
	countStrippedAgainstEvidence = counters.New("stripped_against_evidence", "Entries that were removed from datagrams before Smudge read them: against evidence.")
	countStrippedHeartbeat       = counters.New("stripped_heartbeat", "Entries that were removed from datagrams before Smudge read them: heartbeat.")
	countStrippedNotMember       = counters.New("stripped_not_member", "Entries that were removed from datagrams before Smudge read them: not member.")
	countStrippedOldNews         = counters.New("stripped_old_news", "Entries that were removed from datagrams before Smudge read them: old news.")
	countStrippedRestated        = counters.New("stripped_restated", "Entries that were removed from datagrams before Smudge read them: restated.")
	countUnansweredQuestions     = counters.New("unanswered_questions", "Requests for the member list over the rate of a member.")
	countUnansweredStrangers     = counters.New("unanswered_strangers", "Pings of unknown sources over the rate of answers.")
	countUnreachedOverflowed     = counters.New("unreached_overflowed", "Addresses that were reported, not reached and not remembered at the bound.")
	countUnsentWithoutSession    = counters.New("unsent_without_session", "Datagrams that had no session to go by.")
)

// countFaults has the counter of each fault of a datagram.
var countFaults = func() map[datagram.Fault]*counter.Counter {
	all := make(map[datagram.Fault]*counter.Counter)
	for _, f := range datagram.Faults {
		all[f] = counters.Of(counter.Dropped, "dropped_"+string(f), string(f))
	}
	return all
}()
