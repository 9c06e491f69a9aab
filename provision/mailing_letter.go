package provision

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// letter writes a mail that waits, as things are now. It is nil when there is nothing to say any more.
func (e *Engine) letter(ctx context.Context, m *directory.Mail) (*mail.Message, error) {
	data, err := e.openMail(m)
	if err != nil {
		return nil, err
	}
	var organization *config.Organization
	var now json.RawMessage
	err = e.Store.View(ctx, func(tx store.Tx) error {
		policy, err := e.Policy(tx, m.Org)
		if err != nil {
			return err
		}
		organization = policy.Organization
		now, err = e.letterNow(tx, policy, m, data)
		return err
	})
	if err != nil || now == nil {
		return nil, err
	}
	message, err := mail.Write(m.Kind, e.base(organization, m), now, organization.Letters.Templates)
	var custom *mail.TemplateError
	if errors.As(err, &custom) {
		e.Log.ErrorContext(ctx, "an organization's template cannot be filled in; the standard letter is sent", "org", organization.ID, "kind", m.Kind, "err", err)
		message, err = mail.Write(m.Kind, e.base(organization, m), now, nil)
	}
	return message, err
}

// base says whom a letter is from and to.
func (e *Engine) base(o *config.Organization, m *directory.Mail) mail.Letter {
	return mail.Letter{
		ID: "mail-" + m.ID.String(), To: m.To, Organization: o.Name, SupportName: o.Support.Name, SupportEmail: o.Support.Email,
		PublicURL: e.PublicURL, At: m.Created,
	}
}

// invitationNow says what an invitation gives as things are when its letter is sent, nil when the link that the letter brings
// works no more, so that it would only mislead.
func invitationNow(tx store.Tx, m *directory.Mail, data json.RawMessage) (json.RawMessage, error) {
	var letter mail.Invitation
	if err := json.Unmarshal(data, &letter); err != nil {
		return nil, err
	}
	g, err := tx.Invitation(m.Org, m.About)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	hash := InvitationLink(letter.Token)
	if g.State != directory.InvitationPending || letter.Token != "" && g.Invited != nil && !g.Invited.HasLink(hash) {
		return nil, nil
	}
	letter.Role = g.InvitedRole()
	if i := g.Invited; i != nil {
		letter.Department, letter.Expires = i.Department, i.Expires
	}
	return json.Marshal(letter)
}
