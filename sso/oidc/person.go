package oidc

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/identity"
)

// person makes an identity of verified claims and of what userinfo added to them. Who the person is, and whether they may
// come here at all, is taken from the token alone: it is signed.
func (p *Provider) person(token *verified, further document, raw string) (*identity.Identity, *identity.Refusal) {
	claims := token.claims
	if refusal := p.belongs(claims); refusal != nil {
		return nil, refusal
	}
	subject, refusal := p.subject(claims)
	if refusal != nil {
		return nil, refusal
	}
	all := claims.with(further)
	groups, groupsKnown, note := p.groups(all, claims)
	sub, _ := claims["sub"].(string)
	sid, _ := claims["sid"].(string)
	id := &identity.Identity{
		Connection: p.settings.Connection, Subject: subject, Sub: sub, Issuer: p.settings.Issuer,
		Addresses: p.addresses(claims, further),
		Profile: identity.Profile{
			UserName: all.text(p.claims.userName), GivenName: all.text(p.claims.givenName), FamilyName: all.text(p.claims.familyName),
			Display: all.text(p.claims.displayName), Title: all.text(p.claims.title), Department: all.text(p.claims.department),
			Locale: all.text(p.claims.locale),
		},
		Groups: groups, GroupsKnown: groupsKnown, Claims: all.flat(),
		SignedIn: token.signedIn, Session: sid, IDToken: raw,
	}
	if note != "" {
		id.Notes = append(id.Notes, note)
	}
	return id, nil
}

// belongs checks that a person comes from the tenant or the domain that the connection is for.
func (p *Provider) belongs(claims document) *identity.Refusal {
	if tenant, _ := claims["tid"].(string); p.settings.Tenant != "" && !strings.EqualFold(tenant, p.settings.Tenant) {
		return refuse(identity.Denied, nil, "the person belongs to tenant %q, and this connection is for %q", clip(tenant), p.settings.Tenant)
	}
	if domain, _ := claims["hd"].(string); p.settings.HostedDomain != "" && !strings.EqualFold(domain, p.settings.HostedDomain) {
		return refuse(identity.Denied, nil, "the person belongs to the Google domain %q, and this connection is for %q", clip(domain), p.settings.HostedDomain)
	}
	return nil
}

// subject returns the immutable name of a person: the claims that the settings name, joined by slashes.
func (p *Provider) subject(claims document) (string, *identity.Refusal) {
	parts := make([]string, len(p.settings.Subject))
	for i, name := range p.settings.Subject {
		v, _ := claims.find(name)
		part, ok := v.(string)
		if number, isNumber := v.(json.Number); isNumber {
			part, ok = number.String(), true
		}
		if !ok || strings.TrimSpace(part) == "" || len(part) > longestSub || strings.IndexFunc(part, unicode.IsControl) >= 0 {
			return "", refuse(identity.Misset, nil, "the ID token has no claim %q by which to know the person again; allow the scope profile, or set another subject", name)
		}
		// With one claim a slash is as good as any letter; between two it would make two people one.
		if len(p.settings.Subject) > 1 && strings.Contains(part, "/") {
			return "", refuse(identity.Invalid, nil, "the claim %q holds a slash, which joins the claims of a subject", name)
		}
		parts[i] = part
	}
	return strings.Join(parts, "/"), nil
}

// addresses returns the mail addresses of a person, the token's first. An address counts as vouched for when one of the
// two documents vouches for it and the other does not deny it.
func (p *Provider) addresses(token, further document) []identity.Address {
	var out []identity.Address
	denied := map[string]bool{}
	for _, d := range []document{token, further} {
		address := d.text(p.claims.email)
		if !plausible(address) {
			continue
		}
		vouched, deny := p.vouches(d, token, address)
		folded := directory.FoldAddress(address)
		denied[folded] = denied[folded] || deny
		if n := len(out); n > 0 && directory.FoldAddress(out[0].Value) == folded {
			out[0].Vouched = out[0].Vouched || vouched
			continue
		}
		out = append(out, identity.Address{Value: address, Vouched: vouched})
	}
	for i := range out {
		out[i].Vouched = out[i].Vouched && !denied[directory.FoldAddress(out[i].Value)]
	}
	return out
}

// vouches says whether a document vouches for its address, and whether it denies it. What is said of the address is said
// of the claim email; an address from another claim is one of which nothing is said.
func (p *Provider) vouches(d, token document, address string) (vouched, denied bool) {
	said := any(nil)
	if _, ok := d["email"]; ok && p.claims.email[0] == "email" {
		said = d["email_verified"]
	}
	if p.settings.Kind == Entra {
		// Entra sends no email_verified that means anything, and in many tenants people and administrators write what they
		// like into email. xms_edov is true when the tenant, or Microsoft's own consumer service, owns the address's domain
		// (learn.microsoft.com, "Optional claims reference"). It comes as true, and in some tokens as 1 or "1".
		//
		// preferred_username and upn are never addresses here, whatever tenant is pinned: Microsoft calls them mutable, of no
		// fixed format and not to be used to authorize ("ID token claims reference"); a guest's is an address of another
		// company, and of none of them does xms_edov speak. They are the userName and nothing else.
		owned := d["xms_edov"]
		return p.claims.email[0] == "email" && (owned == true || owned == json.Number("1") || owned == "1"), false
	}
	if p.settings.Kind == Google {
		// An account with a foreign address keeps it verified after its domain has passed to somebody else: Google answers
		// for gmail.com and for the domains of Workspace, which hd names (developers.google.com, "Verify the Google ID token").
		hosted, _ := token["hd"].(string)
		answers := hosted != "" || strings.HasSuffix(directory.FoldAddress(address), "@gmail.com")
		return (said == true || p.settings.TrustEmail && said == nil) && answers, said == false
	}
	switch said {
	case true:
		return true, false
	case false, "false":
		return false, true
	case nil, "true":
		return p.settings.TrustEmail, false
	}
	return false, false
}

// plausible says whether a text is one plain mail address. One with quotes, spaces or a second @ means different things to
// different readers.
func plausible(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	return ok && local != "" && strings.Contains(domain, ".") && len(address) <= 254 &&
		!strings.ContainsAny(address, "\"\\<>(),;:[] \u00a0") && !strings.Contains(domain, "@") &&
		!strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") &&
		strings.IndexFunc(address, func(r rune) bool { return !unicode.IsGraphic(r) }) < 0
}

// groups returns the groups of a login, whether they are all of them, and what there is to note. What is not said is not
// known: an application without a groups claim, a claim of another form, and Entra's overage. Beyond 200 groups Entra sends
// a reference in _claim_names, or hasgroups, and none of the groups (learn.microsoft.com, "Groups overage claim").
func (p *Provider) groups(all, token document) (groups []string, known bool, note string) {
	name := p.claims.groups
	for _, d := range []document{all, token} {
		elsewhere, _ := d["_claim_names"].(map[string]any)
		if _, referred := elsewhere[name]; referred || name == "groups" && d["hasgroups"] != nil && d["hasgroups"] != false {
			return nil, false, "the person is in more groups than the provider writes into a token; what was known of them stays"
		}
	}
	v, sent := all.find(name)
	if !sent {
		return nil, false, ""
	}
	groups, ok := all.texts(name)
	if !ok {
		return nil, false, fmt.Sprintf("the claim %q is no list of texts, so that it says nothing of groups; it is of type %T", name, v)
	}
	if len(groups) == 1 && groups[0] == "" {
		groups = nil
	}
	return groups, true, ""
}
