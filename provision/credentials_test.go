package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// joined is an outsider who came by an invitation, and is signed in.
func (w *inviteWorld) joined(email string) *provision.LoginResult {
	w.t.Helper()
	_, link := w.outsider(email)
	r, err := w.enterInviteCode(link, w.inviteCode(link), "laptop")
	w.must(err)
	if !r.In() {
		w.t.Fatalf("%s is not let in: %s", email, r.Code)
	}
	return r
}

func change(r *provision.LoginResult) provision.CredentialChange {
	return provision.CredentialChange{Session: r.Session, Request: "r-change"}
}

// hashOf stands for a hash: that a hash keeps a password secret is the transport's concern.
func hashOf(password string) string { return "hash of " + password }

func (w *inviteWorld) setPassword(r *provision.LoginResult, password string) {
	w.t.Helper()
	w.must(w.engine.SetPassword(w.t.Context(), change(r), hashOf(password)))
}

// enterPassword types a password, and returns how many hashes it was held against.
func (w *inviteWorld) enterPassword(email, password string) (r *provision.LoginResult, hashes int, err error) {
	w.now = w.now.Add(time.Second)
	r, err = w.engine.EnterPassword(w.t.Context(), provision.EnterPassword{
		Email: email, Request: "r-password", Agent: "Firefox on Linux",
		Verify: func(_ context.Context, hash string) (bool, string, error) {
			hashes++
			return hash == hashOf(password), "", nil
		},
	})
	return r, hashes, err
}

func (w *inviteWorld) passwordIsWrong(email, password string) {
	w.t.Helper()
	r, hashes, err := w.enterPassword(email, password)
	w.wantKind(err, directory.Unauthenticated, "This did not work. Check the address and the password")
	if r != nil || hashes != 1 {
		w.t.Errorf("%s: %+v, after %d hashes", email, r, hashes)
	}
}

func (w *inviteWorld) passwordLetsIn(email, password string) *provision.LoginResult {
	w.t.Helper()
	r, _, err := w.enterPassword(email, password)
	w.must(err)
	if !r.In() || r.Session.Method != "password" || r.Session.Conn != 0 || !w.signedIn(r) {
		w.t.Fatalf("the password lets in as %+v", r)
	}
	return r
}

var keys int

// key is a new passkey for a member.
func (w *inviteWorld) key(r *provision.LoginResult) *directory.Passkey {
	keys++
	return &directory.Passkey{
		ID: fmt.Appendf(nil, "key %d", keys), Handle: provision.PasskeyHandle(r.Member.Org, r.Member.ID), PublicKey: []byte("public"), Name: "Laptop",
	}
}

// challenge is a new challenge.
func (w *inviteWorld) challenge() provision.Once {
	keys++
	return provision.Once{Kind: "passkey", Key: provision.TokenHash(fmt.Sprint("challenge ", keys)), Until: w.now.Add(5 * time.Minute)}
}

func (w *inviteWorld) addPasskey(r *provision.LoginResult) *directory.Passkey {
	w.t.Helper()
	k := w.key(r)
	w.must(w.engine.AddPasskey(w.t.Context(), change(r), k, w.challenge()))
	return k
}

func (w *inviteWorld) enterPasskey(k *directory.Passkey, count uint32) (*provision.LoginResult, error) {
	w.now = w.now.Add(time.Second)
	return w.engine.EnterPasskey(w.t.Context(), provision.EnterPasskey{
		Handle: k.Handle, ID: k.ID, Count: count, Challenge: w.challenge(), Request: "r-passkey", Agent: "Firefox on Linux",
	})
}

func (w *inviteWorld) passkeyLetsIn(k *directory.Passkey, count uint32) *provision.LoginResult {
	w.t.Helper()
	r, err := w.enterPasskey(k, count)
	w.must(err)
	if !r.In() || r.Session.Method != "passkey" || !w.signedIn(r) {
		w.t.Fatalf("the passkey lets in as %+v", r)
	}
	return r
}

func (w *inviteWorld) passkeyIsWrong(k *directory.Passkey, count uint32) {
	w.t.Helper()
	r, err := w.enterPasskey(k, count)
	w.wantKind(err, directory.Unauthenticated, "This did not work.")
	if r != nil {
		w.t.Errorf("%+v", r)
	}
}

func (w *inviteWorld) credentials(r *provision.LoginResult) provision.Credentials {
	w.t.Helper()
	has, err := w.engine.Credentials(w.t.Context(), r.Member.Org, r.Member.ID)
	w.must(err)
	return has
}

