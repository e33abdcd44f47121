// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// tokenSize is that of package peers: questions and answers begin with a token.
const tokenSize = 8

// userQuestion is the number of the field of a peerv1.Question that has a user's.
var userQuestion = (&peerv1.Question{}).ProtoReflect().Descriptor().Fields().ByName("user").Number()

// EncodeQuestion returns a question as it is sent on the channel of questions.
func EncodeQuestion(token uint64, m *peerv1.UserQuestion) []byte {
	return encode(token, &peerv1.Question{Question: &peerv1.Question_User{User: m}})
}

// EncodeAnswer returns an answer as it is sent on the channel of answers.
func EncodeAnswer(token uint64, m *peerv1.UserAnswer) []byte {
	return encode(token, &peerv1.Answer{Answer: &peerv1.Answer_User{User: m}})
}

func encode(token uint64, m proto.Message) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, tokenSize+proto.Size(m)), token)
	b, _ = proto.MarshalOptions{}.MarshalAppend(b, m) // fails for texts that are not UTF-8 only: all were checked
	return b
}

// DecodeQuestion reads a question; m is nil if it is not a user's.
func DecodeQuestion(b []byte) (token uint64, m *peerv1.UserQuestion) {
	token, body := splitToken(b)
	if n, _, size := protowire.ConsumeTag(body); size < 0 || n != userQuestion {
		return token, nil
	}
	var q peerv1.Question
	if proto.Unmarshal(body, &q) != nil {
		return token, nil
	}
	return token, q.GetUser()
}

// DecodeAnswer reads an answer: m is nil if it is not one to a user's question, and text is then
// why, if the sender says so.
func DecodeAnswer(b []byte) (token uint64, m *peerv1.UserAnswer, text string) {
	token, body := splitToken(b)
	var a peerv1.Answer
	if proto.Unmarshal(body, &a) != nil {
		return token, nil, ""
	}
	return token, a.GetUser(), a.GetError()
}

// splitToken returns the token, 0 if there is none, and what comes behind it.
func splitToken(b []byte) (token uint64, body []byte) {
	if len(b) < tokenSize {
		return 0, nil
	}
	return binary.BigEndian.Uint64(b), b[tokenSize:]
}
