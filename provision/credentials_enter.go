package provision

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// How many passwords may be tried for one address. Then a code by mail is the way in, until the time is over.
const (
	passwordTries  = 10
	passwordWithin = 15 * time.Minute
	mostOwners     = 3 // of one address, whose passwords are looked at; others have codes
)

// requestTries is the kind of request that holds the passwords that were tried for an address.
const requestTries = "password.tries"

// EnterPassword is somebody who types a password.
type EnterPassword struct {
	Email   string // as it was typed
	Request string
	Agent   string

	// Verify reports whether the password is that of a hash, and returns a new hash where the old one should be replaced, else
	// "". For the hash "", which nobody has, it takes as long.
	Verify func(ctx context.Context, hash string) (right bool, renewed string, err error)
}

// wrongCredential is the one answer to every password and passkey that does not let in.
func wrongCredential() error {
	return directory.Errorf(directory.Unauthenticated, "This did not work. Check the address and the password, or ask for a code by mail.")
}

// owner is a member with a password.
type owner struct {
	org    directory.OrgNum
	member directory.ID
	hash   string
}

// EnterPassword lets somebody in by their password. It is an Unauthenticated error for a wrong one, for an address that
// nobody with a password has, and after too many tries: after about the same time, and about the same work of the store.
func (e *Engine) EnterPassword(ctx context.Context, in EnterPassword) (*LoginResult, error) {
	email := directory.FoldAddress(strings.TrimSpace(in.Email))
	if email == "" || len(email) > longestMailTo {
		return nil, wrongCredential()
	}
	tries, owners, err := e.tryPassword(ctx, email)
	if err != nil {
		return nil, err
	}
	if len(owners) == 0 {
		owners = []owner{{}}
	}
	for n, o := range owners {
		right, renewed, err := in.Verify(ctx, o.hash)
		if err != nil && n == 0 { // nothing was learned of any password
			err = errors.Join(err, e.giveBackTry(ctx, email))
		}
		if err != nil {
			return nil, err
		}
		if right && o.org != 0 {
			return e.passwordRight(ctx, &in, email, o, renewed)
		}
	}
	if err := e.passwordWrong(ctx, &in, email, owners[0], tries); err != nil {
		return nil, err
	}
	return nil, wrongCredential()
}

// tryPassword counts a password that is tried, before it is looked at, and returns who has one at the address: nobody after
// too many.
func (e *Engine) tryPassword(ctx context.Context, email string) (n int, owners []owner, err error) {
	err = e.Store.Update(ctx, func(tx store.Tx) (err error) {
		n, owners = 0, nil
		now := e.Now().UTC()
		tried, err := triedPasswords(tx, email, now)
		if err != nil || len(tried) >= passwordTries {
			return err
		}
		tried = append(tried, now.Add(passwordWithin))
		n = len(tried)
		if err := putRequest(tx, requestTries, triesKey(email), tried[n-1], tried); err != nil {
			return err
		}
		owners, err = e.passwordOwners(tx, email)
		return err
	})
	return n, owners, err
}

// giveBackTry counts a password less that could not be looked at, as while too many people sign in.
func (e *Engine) giveBackTry(ctx context.Context, email string) error {
	return e.Store.Update(ctx, func(tx store.Tx) error {
		tried, err := triedPasswords(tx, email, e.Now().UTC())
		if err != nil || len(tried) == 0 {
			return err
		}
		tried = tried[:len(tried)-1]
		return putRequest(tx, requestTries, triesKey(email), e.Now().UTC().Add(passwordWithin), tried)
	})
}

func triesKey(email string) [32]byte { return sha256.Sum256([]byte("password\x00" + email)) }

// triedPasswords returns until when each password counts that was tried for an address.
func triedPasswords(tx store.Tx, email string, now time.Time) ([]time.Time, error) {
	row, err := tx.Request(requestTries, triesKey(email))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var tried []time.Time
	if err := json.Unmarshal(row.Data, &tried); err != nil {
		return nil, fmt.Errorf("provision: read which passwords were tried: %w", err)
	}
	return slices.DeleteFunc(tried, func(ends time.Time) bool { return !ends.After(now) }), nil
}

// passwordOwners returns the members with a password who go by an address, in every organization.
func (e *Engine) passwordOwners(tx store.Tx, email string) ([]owner, error) {
	orgs, err := tx.Organizations()
	if err != nil {
		return nil, err
	}
	var owners []owner
	for _, name := range slices.Sorted(maps.Keys(orgs)) {
		ids, err := tx.FindMembers(orgs[name], directory.Key{Attribute: directory.AttrEmail, Value: email}, directory.NoID, 8)
		if err != nil {
			return nil, err
		}
		members, err := tx.Members(orgs[name], ids)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if m == nil || !m.Merged.IsZero() || directory.FoldAddress(m.Decision.Email) != email {
				continue
			}
			grants, err := credentialGrants(tx, m.Org, m.ID)
			if err != nil {
				return nil, err
			}
			if g := passwordGrant(grants); g != nil {
				owners = append(owners, owner{m.Org, m.ID, g.Password.Hash})
			}
		}
	}
	return owners[:min(len(owners), mostOwners)], nil
}

