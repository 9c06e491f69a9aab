package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// askPrefix is of the documents that wait for a code to be made and mailed. They are written in the transaction from which
// they follow, and deleted once the mail server has the mail, so that a process which ends in between loses none.
const askPrefix = "breakglass/ask/"

// askedCode is a code that was asked for, known address or not.
type askedCode struct {
	Email   string    `json:"email"` // folded
	Browser []byte    `json:"browser"`
	Request string    `json:"request"`
	Agent   string    `json:"agent,omitempty"`
	At      time.Time `json:"at"`
	Told    bool      `json:"told,omitempty"` // journalled, and alerts are on their way

	Organization string `json:"organization,omitempty"` // the one that the person wants to enter, of several

	Org        directory.OrgNum `json:"org,omitempty"`       // into which the code leads; 0 until it is known which there are
	Several    bool             `json:"several,omitempty"`   // others know the address too
	Invitation directory.ID     `json:"invitation,omitzero"` // for whose person it is, at the invited address; zero for a sign-in
}

// lasts is for how long the code works.
func (a *askedCode) lasts() time.Duration {
	if a.Invitation.IsZero() {
		return codeLasts
	}
	return inviteCodeLasts
}

func putAsked(tx store.Documents, name string, ask *askedCode) error {
	text, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	return tx.PutDocument(name, text)
}

// sendCodes makes and mails the codes that were asked for, each once in a round: those that were tried are in asked.
func (e *Engine) sendCodes(ctx context.Context, asked map[string]bool) (failed error) {
	var names []string
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		names, err = tx.ListDocuments(askPrefix)
		return err
	})
	if err != nil {
		return err
	}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if asked[name] {
			continue
		}
		asked[name] = true
		more, err := e.workCode(ctx, name)
		failed, names = errors.Join(failed, err), append(names, more...)
	}
	return failed
}

// workCode sends a code that was asked for, or returns the documents that ask for one of each organization in its place.
func (e *Engine) workCode(ctx context.Context, name string) ([]string, error) {
	ask := &askedCode{}
	there, err := e.askedFor(ctx, name, ask)
	if err != nil || !there {
		return nil, err
	}
	if ask.Org == 0 {
		return e.spreadCode(ctx, name, ask)
	}
	done, err := e.sendCode(ctx, name, ask)
	if err != nil || !done {
		return nil, err
	}
	return nil, e.Store.Update(ctx, func(tx store.Tx) error { return tx.DeleteDocument(name) })
}

// spreadCode finds into which organizations an address leads. Each sends a code of its own, so that none draws to itself who
// wants to enter another.
func (e *Engine) spreadCode(ctx context.Context, name string, ask *askedCode) (names []string, err error) {
	err = e.Store.Update(ctx, func(tx store.Tx) error {
		names = nil
		found, err := e.codesFor(tx, ask)
		if err != nil {
			return err
		}
		for _, at := range found {
			its := *ask
			its.Org, its.Several = at.org, len(found) > 1
			names = append(names, askPrefix+e.ids.New(e.Now()).String())
			if err := putAsked(tx, names[len(names)-1], &its); err != nil {
				return err
			}
		}
		return tx.DeleteDocument(name)
	})
	return names, err
}

// askedFor reads a document that waits. It reports false when it is gone.
func (e *Engine) askedFor(ctx context.Context, name string, into *askedCode) (bool, error) {
	var text []byte
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		text, err = tx.Document(name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("provision: read %s: %w", name, err)
	}
	return true, nil
}

