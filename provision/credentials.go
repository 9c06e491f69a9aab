package provision

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// CredentialsFresh is for how long after signing in a member may change what they sign in with.
const CredentialsFresh = 10 * time.Minute

// MostPasskeys is how many passkeys a member has at most.
const MostPasskeys = 10

// longestKeyName is how long the name of a passkey may be, in characters.
const longestKeyName = 60

// The kinds of entry about credentials.
const (
	kindCredentialAdded   = "credential.added"
	kindCredentialRenamed = "credential.renamed"
	kindCredentialRemoved = "credential.removed"
	kindCredentialWrong   = "credential.wrong"
)

// The methods of sessions that began by a credential.
const (
	methodPassword = "password"
	methodPasskey  = "passkey"
)

// Credentials are what a member has of their own to sign in with: names and dates, and no secret.
type Credentials struct {
	Password   bool
	PasswordID directory.ID // by which an admin removes it
	Changed    time.Time    // the password, last
	Passkeys   []Passkey    // in the order in which they were added
}

// Any reports whether there is anything.
func (c Credentials) Any() bool { return c.Password || len(c.Passkeys) > 0 }

// Passkey is a passkey as its owner knows it.
type Passkey struct {
	ID    directory.ID
	Name  string
	Added time.Time
	Used  time.Time // to sign in, last; zero for never
}

// Credentials returns what a member has of their own to sign in with.
func (e *Engine) Credentials(ctx context.Context, org directory.OrgNum, member directory.ID) (Credentials, error) {
	var out Credentials
	err := e.Store.View(ctx, func(tx store.Tx) error {
		grants, err := credentialGrants(tx, org, member)
		out = credentialsOf(grants)
		return err
	})
	return out, err
}

// SignsInByOwn reports whether a member may sign in by something of their own, and so have a password and passkeys. Those
// whom a provider signs in may not.
func (e *Engine) SignsInByOwn(ctx context.Context, org directory.OrgNum, member directory.ID) (bool, error) {
	err := e.Store.View(ctx, func(tx store.Tx) error {
		s, err := e.settlement(tx, org, directory.Cause{})
		if err != nil {
			return err
		}
		m, err := s.existing(member)
		if err != nil {
			return err
		}
		return s.ownSignIn(m)
	})
	if directory.KindOf(err) == directory.Forbidden {
		return false, nil
	}
	return err == nil, err
}

// credentialGrants returns the rows of a member's credentials, the oldest first.
func credentialGrants(tx store.Grants, org directory.OrgNum, member directory.ID) ([]*directory.Grant, error) {
	grants, err := tx.Grants(org, []directory.ID{member})
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(grants[0], func(g *directory.Grant) bool { return !g.IsCredential() })
	slices.SortStableFunc(list, func(a, b *directory.Grant) int { return a.Created.Compare(b.Created) })
	return list, nil
}

func credentialsOf(grants []*directory.Grant) Credentials {
	var out Credentials
	for _, g := range grants {
		switch {
		case g.Password != nil:
			out.Password, out.PasswordID, out.Changed = true, g.ID, g.Password.Changed
		case g.Passkey != nil:
			out.Passkeys = append(out.Passkeys, Passkey{ID: g.ID, Name: g.Passkey.Name, Added: g.Created, Used: g.Passkey.Used})
		}
	}
	return out
}

// passwordGrant returns the row of a password, nil for none.
func passwordGrant(grants []*directory.Grant) *directory.Grant {
	if i := slices.IndexFunc(grants, func(g *directory.Grant) bool { return g.Password != nil }); i >= 0 {
		return grants[i]
	}
	return nil
}

// passkeyGrant returns the row of a passkey, nil for none.
func passkeyGrant(grants []*directory.Grant, handle, id []byte) *directory.Grant {
	i := slices.IndexFunc(grants, func(g *directory.Grant) bool {
		return g.Passkey != nil && string(g.Passkey.ID) == string(id) && string(g.Passkey.Handle) == string(handle)
	})
	if i < 0 {
		return nil
	}
	return grants[i]
}

// PasskeyHandle returns by what devices know a member (Web Authentication Level 3, section 4, "user handle"). It says nothing
// to anybody but us.
func PasskeyHandle(org directory.OrgNum, member directory.ID) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(org)), member[:]...)
}

func memberOfHandle(handle []byte) (org directory.OrgNum, member directory.ID, ok bool) {
	if len(handle) != 4+len(member) {
		return 0, member, false
	}
	copy(member[:], handle[4:])
	return directory.OrgNum(binary.BigEndian.Uint32(handle)), member, true
}

// keyOwner returns the member whom a handle means, also where the one for whom the passkey was made was merged into another.
// It is nil for nobody.
func keyOwner(tx store.Tx, handle []byte) (*directory.Member, error) {
	org, id, ok := memberOfHandle(handle)
	for ok {
		members, err := tx.Members(org, []directory.ID{id})
		if err != nil || members[0] == nil || members[0].Merged.IsZero() {
			return members[0], err
		}
		id = members[0].Merged
	}
	return nil, nil
}

// moveCredentials makes the credentials of a member who becomes part of another theirs, as far as they have room for them:
// passkeys up to the most, and a password where they have none.
func (s *settlement) moveCredentials(from, to directory.ID) error {
	gone, err := credentialGrants(s.tx, s.org, from)
	if err != nil || len(gone) == 0 {
		return err
	}
	there, err := credentialGrants(s.tx, s.org, to)
	if err != nil {
		return err
	}
	has := credentialsOf(there)
	var moved []*directory.Grant
	for _, g := range gone {
		if g.Password != nil && has.Password || g.Passkey != nil && len(has.Passkeys) >= MostPasskeys {
			continue
		}
		c := *g
		c.Member = to
		moved = append(moved, &c)
		has = credentialsOf(append(slices.Clip(there), moved...))
	}
	if err := s.tx.DeleteGrants(gone); err != nil {
		return err
	}
	return s.tx.PutGrants(moved)
}
