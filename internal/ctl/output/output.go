// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package output has all that tamtamctl prints as JSON: a type for each object, whose struct tags
// are the reference of its fields (doc says what a field is; absent, when it is left out). Scripts
// rely on the names.
//
// One way to say that there is no value: the field is left out, whether the value is not known or
// there is none. So ".name // .address" of jq does what it says, and no reader takes 0, "" or
// 1970 for a value. Lists, maps, numbers and booleans that are known are always there.
package output

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// ID returns a 64-bit number as text: many readers of JSON round numbers over 2^53. 0 is no ID:
// the result is empty.
func ID(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// Millis returns a duration in milliseconds, to the microsecond; nil for nil.
func Millis(d *durationpb.Duration) *float64 {
	if d == nil {
		return nil
	}
	ms := MillisOf(d.AsDuration())
	return &ms
}

// MillisOf is Millis of a duration that is known.
func MillisOf(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Time returns a time in UTC; the zero time for nil.
func Time(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// Slice returns a copy of a list, which JSON has as [] if it is empty, not as null.
func Slice[E any](s []E) []E { return append([]E{}, s...) }

// Map returns a map that JSON has as {} if it is nil, not as null.
func Map[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
