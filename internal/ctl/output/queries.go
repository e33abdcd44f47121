// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

// QueryAsked is the first event of a query.
type QueryAsked struct {
	Event   string `json:"event" doc:"asked"`
	Members uint32 `json:"members" doc:"how many members the question goes to, before any has compared its tags"`
}

// QueryReceived reports that a member has the question.
type QueryReceived struct {
	Event     string `json:"event" doc:"received"`
	Address   string `json:"address" doc:"gossip address of the member"`
	Name      string `json:"name,omitempty" doc:"name of the member" absent:"it has none"`
	Answerers uint32 `json:"answerers" doc:"how many programs there answer"`
}

// QueryAnswer is an answer.
type QueryAnswer struct {
	Event    string   `json:"event" doc:"answer"`
	Address  string   `json:"address" doc:"gossip address of the member"`
	Name     string   `json:"name,omitempty" doc:"name of the member" absent:"it has none"`
	Answerer uint32   `json:"answerer" doc:"which of the programs of the member answers, from 0"`
	Payload  []byte   `json:"payload" doc:"the answer"`
	Text     *string  `json:"text,omitempty" doc:"the answer as text" absent:"it is not valid UTF-8"`
	Took     *float64 `json:"took_ms,omitempty" doc:"how long it took, from the question on" absent:"not known"`
}

// QueryFailure is an answer that does not come.
type QueryFailure struct {
	Event    string  `json:"event" doc:"failure"`
	Address  string  `json:"address" doc:"gossip address of the member"`
	Name     string  `json:"name,omitempty" doc:"name of the member" absent:"it has none"`
	Answerer *uint32 `json:"answerer,omitempty" doc:"which of the programs of the member does not answer, from 0" absent:"the failure is of the member"`
	Reason   string  `json:"reason" doc:"a QueryFailureReason of the API without its prefix, such as NO_ANSWERER"`
	Message  string  `json:"message" doc:"why, for people"`
}

// QueryDone is the last event of a query.
type QueryDone struct {
	Event    string   `json:"event" doc:"done"`
	Asked    uint32   `json:"asked" doc:"how many members were meant"`
	Answered uint32   `json:"answered" doc:"how many of them answered completely"`
	Answers  uint32   `json:"answers" doc:"how many answers there were"`
	Took     *float64 `json:"took_ms,omitempty" doc:"how long it took" absent:"not known"`
}
