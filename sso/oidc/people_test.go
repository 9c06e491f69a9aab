package oidc

import (
	"maps"
	"net/http"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// The shapes are those that the providers document for version 2 tokens of the code flow, with the optional claims that
// docs/setup asks for.

const tenant, object = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

func entra(s *Settings) { s.Kind, s.Tenant = Entra, tenant }

func entraClaims(own claims) claims {
	usual := claims{
		"ver": "2.0", "tid": tenant, "oid": object, "sub": "pairwise", "preferred_username": "Ann.Ash@acme.com", "name": "Ash, Ann",
		"given_name": "Ann", "family_name": "Ash", "email": "ann@acme.com", "email_verified": nil, "xms_edov": true,
		"groups": []string{"g-1", "g-2"}, "xms_pl": "de-DE", "sid": "sid-1", "aio": "opaque", "rh": "opaque", "uti": "opaque",
	}
	maps.Copy(usual, own) // with what is nil, which takes away
	return usual
}

func TestOkta(t *testing.T) {
	h := newHostile(t)
	signedIn := time.Now().Add(-time.Minute).Truncate(time.Second)
	h.Claims = claims{
		"sub": "00u1", "auth_time": signedIn.Unix(), "amr": []string{"pwd", "mfa"}, "idp": "00o1", "ver": 1, "sid": "idx1",
		"groups": []string{"Engineering", "Everyone"}, "name": nil, "email_verified": nil,
	}
	h.Info = claims{
		"sub": "00u1", "email": "Ann@Acme.com", "email_verified": true, "name": "Ann Ash", "given_name": "Ann", "family_name": "Ash",
		"preferred_username": "ann@acme.com", "locale": "en_US", "title": "Engineer", "department": "R&D", "address": claims{"locality": "Bonn"},
	}
	got := h.welcome(h.provider(func(s *Settings) { s.Kind = Okta }))
	want := &identity.Identity{
		Connection: "acme", Subject: "00u1", Sub: "00u1", Issuer: h.URL,
		Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}}, // vouched by userinfo, however it is written
		Profile: identity.Profile{
			UserName: "ann@acme.com", GivenName: "Ann", FamilyName: "Ash", Display: "Ann Ash", Title: "Engineer", Department: "R&D", Locale: "en_US",
		},
		Groups: []string{"Engineering", "Everyone"}, GroupsKnown: true, SignedIn: signedIn, Session: "idx1",
		Claims: map[string][]string{
			"sub": {"00u1"}, "auth_time": got.Claims["auth_time"], "amr": {"pwd", "mfa"}, "idp": {"00o1"}, "ver": {"1"}, "sid": {"idx1"},
			"groups": {"Engineering", "Everyone"}, "email": {"ann@acme.com"}, "email_verified": {"true"}, "name": {"Ann Ash"},
			"given_name": {"Ann"}, "family_name": {"Ash"}, "preferred_username": {"ann@acme.com"}, "locale": {"en_US"},
			"title": {"Engineer"}, "department": {"R&D"}, "address.locality": {"Bonn"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(identity.Identity{}, "IDToken")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.IDToken == "" {
		t.Error("there is no ID token to sign out with")
	}
}

func TestEntra(t *testing.T) {
	h := newHostile(t)
	h.Claims = entraClaims(nil)
	h.Info = claims{"sub": "somebody else: it must not be asked"}
	got := h.welcome(h.provider(entra))
	want := &identity.Identity{
		Connection: "acme", Subject: tenant + "/" + object, Sub: "pairwise", Issuer: h.URL,
		Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
		Profile:   identity.Profile{UserName: "Ann.Ash@acme.com", GivenName: "Ann", FamilyName: "Ash", Display: "Ash, Ann", Locale: "de-DE"},
		Groups:    []string{"g-1", "g-2"}, GroupsKnown: true, Session: "sid-1",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(identity.Identity{}, "IDToken", "Claims")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if h.Asked("/userinfo") != 0 {
		t.Error("userinfo was asked, which says nothing that the token does not")
	}
	h.Claims = entraClaims(nil)
	if id := h.welcome(h.provider(entra, func(s *Settings) { s.Subject = []string{"oid"} })); id.Subject != object {
		t.Errorf("subject %q, want the object id alone", id.Subject)
	}
}

func TestEntraAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		claims  claims
		vouched bool
	}{
		"xms_edov":                         {nil, true},
		"xms_edov as 1":                    {claims{"xms_edov": 1}, true},
		`xms_edov as "1"`:                  {claims{"xms_edov": "1"}, true},
		"xms_edov false":                   {claims{"xms_edov": false}, false},
		"xms_edov 0":                       {claims{"xms_edov": 0}, false},
		"without xms_edov":                 {claims{"xms_edov": nil}, false},
		"email_verified, without xms_edov": {claims{"xms_edov": nil, "email_verified": true}, false},
	} {
		h := newHostile(t)
		h.Claims = entraClaims(c.claims)
		id := h.welcome(h.provider(entra))
		if diff := cmp.Diff([]identity.Address{{Value: "ann@acme.com", Vouched: c.vouched}}, id.Addresses); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	h := newHostile(t)
	h.Claims = entraClaims(claims{"email": nil, "upn": "boss@acme.com", "preferred_username": "boss@acme.com"})
	if id := h.welcome(h.provider(entra)); len(id.Addresses) != 0 || id.Profile.UserName != "boss@acme.com" {
		t.Errorf("%+v: a user name is no address, whatever it looks like", id)
	}
	h.Claims = entraClaims(nil)
	if id := h.welcome(h.provider(entra, func(s *Settings) { s.Claims.Email = "preferred_username" })); len(id.Addresses) != 1 || id.Addresses[0].Vouched {
		t.Errorf("%+v: xms_edov speaks of email and of nothing else", id.Addresses)
	}
}

func TestEntraTenantIsPinned(t *testing.T) {
	for _, theirs := range []any{"99999999-2222-3333-4444-555555555555", nil, "", 7} {
		h := newHostile(t)
		h.Claims = entraClaims(claims{"tid": theirs})
		id, refusal := h.login(h.provider(entra))
		refused(t, id, refusal, identity.Denied, "tenant")
	}
	h := newHostile(t)
	h.Claims = entraClaims(claims{"oid": nil})
	id, refusal := h.login(h.provider(entra))
	refused(t, id, refusal, identity.Misset, `"oid"`)
}

func TestSubjectOfTwoClaimsIsUnambiguous(t *testing.T) {
	h := newHostile(t)
	h.Claims = entraClaims(claims{"oid": "a/b"})
	id, refusal := h.login(h.provider(entra))
	refused(t, id, refusal, identity.Invalid, "slash")
}

func TestGoogle(t *testing.T) {
	google := func(s *Settings) { s.Kind, s.HostedDomain = Google, "acme.com" }
	h := newHostile(t)
	h.Claims = claims{"sub": "1098", "hd": "Acme.com", "azp": oidctest.ClientID, "picture": "https://lh3.example/a", "given_name": "Ann"}
	id := h.welcome(h.provider(google))
	if id.Subject != "1098" || id.GroupsKnown || id.Profile.Display != "Ann Ash" || !id.Addresses[0].Vouched {
		t.Errorf("%+v", id)
	}
	for _, hd := range []any{"evil.com", nil, "", 7} {
		h.Claims = claims{"hd": hd}
		id, refusal := h.login(h.provider(google))
		refused(t, id, refusal, identity.Denied, "Google domain")
	}
	for _, c := range []struct {
		claims  claims
		vouched bool
	}{
		{claims{"hd": "acme.com"}, true},
		{claims{"hd": nil}, false}, // a private account with a company's address
		{claims{"hd": nil, "email": "ann@gmail.com"}, true},
		{claims{"hd": "acme.com", "email_verified": false}, false},
	} {
		h.Claims = c.claims
		id := h.welcome(h.provider(func(s *Settings) { s.Kind = Google }))
		if id.Addresses[0].Vouched != c.vouched {
			t.Errorf("%v: vouched %v, want %v", c.claims, id.Addresses[0].Vouched, c.vouched)
		}
	}
}

func TestGroups(t *testing.T) {
	overage := claims{"groups": "src1"}
	source := claims{"src1": claims{"endpoint": "https://graph.example/getMemberObjects", "access_token": "a secret of the provider"}}
	for name, c := range map[string]struct {
		claims claims
		claim  string
		want   []string
		known  bool
		notes  int
	}{
		"a list":           {claims{"groups": []string{"a", "b"}}, "", []string{"a", "b"}, true, 0},
		"an empty list":    {claims{"groups": []string{}}, "", nil, true, 0},
		"one as a text":    {claims{"groups": "a"}, "", []string{"a"}, true, 0},
		"an empty text":    {claims{"groups": ""}, "", nil, true, 0},
		"absent":           {nil, "", nil, false, 0},
		"objects":          {claims{"groups": []claims{{"id": "a"}}}, "", nil, false, 1},
		"another claim":    {claims{"roles": []string{"a"}, "groups": []string{"b"}}, "roles", []string{"a"}, true, 0},
		"a nested claim":   {claims{"realm_access": claims{"roles": []string{"a"}}}, "realm_access.roles", []string{"a"}, true, 0},
		"a name with dots": {claims{"https://acme.com/groups": []string{"a"}}, "https://acme.com/groups", []string{"a"}, true, 0},
		"overage":          {claims{"_claim_names": overage, "_claim_sources": source}, "", nil, false, 1},
		"overage and some": {claims{"_claim_names": overage, "_claim_sources": source, "groups": []string{"a"}}, "", nil, false, 1},
		"hasgroups":        {claims{"hasgroups": true}, "", nil, false, 1},
		"roles in overage": {claims{"_claim_names": overage, "_claim_sources": source, "roles": []string{"a"}}, "roles", []string{"a"}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.Claims = entraClaims(claims{"groups": nil})
			maps.Copy(h.Claims, c.claims)
			id := h.welcome(h.provider(entra, func(s *Settings) { s.Claims.Groups = c.claim }))
			if diff := cmp.Diff(c.want, id.Groups, cmpopts.EquateEmpty()); diff != "" || id.GroupsKnown != c.known || len(id.Notes) != c.notes {
				t.Errorf("known %v, notes %q; want %v and %d (-want +got):\n%s", id.GroupsKnown, id.Notes, c.known, c.notes, diff)
			}
			for claim := range id.Claims {
				if ofTheProtocol(claim) || claim == "_claim_sources.src1.access_token" {
					t.Errorf("the claim %s is passed on", claim)
				}
			}
		})
	}
}

func TestUserinfoAddsAndNeverOverrules(t *testing.T) {
	h := newHostile(t)
	h.Claims = claims{"email_verified": false, "groups": []string{"a"}}
	h.Info = claims{"sub": "u-1", "email": "ann@acme.com", "email_verified": true, "groups": []string{"admins"}, "name": "Somebody", "department": "Sales"}
	id := h.welcome(h.provider())
	if id.Addresses[0].Vouched {
		t.Error("userinfo vouches for an address of which the token says that it is not verified")
	}
	if id.Groups[0] != "a" || id.Profile.Display != "Ann Ash" || id.Profile.Department != "Sales" {
		t.Errorf("%+v", id)
	}
	h.Claims = claims{"email": "ann@acme.com", "email_verified": true}
	h.Info = claims{"sub": "u-1", "email": "root@acme.com"}
	want := []identity.Address{{Value: "ann@acme.com", Vouched: true}, {Value: "root@acme.com"}}
	if diff := cmp.Diff(want, h.welcome(h.provider()).Addresses); diff != "" {
		t.Errorf("one document's email_verified counts for the other's address (-want +got):\n%s", diff)
	}
}

func TestEmailVerifiedSpeaksOfEmailAlone(t *testing.T) {
	h := newHostile(t)
	h.Claims = claims{"mail": "root@acme.com"}
	for _, trust := range []bool{false, true} {
		id := h.welcome(h.provider(func(s *Settings) { s.Claims.Email, s.TrustEmail = "mail", trust }))
		if diff := cmp.Diff([]identity.Address{{Value: "root@acme.com", Vouched: trust}}, id.Addresses); diff != "" {
			t.Errorf("trusted %v (-want +got):\n%s", trust, diff)
		}
	}
}

func TestUserinfoThatFailsIsNoAbsence(t *testing.T) {
	h := newHostile(t)
	h.Info = claims{"sub": "u-1"}
	h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/userinfo" {
			w.WriteHeader(http.StatusBadGateway)
		}
		return r.URL.Path == "/userinfo"
	}
	id, refusal := h.login(h.provider())
	refused(t, id, refusal, identity.Unavailable, "userinfo")
}

