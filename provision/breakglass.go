package provision

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// What a code is worth. Whoever guesses has five tries at one of a hundred million, twenty times in a quarter of an hour; who
// asks from one place alone, three times.
const (
	codeDigits    = 8
	codeLasts     = 10 * time.Minute
	codeTries     = 5
	codesWithin   = 15 * time.Minute
	codesMost     = 3   // for one address within that time, asked for from one network
	codesInAll    = 20  // from all of them, so that a stranger does not keep a person from their code by asking for it
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

	Organization string // the id of that which the person wants to enter; "" for any
}

// EnterCode is somebody who has got a code.
type EnterCode struct {
	Email   string
	Code    string
	Request string
	Browser [32]byte
	Agent   string
}

// pendingCode is a code under way. There is one for every address that was asked for, known or not, so that a wrong code is
// answered alike.
type pendingCode struct {
	Org    directory.OrgNum `json:"org,omitempty"` // 0 until a code was made, which for most addresses is never
	Member directory.ID     `json:"member,omitzero"`
	Own    bool             `json:"own,omitempty"`  // an ordinary sign-in, and nobody breaks glass
	Hash   []byte           `json:"hash,omitempty"` // of the code, under the hash of the browser's secret, which is not kept
	Tries  int              `json:"tries,omitempty"`
}

// AskCode notes that somebody asks for a code, and returns once that is durable. Whether there is anybody to send one to is
// found out afterwards (SendMail), so that neither the answer nor the time that it takes says who is known.
func (e *Engine) AskCode(ctx context.Context, in AskCode) error {
	email := directory.Fold(strings.TrimSpace(in.Email))
	if email == "" || len(email) > longestMailTo {
		return nil
	}
	err := e.Store.Update(ctx, func(tx store.Tx) error {
		now := e.Now().UTC()
		free, err := takeSlot(tx, email, in.Network, now)
		if err != nil || !free {
			return err
		}
		if err := putRequest(tx, requestCode, codeKey(email, in.Browser), now.Add(codeLasts), &pendingCode{}); err != nil {
			return err
		}
		return putAsked(tx, askPrefix+e.ids.New(now).String(), &askedCode{Email: email, Browser: in.Browser[:], Request: in.Request, Agent: in.Agent, At: now, Organization: in.Organization})
	})
	if err == nil {
		e.post.ring()
	}
	return err
}

// slot is one of the codes that an address has asked for within a while.
type slot struct {
	Network []byte    `json:"network"` // a hash of whence it was asked for
	Ends    time.Time `json:"ends"`
}

// takeSlot reports whether an address may ask for another code now, from where it does, and notes that it has.
func takeSlot(tx store.Tx, email, network string, now time.Time) (bool, error) {
	key, from := sha256.Sum256([]byte(email)), sha256.Sum256([]byte(email+"\x00"+network))
	row, err := tx.Request(requestAsked, key)
	var taken []slot
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return false, err
	default:
		if err := json.Unmarshal(row.Data, &taken); err != nil {
			return false, fmt.Errorf("provision: read which codes were asked for: %w", err)
		}
	}
	taken = slices.DeleteFunc(taken, func(s slot) bool { return !s.Ends.After(now) })
	here := 0
	for _, s := range taken {
		if bytes.Equal(s.Network, from[:]) {
			here++
		}
	}
	if here >= codesMost || len(taken) >= codesInAll {
		return false, nil
	}
	ends := now.Add(codesWithin)
	return true, putRequest(tx, requestAsked, key, ends, append(taken, slot{from[:], ends}))
}

// codeKey is under what a code is kept: nobody who reads the store learns the browser's hash from it.
func codeKey(email string, browser [32]byte) [32]byte {
	return sha256.Sum256(append(browser[:], email...))
}

// putRequest writes a request in the place of one that there may be.
func putRequest(tx store.Tx, kind string, key [32]byte, expires time.Time, data any) error {
	r := &directory.Request{Kind: kind, Key: key, Expires: expires}
	if data != nil {
		var err error
		if r.Data, err = json.Marshal(data); err != nil {
			return err
		}
	}
	if err := tx.DeleteRequests([]*directory.Request{r}); err != nil {
		return err
	}
	return tx.PutRequest(r)
}

// newCode makes a code.
func newCode() (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(codeDigits), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", codeDigits, n), nil
}

func codeHash(browser []byte, code string) []byte {
	mac := hmac.New(sha256.New, browser)
	mac.Write([]byte(code))
	return mac.Sum(nil)
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
	var known *pendingCode
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		_, known, err = e.pendingCode(tx, requestCode, key)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case known == nil:
		return nil, wrongCode()
	case known.Org == 0:
		return nil, errors.Join(e.countTry(ctx, key), wrongCode())
	}
	var result *LoginResult
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: methodCode}
	err = e.update(ctx, known.Org, cause, func(s *settlement) error {
		result = nil
		row, code, err := e.pendingCode(s.tx, requestCode, key)
		if err != nil || code == nil || code.Org != s.org {
			return err
		}
		if !hmac.Equal(code.Hash, codeHash(in.Browser[:], in.Code)) {
			return s.wrongTry(row, code)
		}
		if err := s.tx.DeleteRequests([]*directory.Request{row}); err != nil {
			return err
		}
		if code.Own {
			result, err = s.ownCode(&in, email, code.Member)
			return err
		}
		result, err = s.breakGlass(&in, email, code.Member)
		return err
	})
	switch kind := directory.KindOf(err); {
	case err != nil && (kind == directory.NotFound || kind == directory.Conflict): // the member was merged into another
		return nil, wrongCode()
	case err != nil:
		return nil, err
	case result == nil:
		return nil, wrongCode()
	case result.In() && !known.Own:
		e.Log.WarnContext(ctx, "somebody signed in by a break-glass code", "member", result.Member.ID.String(), "request_id", in.Request)
		e.post.ring()
	}
	return result, nil
}

// pendingCode reads a code under way, nil when there is none or it is too old.
func (e *Engine) pendingCode(tx store.Tx, kind string, key [32]byte) (*directory.Request, *pendingCode, error) {
	row, err := tx.Request(kind, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && !row.Expires.After(e.Now()) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	code := &pendingCode{}
	if err := json.Unmarshal(row.Data, code); err != nil {
		return nil, nil, fmt.Errorf("provision: read a pending code: %w", err)
	}
	return row, code, nil
}

// countTry counts a wrong code where no code can be right.
func (e *Engine) countTry(ctx context.Context, key [32]byte) error {
	return e.Store.Update(ctx, func(tx store.Tx) error {
		row, code, err := e.pendingCode(tx, requestCode, key)
		if err != nil || code == nil {
			return err
		}
		return putTry(tx, row, code)
	})
}

// putTry counts a wrong code. The last one ends the code.
func putTry(tx store.Tx, row *directory.Request, code *pendingCode) error {
	if code.Tries++; code.Tries >= codeTries {
		return tx.DeleteRequests([]*directory.Request{row})
	}
	return putRequest(tx, row.Kind, row.Key, row.Expires, code)
}

// wrongTry counts and journals a wrong code of somebody who is known.
func (s *settlement) wrongTry(row *directory.Request, code *pendingCode) error {
	if err := putTry(s.tx, row, code); err != nil {
		return err
	}
	m, err := s.existing(code.Member)
	if err != nil {
		return err
	}
	kind := kindGlassWrong
	if code.Own {
		kind = kindCodeWrong
	}
	return s.tellMember(m, kind, fmt.Sprintf("a wrong code, try %d of %d", code.Tries, codeTries))
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