// sendCode makes the code that somebody asked for, and mails it. It reports whether nothing is left to do. A code is made
// anew for each try: none is ever in the store.
func (e *Engine) sendCode(ctx context.Context, name string, ask *askedCode) (bool, error) {
	if !ask.At.Add(ask.lasts()).After(e.Now()) {
		e.Log.WarnContext(ctx, "a code could not be sent while it would have worked", "request_id", ask.Request)
		return true, nil
	}
	if !ask.Invitation.IsZero() {
		return e.sendInviteCode(ctx, ask)
	}
	var at *glass
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		at, err = e.codeIn(tx, ask.Org, ask.Email)
		return err
	})
	if err != nil || at == nil {
		return true, err
	}
	if at.member != nil && e.Mail == nil {
		at.member, at.why = nil, NoMailServer
	}
	code, err := newCode()
	if err != nil {
		return false, err
	}
	if err := e.readyCode(ctx, name, ask, at, code); err != nil || at.member == nil {
		return true, err
	}
	support := at.policy.Organization.Support
	message, err := mail.Code{
		Letter: mail.Letter{
			ID: "code-" + e.ids.New(e.Now()).String(), To: at.to(ask.Email), Organization: at.called(ask.Several),
			SupportName: support.Name, SupportEmail: support.Email, At: ask.At,
		},
		Code: code, Minutes: int(codeLasts / time.Minute), Agent: ask.Agent,
	}.Message()
	if err != nil {
		return false, err
	}
	return e.hand(ctx, message, at.name), nil
}

// to is the address to which the code goes, as the organization has it.
func (g *glass) to(email string) string {
	if g.own {
		return g.member.Decision.Email
	}
	return glassAddress(g.policy, email)
}

// called is the organization's name. It chooses that itself, so that of several each has its id beside it.
func (g *glass) called(several bool) string {
	if several {
		return fmt.Sprintf("%s (%s)", g.policy.Organization.Name, g.name)
	}
	return g.policy.Organization.Name
}

// readyCode makes a code work, and tells of it the first time; or tells why nobody gets one.
func (e *Engine) readyCode(ctx context.Context, name string, ask *askedCode, at *glass, code string) error {
	told := ask.Told
	cause := directory.Cause{Kind: directory.CauseLogin, ID: ask.Request, Actor: methodCode}
	err := e.update(ctx, at.org, cause, func(s *settlement) error {
		if at.member != nil {
			if err := s.armCode(ask, at, code); err != nil {
				return err
			}
		}
		if told || at.own {
			return nil
		}
		if err := s.tellAsked(at); err != nil {
			return err
		}
		if err := s.alert(ask.Email, ask.Agent, false); err != nil {
			return err
		}
		marked := *ask
		marked.Told = true
		return putAsked(s.tx, name, &marked)
	})
	if err == nil && !told && !at.own {
		e.Log.WarnContext(ctx, "a break-glass code was asked for", "org", at.name, "sent", at.member != nil, "why", at.why, "request_id", ask.Request)
	}
	return err
}

// armCode lets a code in, in the place of one that was made before. The tries of that one count.
func (s *settlement) armCode(ask *askedCode, at *glass, code string) error {
	var browser [32]byte
	copy(browser[:], ask.Browser)
	row, known, err := s.engine.pendingCode(s.tx, requestCode, codeKey(ask.Email, browser))
	if err != nil || known == nil {
		return err // five wrong ones were typed meanwhile
	}
	known.ready(madeCode{Org: s.org, Member: at.member.ID, Own: at.own, Hash: codeHash(ask.Browser, code)})
	return putRequest(s.tx, row.Kind, row.Key, row.Expires, known)
}

func (s *settlement) tellAsked(at *glass) error {
	if at.member == nil {
		return s.tellOrganization(kindGlassAsked, "a break-glass code was asked for, and none was sent: "+at.why)
	}
	m, err := s.existing(at.member.ID)
	if err != nil {
		return err
	}
	return s.tellMember(m, kindGlassAsked, "a break-glass code was asked for")
}

// hand hands a code over, and reports whether nothing is left to do: it was taken, or is refused for good.
func (e *Engine) hand(ctx context.Context, m *mail.Message, org string) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.Handing = func() error { time.AfterFunc(codePatience, cancel); return nil }
	err := e.Mail(ctx, m)
	switch {
	case err == nil:
		return true
	case mail.Temporary(err):
		e.Log.WarnContext(ctx, "a code waits for the mail server", "org", org, "err", err)
		return false
	}
	e.Log.ErrorContext(ctx, "a code cannot be sent", "org", org, "err", err)
	return true
}
