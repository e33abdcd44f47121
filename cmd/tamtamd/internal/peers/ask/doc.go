// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package ask carries the questions of users to members, and the answers of programs back.
//
// Core is the protocol without IO: questions, answers and the time in; messages, events and
// the next deadline out. Exchange is the shell around it: the callers who ask, the programs
// that answer, and the clock.
//
// A question is named by its asker and a random token. It goes to each member by itself, and
// each answers directly; the wire retransmits both, and finds a relay where there is no way.
//
//	asker ─ question ─▶ member             the tags of the member decide if it is meant
//	asker ◀─ unmatched, or 0 answerers ─   or busy: nothing follows
//	asker ◀─ k answerers ─                 unless the first answer, which says so as well, is fast
//	asker ◀─ answer or failure of 0, … k-1 ─
//
// What the wire gives up, as it does if there is no way for a time, is asked for again: the
// asker repeats the question, and says which answers it has; the member sends those that are
// missing. A member that holds the question does not pass it to programs twice. An asker takes
// each answer once.
//
// A member of an earlier version answers that it does not know the question.
package ask
