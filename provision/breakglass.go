package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// What a code is worth. Whoever guesses has five tries at one of a hundred million, twenty times in a quarter of an hour; who
// asks from one place alone, three times. What many places have asked for leaves another one its first code.
const (
	codeDigits    = 8
	codeLasts     = 10 * time.Minute
	codeTries     = 5
	codesWithin   = 15 * time.Minute
	codesMost     = 3   // for one address within that time, asked for from one network
	codesInAll    = 20  // from all of them; then only a network that has had none gets one
	codesEver     = 100 // even so
	longestMailTo = 254 // characters of an address (RFC 5321, section 4.5.3.1)
)

// The kinds of request of break glass.
const (
	requestCode  = "breakglass"       // a code under way, by address and browser
	requestAsked = "breakglass.asked" // the codes that an address has asked for within a while
)

// methodCode is the method of a session that began by a code.
const methodCode = "code"

// The kinds of entry about break glass.
const (
	kindGlassAsked = "breakglass.asked"
	kindGlassWrong = "breakglass.wrong"
	kindGlassUsed  = "breakglass.used"
)

// AskCode is somebody who asks for a code by mail.
type AskCode struct {
	Email   string   // as it was typed
	Request string   // the id of the HTTP request, for the journal
	Browser [32]byte // the hash of a secret that the browser has: the code works there alone
	Network string   // whence it is asked, such as the address of one client or the network that it can choose from
	Agent   string   // the family of the browser

	Organization string // the id of that which the person wants to enter; "" for each that knows the address
}

// EnterCode is somebody who has got a code.
type EnterCode struct {
	Email   string
	Code    string
	Request string
	Browser [32]byte
	Agent   string
}

// AskCode notes that somebody asks for a code, and returns once that is durable. Whether there is anybody to send one to is
// found out afterwards (SendMail), so that neither the answer nor the time that it takes says who is known. It reports,
// for everybody alike, whether the same browser has asked a moment ago: then no other code is sent, and that one works.
func (e *Engine) AskCode(ctx context.Context, in AskCode) (again bool, err error) {
	email := directory.Fold(strings.TrimSpace(in.Email))
	if email == "" || len(email) > longestMailTo {
		return false, nil
	}
	err = e.Store.Update(ctx, func(tx store.Tx) error {
		now, key := e.Now().UTC(), codeKey(email, in.Browser)
		var err error
		if again, err = e.askedJustNow(tx, requestCode, key, in.Organization, codeLasts); err != nil || again {
			return err
		}
		free, err := takeSlot(tx, email, in.Network, now)
		if err != nil || !free {
			return err
		}
		if err := putRequest(tx, requestCode, key, now.Add(codeLasts), &pendingCode{Organization: in.Organization}); err != nil {
			return err
		}
		return putAsked(tx, askPrefix+e.ids.New(now).String(), &askedCode{Email: email, Browser: in.Browser[:], Request: in.Request, Agent: in.Agent, At: now, Organization: in.Organization})
	})
	if err == nil {
		e.post.ring()
	}
	return again, err
}

// wrongCode is the one answer to every code that does not let in.
func wrongCode() error {
	return directory.Errorf(directory.Unauthenticated, "This is not the code, or it does not work any more. Look at the latest mail, or ask for another code.")
}

