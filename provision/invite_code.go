package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// inviteCodeLasts is for how long a code for an invitation works. Beside that it is worth what every code is.
const inviteCodeLasts = 15 * time.Minute

// requestInviteCode is the kind of request that a code for an invitation is, by invitation and browser.
const requestInviteCode = "invitation.code"

// The kinds of entry about codes for invitations.
const (
	kindInviteCode  = "invitation.code_asked"
	kindInviteWrong = "invitation.code_wrong"
)

// AskInviteCode is somebody who has followed a link, and asks for a code at the invited address.
type AskInviteCode struct {
	Link    [32]byte // the hash of the link's secret
	Request string   // the id of the HTTP request, for the journal
	Browser [32]byte // the hash of a secret that the browser has: the code works there alone
	Network string   // whence it is asked
	Agent   string   // the family of the browser
}

// EnterInviteCode is somebody who accepts an invitation by the code that has come to the invited address.
type EnterInviteCode struct {
	Link    [32]byte
	Code    string
	Request string
	Browser [32]byte
	Agent   string
}

// AskInviteCode has a code mailed to the invited address, and to no other. Its error is Forbidden where the person has to
// come by their company's provider, and TooMany where codes were asked for too often. It reports whether the same browser
// has asked a moment ago: then no other code is sent, and that one works.
func (e *Engine) AskInviteCode(ctx context.Context, in AskInviteCode) (again bool, err error) {
	if e.Mail == nil {
		return false, directory.Errorf(directory.Unavailable, "No code can be sent at the moment. Ask whoever invited you.")
	}
	err = e.byLink(ctx, Acceptance{Link: in.Link, Request: in.Request, Method: methodCode}, func(s *settlement, g *directory.Grant) error {
		if err := s.byCode(g); err != nil {
			return err
		}
		key := inviteCodeKey(g, in.Browser)
		var err error
		if again, err = e.askedJustNow(s.tx, requestInviteCode, key, "", inviteCodeLasts); err != nil || again {
			return err
		}
		free, err := takeSlot(s.tx, requestInviteCode+" "+g.ID.String(), in.Network, s.now)
		if err != nil {
			return err
		}
		if !free {
			return directory.Errorf(directory.TooMany, "Too many codes were asked for. Wait a quarter of an hour, and ask again.")
		}
		m, err := s.existing(g.Member)
		if err != nil {
			return err
		}
		if err := putRequest(s.tx, requestInviteCode, key, s.now.Add(inviteCodeLasts), &pendingCode{}); err != nil {
			return err
		}
		ask := &askedCode{Browser: in.Browser[:], Request: in.Request, Agent: in.Agent, At: s.now, Org: s.org, Invitation: g.ID}
		if err := putAsked(s.tx, askPrefix+e.ids.New(s.now).String(), ask); err != nil {
			return err
		}
		return s.tellMember(m, kindInviteCode, "whoever has the link of the invitation asked for a code at the invited address")
	})
	if err == nil {
		e.post.ring()
	}
	return again, err
}

// byCode is a Forbidden error for an invitation that is accepted by a provider, and an Unavailable one while nobody can join.
func (s *settlement) byCode(g *directory.Grant) error {
	provider, err := s.inviteProvider(g)
	if err != nil {
		return err
	}
	if provider != "" {
		return directory.Errorf(directory.Forbidden, "Your company signs you in. Continue with its sign-in to accept the invitation.")
	}
	return s.letsJoin()
}

func inviteCodeKey(g *directory.Grant, browser [32]byte) [32]byte {
	return codeKey(g.ID.String(), browser)
}

// sendInviteCode makes the code that somebody asked for, and mails it to the invited address. It reports whether nothing is
// left to do.
func (e *Engine) sendInviteCode(ctx context.Context, ask *askedCode) (bool, error) {
	code, err := newCode()
	if err != nil {
		return false, err
	}
	var letter *mail.Code
	org := ""
	err = e.update(ctx, ask.Org, directory.Cause{Kind: directory.CauseLogin, ID: ask.Request, Actor: methodCode}, func(s *settlement) error {
		letter, org = nil, s.orgName
		g, err := invitationOf(s.tx, s.org, ask.Invitation)
		if errors.Is(err, store.ErrNotFound) || err == nil && (g.State != directory.InvitationPending || !g.Invited.Expires.After(s.now)) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.armInviteCode(g, ask, code); err != nil {
			return err
		}
		o := s.policy.Organization
		letter = &mail.Code{
			Letter: mail.Letter{
				ID: "code-" + e.ids.New(s.now).String(), To: g.Invited.Email, Organization: o.Name,
				SupportName: o.Support.Name, SupportEmail: o.Support.Email, At: ask.At,
			},
			Code: code, Minutes: int(inviteCodeLasts / time.Minute), Agent: ask.Agent, Invited: true,
		}
		return nil
	})
	if err != nil || letter == nil {
		return err == nil, err
	}
	message, err := letter.Message()
	if err != nil {
		return false, err
	}
	return e.hand(ctx, message, org), nil
}

// armInviteCode lets a code accept an invitation. The tries of one that was made before count.
func (s *settlement) armInviteCode(g *directory.Grant, ask *askedCode, code string) error {
	row, known, err := s.engine.pendingCode(s.tx, requestInviteCode, inviteCodeKey(g, [32]byte(ask.Browser)))
	if err != nil || known == nil {
		return err // five wrong ones were typed meanwhile
	}
	known.ready(madeCode{Org: s.org, Member: g.Member, Own: true, Hash: codeHash(ask.Browser, code)})
	return putRequest(s.tx, row.Kind, row.Key, row.Expires, known)
}

// EnterInviteCode accepts an invitation for whoever has got the code, in the browser that asked for it, and lets them in: all
// in one transaction, so that of two who enter it at once one does. It is an Unauthenticated error where the code is wrong,
// which counts, used, or too old; and a refusal where the person is none who gets in, although the invitation is accepted.
func (e *Engine) EnterInviteCode(ctx context.Context, in EnterInviteCode) (*LoginResult, error) {
	in.Code = strings.NewReplacer(" ", "", "-", "").Replace(in.Code)
	a := Acceptance{Link: in.Link, Request: in.Request, Method: methodCode}
	var result *LoginResult
	err := e.byLink(ctx, a, func(s *settlement, g *directory.Grant) error {
		result = nil
		if err := s.byCode(g); err != nil {
			return err
		}
		row, code, err := e.pendingCode(s.tx, requestInviteCode, inviteCodeKey(g, in.Browser))
		if err != nil || code == nil {
			return err
		}
		if code.right(in.Browser, in.Code) == nil {
			return s.wrongInviteCode(g, row, code)
		}
		if err := s.tx.DeleteRequests([]*directory.Request{row}); err != nil {
			return err
		}
		m, err := s.accepted(g, a)
		if err != nil {
			return err
		}
		result, err = s.ownSession(m, methodCode, in.Agent)
		return err
	})
	if err == nil && result == nil {
		err = wrongCode()
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (s *settlement) wrongInviteCode(g *directory.Grant, row *directory.Request, code *pendingCode) error {
	if err := putTry(s.tx, row, code); err != nil {
		return err
	}
	m, err := s.existing(g.Member)
	if err != nil {
		return err
	}
	return s.tellMember(m, kindInviteWrong, fmt.Sprintf("a wrong code, try %d of %d", code.Tries, codeTries))
}