func TestSignedUserinfo(t *testing.T) {
	for name, c := range map[string]struct {
		header, claims claims
		ok             bool
	}{
		"as it should be":    {nil, nil, true},
		"for another client": {nil, claims{"aud": "other"}, false},
		"from another":       {nil, claims{"iss": "https://evil.example"}, false},
		"unsigned":           {claims{"alg": "none"}, nil, false},
		"an access token":    {claims{"typ": "at+jwt"}, nil, false},
	} {
		h := newHostile(t)
		h.Info = claims{}
		h.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/userinfo" {
				return false
			}
			w.Header().Set("Content-Type", "application/jwt; charset=utf-8")
			_, _ = w.Write([]byte(h.Sign(oidctest.Over(claims{"alg": "RS256", "kid": "k1"}, c.header),
				oidctest.Over(claims{"iss": h.URL, "aud": oidctest.ClientID, "sub": "u-1", "department": "Sales"}, c.claims))))
			return true
		}
		id, refusal := h.login(h.provider())
		if c.ok != (refusal == nil) || c.ok && id.Profile.Department != "Sales" {
			t.Errorf("%s: %+v, %v", name, id, refusal)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	h := newHostile(t)
	for _, alg := range []string{"RS256", "PS256"} {
		h.Keys[0].Algorithm = ""
		h.Header = claims{"alg": alg}
		h.welcome(h.provider())
	}
	h.Key, h.Header = oidctest.ECDSA(t), claims{"alg": "ES256"}
	h.Keys = []jose.JSONWebKey{{Key: h.Key.Public(), KeyID: "k1"}}
	h.welcome(h.provider())
	id, refusal := h.login(h.provider(func(s *Settings) { s.Algorithms = []string{"RS256"} }))
	refused(t, id, refusal, identity.Invalid, "does not hold")
}

func TestATokenWithoutKidIsVerified(t *testing.T) {
	h := newHostile(t)
	h.Header = claims{"kid": nil}
	h.Keys = append([]jose.JSONWebKey{{Key: oidctest.RSA(t, "k2").Public(), KeyID: "other"}}, h.Keys...)
	h.welcome(h.provider())
}
