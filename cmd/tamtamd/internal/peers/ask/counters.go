// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"

// counters are what this package counts.
var counters counter.Table

var (
	queriesNow   = counters.Gauge("user_queries_open", "tamtam_user_queries_open", "Queries of users of this node that are under way now.")
	questionsNow = counters.Gauge("user_questions_held", "tamtam_user_questions_held", "Questions of users, also of other nodes, that this node holds now: those under way, and answered ones that may be repeated.")
	answerersNow = counters.Gauge("user_answerers", "tamtam_user_answerers", "Programs that answer questions at this node now.")

	queriesBegun    = counters.Metric("user_queries", "tamtam_user_queries_total", "Queries of users of this node.")
	answersTaken    = counters.New("user_answers_received", "Answers to queries of this node.")
	answersFailed   = counters.New("user_answers_failed", "Answers to queries of this node that did not come: failures, silent members, members without an answerer.")
	answersUnasked  = counters.New("user_answers_unasked", "Answers to no query of this node, or that came again, or too late.")
	repeated        = counters.New("user_questions_repeated", "Questions that this node repeated to a member since an answer was missing.")
	questionsTaken  = counters.Metric("user_questions", "tamtam_user_questions_total", "Questions of users that programs at this node got to answer.")
	questionsAgain  = counters.New("user_questions_again", "Questions that this node had already.")
	questionsBusy   = counters.New("user_questions_busy", "Questions, or shares of them, that were refused since too many were under way. The askers are told.")
	questionsBad    = counters.New("user_questions_malformed", "Questions that were dropped since they were not valid.")
	answersSent     = counters.New("user_answers_sent", "Answers of programs at this node.")
	answersLate     = counters.New("user_answers_late", "Answers of programs at this node that came too late, or twice.")
	piecesDropped   = counters.New("user_answer_pieces_dropped", "Pieces of answers to queries of this node that were dropped since too many answers were being put together. They are asked for again.")
	answersNotTaken = counters.New("user_answers_put_off", "Answers that were sent later since too much was under way to the asker.")
)
