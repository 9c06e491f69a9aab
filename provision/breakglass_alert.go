package provision

import (
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// alertWithin is for how long an alert that the mail server did not take is tried again.
const alertWithin = 24 * time.Hour

// glassAlert is a mail about break glass to somebody who has to know.
type glassAlert struct {
	Org   directory.OrgNum `json:"org"`
	To    string           `json:"to"`
	Who   string           `json:"who"`
	Used  bool             `json:"used,omitempty"`
	Agent string           `json:"agent,omitempty"`
	At    time.Time        `json:"at"`
}

// alert has those told who have to know: the support address, and everybody else who may break glass.
func (s *settlement) alert(email, agent string, used bool) error {
	who := glassAddress(s.policy, email)
	told := []string{email}
	people := []string{s.policy.Organization.Support.Email}
	for _, b := range s.policy.Organization.BreakGlass {
		people = append(people, b.Email)
	}
	for _, to := range people {
		if to == "" || slices.Contains(told, directory.Fold(to)) {
			continue
		}
		told = append(told, directory.Fold(to))
		a := &glassAlert{Org: s.org, To: to, Who: who, Used: used, Agent: agent, At: s.now}
		if err := putLetter(s.tx, alertPrefix+s.engine.ids.New(s.now).String(), a); err != nil {
			return err
		}
	}
	return nil
}

// sendAlert mails an alert, and reports whether nothing is left to do.
func (e *Engine) sendAlert(ctx context.Context, name string) (bool, error) {
	a := &glassAlert{}
	if there, err := e.letter(ctx, name, a); err != nil || !there {
		return true, err
	}
	var policy *mapping.Policy
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		policy, err = e.Policy(tx, a.Org)
		return err
	})
	if err != nil {
		return false, err
	}
	organization := policy.Organization
	if e.Mail == nil || !a.At.Add(alertWithin).After(e.Now()) {
		e.Log.ErrorContext(ctx, "an alert about break glass could not be mailed; the journal has it", "org", organization.ID, "used", a.Used)
		return true, nil
	}
	message, err := mail.Alert{
		Letter: mail.Letter{
			ID: "alert-" + name[len(alertPrefix):], To: a.To, Organization: organization.Name,
			SupportName: organization.Support.Name, SupportEmail: organization.Support.Email, At: a.At,
		},
		Who: a.Who, Used: a.Used, Agent: a.Agent,
	}.Message()
	if err != nil {
		return false, err
	}
	return e.hand(ctx, message, organization.ID, "an alert about break glass"), nil
}