func TestSomebodyWhomNoProviderSignsInHasAPassword(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	if has := w.credentials(bob); has.Any() {
		t.Errorf("bob has %+v", has)
	}
	w.passwordIsWrong("bob@private.example", "")
	w.setPassword(bob, "first of all")
	if line := w.lastLine(); line.Kind != "credential.added" || line.Cause.ID != "r-change" || line.Subjects[0].ID != bob.Member.ID || !slices.Equal(line.Notes, []string{"a password"}) {
		t.Errorf("told as %+v", line)
	}
	if has := w.credentials(bob); !has.Password || !has.Changed.Equal(w.now) || has.PasswordID.IsZero() {
		t.Errorf("bob has %+v", has)
	}
	other := w.passwordLetsIn(" Bob@Private.example ", "first of all")
	if line := w.lastLine(); line.Kind != "login" || line.Cause.Actor != "password" || !slices.Contains(line.Notes, "signed in by password, without any provider") {
		t.Errorf("told as %+v", line)
	}

	w.setPassword(bob, "second thoughts")
	if line := w.lastLine(); !slices.Equal(line.Notes, []string{"a password, in the place of the one before", "1 session ended"}) {
		t.Errorf("told as %q", line.Notes)
	}
	if !w.signedIn(bob) || w.signedIn(other) {
		t.Errorf("after the change, this session holds: %v, the other: %v", w.signedIn(bob), w.signedIn(other))
	}
	w.passwordIsWrong("bob@private.example", "first of all")
	w.passwordLetsIn("bob@private.example", "second thoughts")

	w.must(w.engine.RemovePassword(t.Context(), change(bob)))
	if line := w.lastLine(); line.Kind != "credential.removed" || line.Notes[0] != "the password" || w.credentials(bob).Any() {
		t.Errorf("told as %+v", line)
	}
	w.passwordIsWrong("bob@private.example", "second thoughts")
	before := w.lastLine().Seq
	w.must(w.engine.RemovePassword(t.Context(), change(bob)))
	if w.lastLine().Seq != before {
		t.Error("removing no password is told")
	}
}

func TestPasswordsCannotBeGuessed(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "right")
	began := w.now
	for i := range 10 {
		for _, email := range []string{"bob@private.example", "nobody@private.example"} {
			w.passwordIsWrong(email, "wrong")
		}
		if i == 8 {
			w.passwordLetsIn("bob@private.example", "right") // and all begins anew
		}
	}
	for i := range 9 {
		w.passwordIsWrong("bob@private.example", "wrong")
		if line := w.lastLine(); line.Kind != "credential.wrong" || line.Notes[0] != fmt.Sprintf("a wrong password, try %d of 10", i+2) {
			t.Errorf("told as %+v", line)
		}
	}
	if notes := w.lastLine().Notes; len(notes) != 2 || !strings.Contains(notes[1], "no password lets in for 15 minutes; a code by mail does") {
		t.Errorf("the last try is told as %q", notes)
	}
	last := w.lastLine().Seq
	w.passwordIsWrong("bob@private.example", "right")
	if w.lastLine().Seq != last {
		t.Error("what is not looked at is told")
	}
	w.now = began.Add(16 * time.Minute)
	w.passwordLetsIn("bob@private.example", "right")
}

// Whoever has many hands tries no more passwords than with one.
func TestPasswordsAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.setPassword(w.joined("bob@private.example"), "right")
	looked := make(chan struct{}, 40)
	done := make(chan error, 40)
	for range 40 {
		go func() {
			_, err := w.engine.EnterPassword(t.Context(), provision.EnterPassword{
				Email: "bob@private.example", Verify: func(_ context.Context, hash string) (bool, string, error) {
					if hash != "" {
						looked <- struct{}{}
					}
					return false, "", nil
				},
			})
			done <- err
		}()
	}
	for range 40 {
		w.wantKind(<-done, directory.Unauthenticated, "did not work")
	}
	if len(looked) != 10 {
		t.Errorf("%d passwords were looked at", len(looked))
	}
}

func TestAHashIsMadeAnewWhereItShouldBe(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.setPassword(w.joined("bob@private.example"), "right")
	_, err := w.engine.EnterPassword(t.Context(), provision.EnterPassword{
		Email: "bob@private.example", Verify: func(_ context.Context, hash string) (bool, string, error) {
			return hash == hashOf("right"), "a dearer hash", nil
		},
	})
	w.must(err)
	_, err = w.engine.EnterPassword(t.Context(), provision.EnterPassword{
		Email: "bob@private.example", Verify: func(_ context.Context, hash string) (bool, string, error) { return hash == "a dearer hash", "", nil },
	})
	w.must(err)
}

