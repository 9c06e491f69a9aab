package facts

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

func TestChangedAttributesAreNamedAsSCIMNamesThem(t *testing.T) {
	user := func(externalID, body string) *directory.User {
		return &directory.User{ExternalID: externalID, Body: json.RawMessage(body)}
	}
	tests := []struct {
		name     string
		old, now *directory.User
		want     []string
	}{
		{"nothing", user("x", `{"active":true}`), user("x", `{"active":true}`), nil},
		{"a value", user("x", `{"active":true,"title":"a"}`), user("x", `{"active":false,"title":"a"}`), []string{"active"}},
		{"one more, one less", user("", `{"a":1,"c":[{"d":"}"}]}`), user("", `{"b":"\"","c":[{"d":"}"}]}`), []string{"a", "b"}},
		{"the externalId", user("x", `{}`), user("y", `{}`), []string{"externalId"}},
		{
			"in the extension", user("", `{"`+enterpriseURN+`":{"department":"a","manager":{"value":"1"}}}`),
			user("", `{"`+enterpriseURN+`":{"department":"a","manager":{"value":"2"}}}`),
			[]string{"manager"},
		},
		{"the whole extension", user("", `{}`), user("", `{"`+enterpriseURN+`":{"department":"a"}}`), []string{"department"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, changedAttributes(tt.old, tt.now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestChangedMembersAgreesWithDecoding holds the one pass over two texts against decoding both.
func TestChangedMembersAgreesWithDecoding(t *testing.T) {
	value := rapid.OneOf(
		rapid.Just(any(nil)), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Int(), func(n int) any { return n }),
		rapid.Map(rapid.StringMatching(`[a"\\{}\[\],:é]{0,4}`), func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.StringMatching(`[a"\\\]},]{0,3}`), 0, 3), func(l []string) any { return l }),
	)
	object := rapid.MapOfN(rapid.StringMatching(`[a-d]{1,2}`), value, 0, 6)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := object.Draw(rt, "a"), object.Draw(rt, "b")
		var want []string
		for name := range a {
			if v, both := b[name]; !both || !reflect.DeepEqual(a[name], v) {
				want = append(want, name)
			}
		}
		for name := range b {
			if _, both := a[name]; !both {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		x, err := json.Marshal(a)
		if err != nil {
			rt.Fatal(err)
		}
		y, err := json.Marshal(b)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, changedMembers(x, y)); diff != "" {
			rt.Errorf("%s\n%s\n%s", x, y, diff)
		}
	})
}
