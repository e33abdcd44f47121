// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam"
)

// TestReasonsOfThePackage: package tamtam has a constant for each reason, and reads it from the status.
func TestReasonsOfThePackage(t *testing.T) {
	client, err := tamtam.Dial(t.Context(), tamtam.WithoutEnvironment(), tamtam.Lazy())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	check := func(sentinel error, code codes.Code, reason string) {
		t.Helper()
		if !tamtam.Reason(reason).Known() {
			t.Errorf("package tamtam does not know the reason %s", reason)
		}
		err := client.Explain(toStatus(fmt.Errorf("done: %w", sentinel)))
		var e *tamtam.Error
		if !errors.As(err, &e) || !errors.Is(err, tamtam.Reason(reason)) || e.Code != code || status.Code(err) != code {
			t.Errorf("%v is %#v, want the reason %s", sentinel, err, reason)
		}
	}
	for _, m := range mapping {
		check(m.err, m.code, m.reason)
	}
	check(errors.New("a defect"), codes.Internal, "INTERNAL")
}
