// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"bytes"
	"testing"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestShortTrip(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "0ms",
		400 * time.Nanosecond:              "0ms",
		43 * time.Microsecond:              "0.043ms",
		412345 * time.Nanosecond:           "0.41ms",
		time.Millisecond:                   "1ms",
		2345 * time.Microsecond:            "2.3ms",
		9990 * time.Microsecond:            "10ms",
		12345 * time.Microsecond:           "12ms",
		999 * time.Millisecond:             "999ms",
		1234567 * time.Microsecond:         "1.23s",
		-time.Millisecond:                  "-1ms", // a daemon's mistake, not ours to hide
		time.Minute + 123*time.Millisecond: "1m0.12s",
	} {
		if got := shortTrip(d); got != want {
			t.Errorf("shortTrip(%v) = %s, want %s", d, got, want)
		}
	}
}

// TestRowWithoutName is that of a plain member.
func TestRowWithoutName(t *testing.T) {
	var b bytes.Buffer
	memberRow(&b, &tamtamv1.Member{Address: "a:1", Status: 1, Plain: true}, false)
	since := time.Unix(0, 0).Local().Format(time.DateTime)
	if want := "a:1\t-\tALIVE\t" + since + "\t-\tplain\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
