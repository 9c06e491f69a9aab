package scim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// reused makes a world in which an address has passed from one person to another, and returns the ids of both.
func reused(t *testing.T) (w *world, first, second string) {
	w = newWorld(t)
	first = w.people("i1", "i2", "i3")[0]
	w.do("PATCH", "/Users/"+first, `{"Operations":[{"op":"replace","path":"active","value":false}]}`).want(200)
	second = w.do("POST", "/Users", strings.Replace(oktaUser("i1"), `"00ui1"`, `"00ui1-new"`, 1)).want(201).id()
	return w, first, second
}

// A record whose userName has passed to another person has none that a filter could find, whichever way the filter is
// answered; it is found by what is still its own, and listed.
func TestAUserNameThatPassedOnFindsOnePerson(t *testing.T) {
	w, first, second := reused(t)
	for filter, want := range map[string][]string{
		`userName eq "i1@acme.com"`:                          {second},
		`userName eq "i1@acme.com" and active eq true`:       {second},
		`userName eq "i1@acme.com" and active eq false`:      nil,
		`userName sw "i1@"`:                                  {second},
		`userName eq "i1@acme.com" or userName eq "zzz"`:     {second},
		`active eq false and userName pr`:                    nil,
		`active eq false`:                                    {first},
		`externalId eq "00ui1"`:                              {first},
		`externalId sw "00ui1"`:                              {first, second},
		`id eq "` + first + `"`:                              {first},
		`id eq "` + first + `" and active pr`:                {first},
		`id eq "` + strings.ToUpper(first) + `"`:             nil,
		`id eq "` + strings.ToUpper(first) + `" or title pr`: nil,
	} {
		if diff := cmp.Diff(want, w.find(filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
	if got := w.do("GET", "/Users", "").want(200).get("totalResults"); got != 4.0 {
		t.Errorf("%v are listed, want 4", got)
	}
	if got := w.do("GET", "/Users/"+first, "").want(200).get("userName"); got != "i1@acme.com" {
		t.Errorf("the former holder's userName is %v", got)
	}
}

// find returns the ids of the users that match a filter.
func (w *world) find(filter string) []string {
	w.t.Helper()
	return w.do("GET", "/Users"+query1(filter), "").want(200).values("Resources", "id")
}

// TestAFilterIsAnsweredAlikeHowever: an equality may be answered by an index, by an index and a look at its hits, or by
// a look at everybody. It is one question.
func TestAFilterIsAnsweredAlikeHowever(t *testing.T) {
	w, first, second := reused(t)
	values := []string{
		first, second, strings.ToUpper(first), "{" + first + "}", "urn:uuid:" + second, "i1@acme.com", "I1@ACME.com", "i2@acme.com",
		"00ui1", "00ui1-new", "00UI1", "i1 Family", "I1 family", "i1@acme.com ", "ı1@acme.com", "nobody", "",
	}
	rapid.Check(t, func(rt *rapid.T) {
		term := func(name string) string {
			attribute := rapid.SampledFrom([]string{"id", "userName", "externalId", "emails", "emails.value", "displayName", "EMAILS.Value", "active", "title"}).Draw(rt, name)
			if attribute == "active" {
				return `active eq ` + rapid.SampledFrom([]string{"true", "false"}).Draw(rt, name+" is")
			}
			return attribute + ` eq "` + rapid.SampledFrom(values).Draw(rt, name+" is") + `"`
		}
		filter := term("the first")
		if rapid.Bool().Draw(rt, "two terms") {
			filter = "(" + filter + " and " + term("the second") + ")"
		}
		want := w.find("not (not (" + filter + "))") // no index answers it
		for _, same := range []string{filter, filter + " and meta.created pr", filter + ` or title eq "nobody's"`} {
			if diff := cmp.Diff(want, w.find(same)); diff != "" {
				rt.Fatalf("%s (-everybody looked at +this):\n%s", same, diff)
			}
		}
	})
}