// EnterCode lets somebody in who has got a code, in the browser that asked for it. It is an Unauthenticated error where the
// code is wrong, which counts, used, or too old; and a refusal where the person may not get in by now.
func (e *Engine) EnterCode(ctx context.Context, in EnterCode) (*LoginResult, error) {
	email := directory.Fold(strings.TrimSpace(in.Email))
	in.Code = strings.NewReplacer(" ", "", "-", "").Replace(in.Code)
	key := codeKey(email, in.Browser)
	var made *madeCode
	err := e.Store.View(ctx, func(tx store.Tx) error {
		made = nil
		_, known, err := e.pendingCode(tx, requestCode, key)
		if err == nil && known != nil {
			made = known.right(in.Browser, in.Code)
		}
		return err
	})
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: methodCode}
	switch {
	case err != nil:
		return nil, err
	case made == nil:
		return nil, errors.Join(e.wrongTry(ctx, key, cause), wrongCode())
	}
	var result *LoginResult
	err = e.update(ctx, made.Org, cause, func(s *settlement) error {
		result = nil
		row, known, err := e.pendingCode(s.tx, requestCode, key)
		if err != nil || known == nil {
			return err
		}
		still := known.right(in.Browser, in.Code)
		if still == nil || still.Org != s.org {
			return nil
		}
		if err := s.tx.DeleteRequests([]*directory.Request{row}); err != nil {
			return err
		}
		if still.Own {
			result, err = s.ownCode(&in, email, still.Member)
			return err
		}
		result, err = s.breakGlass(&in, email, still.Member)
		return err
	})
	switch kind := directory.KindOf(err); {
	case err != nil && (kind == directory.NotFound || kind == directory.Conflict): // the member was merged into another
		return nil, wrongCode()
	case err != nil:
		return nil, err
	case result == nil:
		return nil, wrongCode()
	case result.In() && !made.Own:
		e.Log.WarnContext(ctx, "somebody signed in by a break-glass code", "member", result.Member.ID.String(), "request_id", in.Request)
		e.post.ring()
	}
	return result, nil
}

// wrongTry counts a wrong code, and journals it in every organization of which a code was made.
func (e *Engine) wrongTry(ctx context.Context, key [32]byte, cause directory.Cause) error {
	var known *pendingCode
	err := e.Store.Update(ctx, func(tx store.Tx) error {
		row, code, err := e.pendingCode(tx, requestCode, key)
		if known = code; err != nil || code == nil {
			return err
		}
		return putTry(tx, row, code)
	})
	if err != nil || known == nil {
		return err
	}
	for _, made := range known.Codes {
		err = errors.Join(err, e.update(ctx, made.Org, cause, func(s *settlement) error { return s.tellWrong(&made, known.Tries) }))
	}
	return err
}

// tellWrong journals a wrong code of somebody who is still there.
func (s *settlement) tellWrong(made *madeCode, try int) error {
	m, err := s.existing(made.Member)
	if kind := directory.KindOf(err); err != nil && (kind == directory.NotFound || kind == directory.Conflict) { // merged into another
		return nil
	}
	if err != nil {
		return err
	}
	kind := kindGlassWrong
	if made.Own {
		kind = kindCodeWrong
	}
	return s.tellMember(m, kind, fmt.Sprintf("a wrong code, try %d of %d", try, codeTries))
}

// breakGlass lets somebody in whose code is right, unless they are not to get in by now.
func (s *settlement) breakGlass(in *EnterCode, email string, member directory.ID) (*LoginResult, error) {
	m, err := s.existing(member)
	if err != nil {
		return nil, err
	}
	result := &LoginResult{Member: m}
	if found, why, err := s.engine.glassMember(s.tx, s.org, s.policy, email); err != nil || found == nil || found.ID != member {
		if err != nil {
			return nil, err
		}
		if result.Code = out(m.Status); result.Code == "" {
			result.Code = LoginNoRule
		}
		if why == "" {
			why = "the address is another member's by now"
		}
		if err := s.tellMember(m, kindRefused, "refused: "+string(result.Code)+": a break-glass code was right, but "+why); err != nil {
			return nil, err
		}
		return result, s.refer(m, result)
	}
	result.Code = LoginKnown
	notes, err := s.openSession(m, &Login{Org: s.org, Method: methodCode, Fresh: true, Agent: in.Agent}, result)
	if err != nil {
		return nil, err
	}
	notes = append([]string{"signed in by a break-glass code, without any provider"}, notes...)
	if err := s.tellMember(m, kindGlassUsed, notes...); err != nil {
		return nil, err
	}
	return result, s.alert(email, in.Agent, true)
}
