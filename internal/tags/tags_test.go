// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tags

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][2]string{
		"role=web": {"role", "web"}, "a=": {"a", ""}, "a=b=c": {"a", "b=c"}, "a.b/c-d_e=ü ,": {"a.b/c-d_e", "ü ,"},
	} {
		if k, v, err := Split(text); err != nil || k != want[0] || v != want[1] {
			t.Errorf("%q is %q, %q, %v", text, k, v, err)
		}
	}
	for _, text := range []string{"", "a", "=b", "a b=c", "ä=b", "a=\n", "a=\x1b[2J", "a=\xff", "a=\u202e", strings.Repeat("k", 65) + "="} {
		if _, _, err := Split(text); !errors.Is(err, ErrBad) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEncodeAndDecode(t *testing.T) {
	most := Set{}
	for i := range MaxCount {
		most[fmt.Sprintf("k%02d", i)] = strings.Repeat("v", MaxBytes/MaxCount-3)
	}
	for _, s := range []Set{{}, {"a": ""}, {"role": "web", "zone": "a b"}, most} {
		if err := s.Check(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
		text := s.Encode()
		back, err := Decode(text)
		if err != nil || !maps.Equal(back, s) || len(text) > MaxEncoded {
			t.Errorf("%v became %q, %v, %v", s, text, back, err)
		}
	}
	most["one"] = ""
	large := Set{"k": strings.Repeat("v", MaxBytes)}
	for _, s := range []Set{most, large} {
		if _, err := Decode(s.Encode()); !errors.Is(err, ErrBad) {
			t.Errorf("%d tags: %v", len(s), err)
		}
	}
	if (Set{"b": "2", "a": "1"}).String() != "a=1,b=2" {
		t.Error("not in order")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("a=b\nc=d\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Decode(text)
		if err != nil {
			return
		}
		if back, err := Decode(s.Encode()); err != nil || !maps.Equal(back, s) {
			t.Errorf("%q became %v, then %v, %v", text, s, back, err)
		}
	})
}