// Who comes while too many people sign in is told so, and has not tried.
func TestAPasswordThatCannotBeLookedAtIsNotTried(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	w.setPassword(w.joined("bob@private.example"), "right")
	broken := errors.New("no memory")
	for range 12 {
		_, err := w.engine.EnterPassword(t.Context(), provision.EnterPassword{
			Email: "bob@private.example", Verify: func(context.Context, string) (bool, string, error) { return false, "", broken },
		})
		if !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	}
	w.passwordLetsIn("bob@private.example", "right")
}

// A password that is changed while somebody signs in by the old one lets nobody in.
func TestAPasswordThatChangesMeanwhile(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "old")
	_, err := w.engine.EnterPassword(t.Context(), provision.EnterPassword{
		Email: "bob@private.example", Verify: func(_ context.Context, hash string) (bool, string, error) {
			w.setPassword(bob, "new")
			return hash == hashOf("old"), "", nil
		},
	})
	w.wantKind(err, directory.Unauthenticated, "did not work")
}

func TestPasskeysOfAMember(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	k := w.addPasskey(bob)
	if line := w.lastLine(); line.Kind != "credential.added" || !strings.HasPrefix(line.Notes[0], "a passkey, ") || strings.Contains(line.Notes[0], "Laptop") {
		t.Errorf("told as %+v", line)
	}
	other := w.passkeyLetsIn(k, 0) // a device that does not count
	if line := w.lastLine(); line.Kind != "login" || !slices.Contains(line.Notes, "signed in by passkey, without any provider") {
		t.Errorf("told as %+v", line)
	}
	w.passkeyLetsIn(k, 0)
	has := w.credentials(bob)
	if has.Password || len(has.Passkeys) != 1 || has.Passkeys[0].Name != "Laptop" || !has.Passkeys[0].Used.Equal(w.now) {
		t.Fatalf("bob has %+v", has)
	}
	id := has.Passkeys[0].ID
	w.must(w.engine.RenamePasskey(t.Context(), change(bob), id, "  My\nphone \u202e "+strings.Repeat("x", 80)))
	if name := w.credentials(bob).Passkeys[0].Name; !strings.HasPrefix(name, "My phone x") || len(name) != 60 || !w.signedIn(other) {
		t.Errorf("the passkey is called %q", name)
	}
	found, err := w.engine.PasskeyOf(t.Context(), k.Handle, k.ID)
	if w.must(err); string(found.PublicKey) != "public" {
		t.Errorf("found %+v", found)
	}
	w.must(w.engine.RemovePasskey(t.Context(), change(bob), id))
	w.passkeyIsWrong(k, 0)
	if _, err := w.engine.PasskeyOf(t.Context(), k.Handle, k.ID); directory.KindOf(err) != directory.Unauthenticated {
		t.Errorf("a removed passkey: %v", err)
	}
	w.wantKind(w.engine.RemovePasskey(t.Context(), change(bob), id), directory.NotFound, "no such passkey")
	w.wantKind(w.engine.RenamePasskey(t.Context(), change(bob), id, "x"), directory.NotFound, "no such passkey")
}

func TestPasskeysThatAreNotAdded(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob, ben := w.joined("bob@private.example"), w.joined("ben@private.example")
	add := func(k *directory.Passkey, c provision.Once) error {
		return w.engine.AddPasskey(t.Context(), change(bob), k, c)
	}
	once, k := w.challenge(), w.key(bob)
	w.must(add(k, once))
	w.wantKind(add(w.key(bob), once), directory.Conflict, "added already")
	w.wantKind(add(k, w.challenge()), directory.Conflict, "added already")
	w.wantKind(add(w.key(ben), w.challenge()), directory.Conflict, "made for somebody else")
	for range 9 {
		w.must(add(w.key(bob), w.challenge()))
	}
	w.wantKind(add(w.key(bob), w.challenge()), directory.Conflict, "10 passkeys")
	if n := len(w.credentials(bob).Passkeys); n != 10 || w.credentials(ben).Any() {
		t.Errorf("bob has %d passkeys, ben %+v", n, w.credentials(ben))
	}
}

