// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestID(t *testing.T) {
	if ID(0) != "" || ID(math.MaxUint64) != "18446744073709551615" {
		t.Errorf("%q, %q", ID(0), ID(math.MaxUint64))
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if !Time(nil).IsZero() || Time(timestamppb.New(at.In(time.FixedZone("x", 3600)))) != at {
		t.Errorf("%v, %v", Time(nil), Time(timestamppb.New(at)))
	}
}

func TestMillis(t *testing.T) {
	if have := Millis(nil); have != nil {
		t.Errorf("nil is %v", *have)
	}
	for d, want := range map[time.Duration]float64{0: 0, time.Microsecond: 0.001, 1999: 0.001, 90 * time.Second: 90000} {
		if have := Millis(durationpb.New(d)); have == nil || *have != want {
			t.Errorf("%v is %v, want %v", d, have, want)
		}
	}
}
