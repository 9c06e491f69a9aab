package provision

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// kindInvitation is the kind of request that a link of an invitation is kept as, by the hash of its secret.
const kindInvitation = "invitation"

// linkRemembered is for how long after its end a link is known, so that whoever opens it is told what became of the invitation.
const linkRemembered = 30 * 24 * time.Hour

// linksMost is how many links of one invitation work at once: that of the first mail, and those of reminders.
const linksMost = 10

// invitedTo is what a link leads to.
type invitedTo struct {
	Org directory.OrgNum `json:"org"`
	ID  directory.ID     `json:"id"`
}

// issue makes an invitation pending, with a new link that works from now on, and mails it. Links of before lead nowhere.
func (s *settlement) issue(g *directory.Grant) error {
	s.begin(g, s.now)
	return s.send(g, mail.KindInvitation)
}

// begin makes an invitation pending from the instant on at which its letter goes out.
func (s *settlement) begin(g *directory.Grant, at time.Time) {
	i, rules := g.Invited, &s.policy.Organization.Invitations
	if i.Lasts == 0 {
		i.Lasts = rules.Expires
	}
	g.State = directory.InvitationPending
	i.Links, i.Step, i.Closed, i.Mailed, i.Taken = nil, 0, time.Time{}, "", time.Time{}
	i.Sent, i.Touched, i.Expires = at, at, at.Add(i.Lasts)
	s.schedule(g)
}

// schedule says when the worker looks at a pending invitation next: at the next reminder, or when it ends. Reminders that
// have become due together, as over a weekend on which none goes out, are one.
func (s *settlement) schedule(g *directory.Grant) {
	i, rules := g.Invited, &s.policy.Organization.Invitations
	i.Due = i.Expires
	for i.Step < len(rules.Reminders) {
		if at := rules.RemindAt.From(i.Sent.Add(rules.Reminders[i.Step])); at.After(s.now) {
			if at.Before(i.Expires) {
				i.Due = at
			}
			return
		}
		i.Step++
	}
}

// send adds a link to an invitation, writes the invitation, and mails the link.
func (s *settlement) send(g *directory.Grant, kind string) error {
	if s.dry || s.readOnly() {
		return s.tx.PutGrants([]*directory.Grant{g})
	}
	id := s.engine.ids.New(s.now)
	secret := append(id[:], make([]byte, tokenLen)...)
	rand.Read(secret[len(id):]) // never returns an error
	token := base64.RawURLEncoding.EncodeToString(secret)
	hash := InvitationLink(token)
	to, err := json.Marshal(invitedTo{Org: s.org, ID: g.ID})
	if err != nil {
		return err
	}
	if err := s.tx.PutRequest(&directory.Request{Kind: kindInvitation, Key: hash, Expires: g.Invited.Expires.Add(linkRemembered), Data: to}); err != nil {
		return err
	}
	g.Invited.Links = append(g.Invited.Links, hash[:])
	if over := len(g.Invited.Links) - linksMost; over > 0 {
		g.Invited.Links = g.Invited.Links[over:]
	}
	if err := s.mailInvitation(g, kind, token); err != nil {
		return err
	}
	return s.tx.PutGrants([]*directory.Grant{g})
}

// InvitationLink returns under what the store knows the link of an invitation: the half of its token that says which link it
// is, so that the links of many invitations lie side by side, and 128 bits of the hash of all of it.
func InvitationLink(token string) [32]byte {
	key := TokenHash(token)
	var id directory.ID
	if raw, err := base64.RawURLEncoding.DecodeString(token); err == nil && len(raw) > len(id) {
		copy(key[len(id):], key[:len(id)])
		copy(key[:], raw[:len(id)])
	}
	return key
}

// prolong keeps the links of an invitation known until it ends, which is later than before.
func (s *settlement) prolong(g *directory.Grant) error {
	for _, link := range g.Invited.Links {
		if err := putRequest(s.tx, kindInvitation, [32]byte(link), g.Invited.Expires.Add(linkRemembered), invitedTo{Org: s.org, ID: g.ID}); err != nil {
			return err
		}
	}
	return nil
}

// linked returns the invitation to which a link leads, whatever has become of it.
func linked(tx store.Tx, hash [32]byte) (*directory.Grant, error) {
	r, err := tx.Request(kindInvitation, hash)
	if err != nil {
		return nil, err
	}
	var to invitedTo
	if err := json.Unmarshal(r.Data, &to); err != nil {
		return nil, err
	}
	return tx.Invitation(to.Org, to.ID)
}