func TestAPasskeysSignatureCountsOnce(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	k := w.addPasskey(w.joined("bob@private.example"))
	in := provision.EnterPasskey{Handle: k.Handle, ID: k.ID, Challenge: w.challenge()}
	if r, err := w.engine.EnterPasskey(t.Context(), in); err != nil || !r.In() {
		t.Fatal(r, err)
	}
	_, err := w.engine.EnterPasskey(t.Context(), in)
	w.wantKind(err, directory.Unauthenticated, "did not work")
}

func TestACopyOfAPasskeyIsRefused(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	k := w.addPasskey(w.joined("bob@private.example"))
	w.passkeyLetsIn(k, 7)
	for _, count := range []uint32{7, 6, 0} {
		w.passkeyIsWrong(k, count)
		line := w.lastLine()
		if line.Kind != "credential.wrong" || !strings.Contains(line.Notes[0], "may have been copied") {
			t.Errorf("a device at %d is told as %+v", count, line)
		}
	}
	w.passkeyLetsIn(k, 8)
}

func TestNobodyElsesPasskey(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob, ben := w.joined("bob@private.example"), w.joined("ben@private.example")
	k := w.addPasskey(bob)
	for _, handle := range [][]byte{provision.PasskeyHandle(ben.Member.Org, ben.Member.ID), provision.PasskeyHandle(ben.Member.Org+9, bob.Member.ID), {}, []byte("x")} {
		as := k.Clone()
		as.Handle = handle
		w.passkeyIsWrong(as, 0)
	}
	w.passkeyLetsIn(k, 0)
}

func TestAChangeNeedsAFreshSession(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "right")
	again := w.passwordLetsIn("bob@private.example", "right")
	w.now = w.now.Add(11 * time.Minute)
	for _, err := range []error{
		w.engine.SetPassword(t.Context(), change(bob), "x"), w.engine.RemovePassword(t.Context(), change(bob)),
		w.engine.AddPasskey(t.Context(), change(bob), w.key(bob), w.challenge()),
		w.engine.RemovePasskey(t.Context(), change(bob), bob.Member.ID), w.engine.RenamePasskey(t.Context(), change(bob), bob.Member.ID, "x"),
	} {
		w.wantKind(err, directory.Precondition, "Sign in again first")
	}
	w.must(w.engine.EndSession(t.Context(), again.Token, "r-out"))
	w.wantKind(w.engine.SetPassword(t.Context(), change(again), "x"), directory.Unauthenticated, "not signed in")
	w.passwordLetsIn("bob@private.example", "right")
}

// Once a provider signs the person in, nothing of their own does.
func TestAProviderTakesThePlaceOfCredentials(t *testing.T) {
	w := newInviteWorld(t, invites)
	bob := w.joined("bob@acme.com")
	w.setPassword(bob, "right")
	k := w.addPasskey(bob)
	may := func() bool {
		yes, err := w.engine.SignsInByOwn(t.Context(), bob.Member.Org, bob.Member.ID)
		w.must(err)
		return yes
	}
	if !may() {
		t.Error("bob may not sign in by his own")
	}
	w.activate(byProvider)
	refused := []*provision.LoginResult{}
	r, _, err := w.enterPassword("bob@acme.com", "right")
	w.must(err)
	refused = append(refused, r)
	r, err = w.enterPasskey(k, 0)
	w.must(err)
	for _, r := range append(refused, r) {
		if r.In() || r.Code != provision.LoginElsewhere || r.Reference == "" {
			t.Errorf("%+v", r)
		}
	}
	if may() {
		t.Error("bob may sign in by his own")
	}
	w.wantKind(w.engine.SetPassword(t.Context(), change(bob), "x"), directory.Unauthenticated, "You are not signed in")
	in := w.loginOf("okta", "bob")
	in.Fresh = true
	there := w.want(w.signIn(in), provision.LoginLinked)
	w.wantKind(w.engine.SetPassword(t.Context(), change(there), "x"), directory.Forbidden, "Your company signs you in")
	w.wantKind(w.engine.AddPasskey(t.Context(), change(there), w.key(bob), w.challenge()), directory.Forbidden, "Your company signs you in")
	w.must(w.engine.RemovePassword(t.Context(), change(there)))
}