// passwordWrong journals a wrong password of somebody who is known. For everybody else it writes as much.
func (e *Engine) passwordWrong(ctx context.Context, in *EnterPassword, email string, o owner, tries int) error {
	if o.org == 0 {
		return e.Store.Update(ctx, func(tx store.Tx) error {
			tried, err := triedPasswords(tx, email, e.Now().UTC())
			if err != nil || len(tried) == 0 {
				return err
			}
			return putRequest(tx, requestTries, triesKey(email), tried[len(tried)-1], tried)
		})
	}
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: methodPassword}
	return e.update(ctx, o.org, cause, func(s *settlement) error {
		m, err := s.existing(o.member)
		if err != nil {
			return err
		}
		notes := []string{fmt.Sprintf("a wrong password, try %d of %d", tries, passwordTries)}
		if tries >= passwordTries {
			notes = append(notes, fmt.Sprintf("no password lets in for %d minutes; a code by mail does", int(passwordWithin/time.Minute)))
		}
		return s.tellMember(m, kindCredentialWrong, notes...)
	})
}

// passwordRight lets somebody in whose password is right, as long as it is still the one that was looked at.
func (e *Engine) passwordRight(ctx context.Context, in *EnterPassword, email string, o owner, renewed string) (*LoginResult, error) {
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: methodPassword}
	return e.enterOwn(ctx, o.org, cause, func(s *settlement) (*LoginResult, error) {
		m, grants, err := s.holder(o.member)
		if err != nil || m == nil {
			return nil, err
		}
		g := passwordGrant(grants)
		if g == nil || g.Password.Hash != o.hash {
			return nil, nil
		}
		if renewed != "" {
			g.Password.Hash = renewed
			if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
				return nil, err
			}
		}
		if err := s.tx.DeleteRequests([]*directory.Request{{Kind: requestTries, Key: triesKey(email)}}); err != nil {
			return nil, err
		}
		return s.ownSession(m, methodPassword, in.Agent)
	})
}

// holder returns a member with their credentials, nil where there is none any more.
func (s *settlement) holder(id directory.ID) (*directory.Member, []*directory.Grant, error) {
	m, err := s.existing(id)
	if kind := directory.KindOf(err); err != nil && (kind == directory.NotFound || kind == directory.Conflict) { // merged
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	grants, err := credentialGrants(s.tx, s.org, id)
	return m, grants, err
}

// enterOwn runs fn, which lets somebody in, or not: no result is the one answer to what does not let in.
func (e *Engine) enterOwn(ctx context.Context, org directory.OrgNum, cause directory.Cause, fn func(*settlement) (*LoginResult, error)) (*LoginResult, error) {
	var result *LoginResult
	err := e.update(ctx, org, cause, func(s *settlement) (err error) {
		result, err = fn(s)
		return err
	})
	if err == nil && result == nil {
		err = wrongCredential()
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// EnterPasskey is somebody whose device has signed a challenge with a passkey, which was verified.
type EnterPasskey struct {
	Handle    []byte // whose it is, and
	ID        []byte // which, as the device knows them
	Count     uint32 // signatures that the device has made
	Stored    bool   // the key is in a backup
	Challenge Once   // what was signed, which is used up
	Request   string
	Agent     string
}

// EnterPasskey lets somebody in by a passkey. It is an Unauthenticated error where the challenge was answered before, the
// passkey was removed, or its device has counted no further than it had: then there is a copy of the key, and the journal is
// told.
func (e *Engine) EnterPasskey(ctx context.Context, in EnterPasskey) (*LoginResult, error) {
	var org directory.OrgNum
	var id directory.ID
	err := e.Store.View(ctx, func(tx store.Tx) error {
		m, err := keyOwner(tx, in.Handle)
		if err != nil || m == nil {
			return err
		}
		org, id = m.Org, m.ID
		return nil
	})
	if err == nil && org == 0 {
		err = wrongCredential()
	}
	if err != nil {
		return nil, err
	}
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: methodPasskey}
	return e.enterOwn(ctx, org, cause, func(s *settlement) (*LoginResult, error) {
		fresh, err := s.answers(in.Challenge)
		if err != nil || !fresh {
			return nil, err
		}
		m, grants, err := s.holder(id)
		if err != nil || m == nil {
			return nil, err
		}
		g := passkeyGrant(grants, in.Handle, in.ID)
		switch {
		case g == nil:
			return nil, nil
		case g.Passkey.Copied(in.Count):
			return nil, s.tellMember(m, kindCredentialWrong, fmt.Sprintf(
				"refused: the passkey %s may have been copied: its device has made %d signatures, and had made %d before", g.ID, in.Count, g.Passkey.Count))
		}
		g.Passkey.Count, g.Passkey.Stored, g.Passkey.Used = in.Count, in.Stored, s.now
		if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
			return nil, err
		}
		return s.ownSession(m, methodPasskey, in.Agent)
	})
}
