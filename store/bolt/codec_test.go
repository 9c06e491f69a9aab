package bolt

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
)

// anyRow makes rows with every exported field drawn, found by reflection: a field that a codec forgets fails its test.
func anyRow[V any]() *rapid.Generator[V] {
	instant := rapid.Custom(func(t *rapid.T) any {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "sec"), rapid.Int64Range(0, 999_999_999).Draw(t, "nsec")).UTC()
	})
	raw := rapid.Custom(func(t *rapid.T) any { return json.RawMessage(rapid.SliceOf(rapid.Byte()).Draw(t, "raw")) })
	return rapid.MakeCustom[V](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[time.Time]():       instant,
		reflect.TypeFor[json.RawMessage](): raw,
	}})
}

func compareRows(t *rapid.T, got any, err error, want any) {
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("after a round trip (-want +got):\n%s", diff)
	}
}

func TestRowsSurviveARoundTrip(t *testing.T) {
	t.Run("user", rapid.MakeCheck(func(t *rapid.T) {
		u := anyRow[directory.User]().Draw(t, "user")
		row, _ := appendUser(nil, nil, &u)
		got, err := decodeUser(u.Conn, u.ID, row)
		compareRows(t, got, err, &u)
		keys, err := userKeys(u.ID, row)
		compareRows(t, keys, err, u.Keys)
	}))
	t.Run("group", rapid.MakeCheck(func(t *rapid.T) {
		g := anyRow[directory.Group]().Draw(t, "group")
		got, err := decodeGroup(g.Conn, g.ID, appendGroup(nil, &g))
		compareRows(t, got, err, &g)
	}))
	t.Run("member", rapid.MakeCheck(func(t *rapid.T) {
		m := anyRow[directory.Member]().Draw(t, "member")
		row, _ := appendMember(nil, nil, &m)
		got, err := decodeMember(m.Org, m.ID, row)
		compareRows(t, got, err, &m)
	}))
	t.Run("invitation with more", rapid.MakeCheck(func(t *rapid.T) {
		g := &directory.Grant{Kind: directory.GrantInvitation, Digest: rapid.StringN(1, 9, 9).Draw(t, "digest"), Invited: &directory.Invitation{Email: "ann@acme.com"}}
		compareGrant(t, g)
	}))
	t.Run("invitation", rapid.MakeCheck(func(t *rapid.T) {
		g := anyRow[directory.Grant]().Draw(t, "grant")
		g.User, g.Login, g.Version, g.Brake, g.Effects, g.Digest = directory.UserRef{}, nil, "", "", nil, ""
		g.Password, g.Passkey, g.Permission, g.Request, g.Onboarding = nil, nil, nil, nil, nil
		i := anyRow[directory.Invitation]().Draw(t, "invitation")
		g.Kind, g.Invited = directory.GrantInvitation, &i
		if row := compareGrant(t, &g); isJSON(row) {
			t.Fatalf("the row of an invitation is %s", row)
		}
	}))
	t.Run("mail", rapid.MakeCheck(func(t *rapid.T) {
		m := anyRow[directory.Mail]().Draw(t, "mail")
		got, err := decodeMail(m.ID, appendMail(nil, &m))
		compareRows(t, got, err, &m)
	}))
	t.Run("request", rapid.MakeCheck(func(t *rapid.T) {
		r := anyRow[directory.Request]().Draw(t, "request")
		got := &directory.Request{Kind: r.Kind, Key: r.Key}
		compareRows(t, got, decodeRequest(got, appendRequest(nil, &r)), &r)
	}))
	t.Run("entry", rapid.MakeCheck(func(t *rapid.T) {
		e := anyRow[directory.Entry]().Draw(t, "entry")
		got, err := decodeEntry(e.Seq, appendEntry(nil, &e))
		compareRows(t, got, err, &e)
	}))
	t.Run("detail", rapid.MakeCheck(func(t *rapid.T) {
		d := anyRow[directory.Detail]().Draw(t, "detail")
		got, err := decodeDetail(d.Seq, appendDetail(nil, &d))
		compareRows(t, got, err, &d)
	}))
}

// compareGrant writes a grant, reads it again, and returns the row.
func compareGrant(t *rapid.T, g *directory.Grant) []byte {
	row, err := (&tx{}).appendGrant(g)
	if err != nil {
		t.Fatal(err)
	}
	got := &directory.Grant{ID: g.ID, Org: g.Org, Member: g.Member}
	compareRows(t, got, decodeGrant(got, row), g)
	return row
}

func TestTheHeadOfAMemberHasAllThatItsIndexNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyRow[directory.Member]().Draw(t, "member")
		m.Status = rapid.SampledFrom(directory.Statuses()).Draw(t, "status")
		if rapid.Bool().Draw(t, "not merged") {
			m.Merged = directory.NoID
		}
		row, _ := appendMember(nil, nil, &m)
		head, ok := memberHead(row)
		if !ok {
			t.Fatal("the row has no head")
		}
		got, err := decodeMemberHead(m.Org, m.ID, head)
		if err != nil {
			t.Fatal(err)
		}
		compareRows(t, got.Keys(), nil, m.Keys())
		compareRows(t, got.Due, nil, m.Due)
	})
}

func TestEqualRecordsHaveEqualRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyRow[directory.Member]().Draw(t, "member")
		row, _ := appendMember(nil, nil, &m)
		for range 5 { // maps are walked in another order every time
			if again, _ := appendMember(nil, nil, &m); string(again) != string(row) {
				t.Fatal("two rows of one member differ")
			}
		}
	})
}

func TestDamagedRowsAreErrors(t *testing.T) {
	decoders := map[string]func([]byte) error{
		"user":    func(b []byte) error { _, err := decodeUser(1, testID(1), b); return err },
		"group":   func(b []byte) error { _, err := decodeGroup(1, testID(1), b); return err },
		"member":  func(b []byte) error { _, err := decodeMember(1, testID(1), b); return err },
		"entry":   func(b []byte) error { _, err := decodeEntry(1, b); return err },
		"detail":  func(b []byte) error { _, err := decodeDetail(1, b); return err },
		"grant":   func(b []byte) error { return decodeGrant(&directory.Grant{}, b) },
		"mail":    func(b []byte) error { _, err := decodeMail(testID(1), b); return err },
		"request": func(b []byte) error { return decodeRequest(&directory.Request{}, b) },
	}
	for name, decode := range decoders {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			if decode(nil) == nil || decode([]byte{2}) == nil {
				t.Fatal("an empty row, or one of an unknown version, was read")
			}
			_ = decode(append([]byte{1}, rapid.SliceOf(rapid.Byte()).Draw(t, "row")...)) // must not panic, nor allocate at will
		}))
	}
	m := directory.Member{Status: directory.StatusActive, Held: []string{"a"}}
	row, _ := appendMember(nil, nil, &m)
	for n := range len(row) {
		if _, err := decodeMember(1, testID(1), row[:n]); err == nil {
			t.Errorf("a member row cut after %d of %d bytes was read", n, len(row))
		}
	}
	if _, err := decodeMember(1, testID(1), append(row, 0)); err == nil {
		t.Error("a member row with something behind it was read")
	}
}