func TestWhoIsPutOutIsNotLetInByCredentials(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "right")
	k := w.addPasskey(bob)
	act := provision.Act{Org: w.org, Cause: w.cause(), Member: bob.Member.ID}
	_, err := w.engine.Suspend(t.Context(), act)
	w.must(err)
	r, _, err := w.enterPassword("bob@private.example", "right")
	w.must(err)
	key, err := w.enterPasskey(k, 0)
	w.must(err)
	if r.In() || key.In() || r.Code != provision.LoginSuspended || key.Code != provision.LoginSuspended || w.signedIn(bob) {
		t.Errorf("%+v, %+v", r, key)
	}
	_, err = w.engine.Reactivate(t.Context(), act)
	w.must(err)
	w.passwordLetsIn("bob@private.example", "right")
	_, err = w.engine.Remove(t.Context(), act)
	w.must(err)
	if w.credentials(bob).Any() {
		t.Errorf("who was removed has %+v", w.credentials(bob))
	}
	w.passwordIsWrong("bob@private.example", "right")
	w.passkeyIsWrong(k, 0)
}

func TestAnAdminTakesCredentialsAway(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "right")
	w.addPasskey(bob)
	k := w.addPasskey(bob)
	act := provision.Act{Org: w.org, Cause: w.cause(), Member: bob.Member.ID}
	remove := func(id directory.ID) int {
		t.Helper()
		n, err := w.engine.RemoveCredentials(t.Context(), act, id)
		w.must(err)
		return n
	}
	if n := remove(w.credentials(bob).Passkeys[0].ID); n != 1 || len(w.credentials(bob).Passkeys) != 1 || w.signedIn(bob) {
		t.Errorf("%d are gone; bob has %+v", n, w.credentials(bob))
	}
	_, err := w.engine.RemoveCredentials(t.Context(), act, act.Member)
	w.wantKind(err, directory.NotFound, "no credential")
	if n := remove(directory.NoID); n != 2 || w.credentials(bob).Any() {
		t.Errorf("%d are gone; bob has %+v", n, w.credentials(bob))
	}
	line := w.lastLine()
	if line.Kind != "credential.removed" || line.Cause.Actor != "root@acme.com" || !strings.HasPrefix(line.Notes[0], "the password and the passkey ") {
		t.Errorf("told as %+v", line)
	}
	if n := remove(directory.NoID); n != 0 || w.lastLine().Seq != line.Seq {
		t.Errorf("%d are gone", n)
	}
	w.passkeyIsWrong(k, 0)
}

func TestCredentialsFollowAMerge(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob, ben := w.joined("bob@private.example"), w.joined("ben@private.example")
	w.setPassword(bob, "bob's")
	w.setPassword(ben, "ben's")
	k := w.addPasskey(ben)
	_, err := w.engine.Merge(t.Context(), provision.Act{Org: w.org, Cause: w.cause(), Member: bob.Member.ID}, ben.Member.ID)
	w.must(err)
	if r := w.passkeyLetsIn(k, 0); r.Member.ID != bob.Member.ID {
		t.Errorf("ben's passkey lets in %s", r.Member.ID)
	}
	w.passwordLetsIn("bob@private.example", "bob's")
	w.passwordIsWrong("bob@private.example", "ben's")
	w.passwordIsWrong("ben@private.example", "ben's")
	if w.credentials(ben).Any() || len(w.credentials(bob).Passkeys) != 1 {
		t.Errorf("bob has %+v, ben %+v", w.credentials(bob), w.credentials(ben))
	}
}

func TestNoSecretIsTold(t *testing.T) {
	w := newInviteWorld(t, byProvider)
	bob := w.joined("bob@private.example")
	w.setPassword(bob, "secret thoughts")
	k := w.addPasskey(bob)
	w.passwordIsWrong("bob@private.example", "secret too")
	w.passkeyLetsIn(k, 0)
	explained, err := w.engine.Explain(t.Context(), bob.Member.Org, bob.Member.ID)
	w.must(err)
	text, err := json.Marshal(explained)
	w.must(err)
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		entries, err := tx.ListEntries(0, 1000, false)
		for _, e := range entries {
			line, wrong := json.Marshal(e)
			text, err = append(text, line...), errors.Join(err, wrong)
		}
		return err
	}))
	grants := ""
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		rows, err := tx.Grants(bob.Member.Org, []directory.ID{bob.Member.ID})
		for _, g := range rows[0] {
			if g.Password != nil {
				grants += fmt.Sprintf("%v %+v %#v %s", *g.Password, *g.Password, *g.Password, g.Password)
			}
		}
		return err
	}))
	for _, secret := range []string{"secret", "public", "hash of"} {
		if strings.Contains(string(text)+grants, secret) {
			t.Errorf("%q is told", secret)
		}
	}
	if grants == "" {
		t.Error("there is no password to tell")
	}
}
