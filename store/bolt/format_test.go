package bolt

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bbolt "go.etcd.io/bbolt"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

var writeFiles = flag.Bool("update", false, "write the store files in testdata anew")

// formatFile returns an empty store file that says it has a format.
func formatFile(t *testing.T, f uint64) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := openAndClose(path); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(b *bbolt.Tx) error {
		return b.Bucket([]byte("meta")).Put([]byte("format"), appendSeq(nil, f))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func openAndClose(path string) error {
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

func writeTemp(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	_, err := Open(writeTemp(t, formatFile(t, format+1)), Options{Migrate: true})
	var public *directory.Error
	if !errors.As(err, &public) || !strings.Contains(public.Message, fmt.Sprintf("newer usher (format %d; this program reads up to %d)", format+1, format)) {
		t.Errorf("a newer file: %v", err)
	}
	_, err = Open(writeTemp(t, bytes.Repeat([]byte("text\n"), 10_000)), Options{})
	if directory.KindOf(err) != directory.Invalid {
		t.Errorf("a text: %v, want it to be invalid", err)
	}
	path := filepath.Join(t.TempDir(), "other.db")
	other, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = other.Update(func(b *bbolt.Tx) error {
		_, err := b.CreateBucket([]byte("theirs"))
		return err
	})
	if err := errors.Join(err, other.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); directory.KindOf(err) != directory.Invalid {
		t.Errorf("another program's file: %v, want it to be invalid", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing", "usher.db"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestOpenFinishesAFileThatWasNotFinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	db, err := bbolt.Open(path, 0o600, nil) // as after a kill between creating the file and its buckets
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openAt(t, path, Options{}).Update(t.Context(), putOne(1)); err != nil {
		t.Error(err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	s := openTemp(t, Options{})
	begun := time.Now()
	_, err := Open(s.path, Options{LockTimeout: 100 * time.Millisecond})
	if !errors.Is(err, store.ErrLocked) {
		t.Fatalf("opened twice: %v, want ErrLocked", err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("waited %v for the lock, want 100ms", took)
	}
	opened := make(chan error, 1)
	go func() {
		second, err := Open(s.path, Options{LockTimeout: 10 * time.Second})
		if err == nil {
			err = second.Close()
		}
		opened <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("opened after the first had closed: %v", err)
	}
}

func TestWhoWaitsForTheLockGetsTheFileThatWasPutInItsPlace(t *testing.T) {
	s := manyUsers(t, 10)
	path := s.path
	type result struct {
		users int
		err   error
	}
	opened := make(chan result, 1)
	go func() {
		second, err := Open(path, Options{LockTimeout: 10 * time.Second})
		if err != nil {
			opened <- result{err: err}
			return
		}
		n := 0
		err = second.View(t.Context(), func(tx store.Tx) (err error) {
			n, err = tx.CountUsers(1)
			return err
		})
		opened <- result{n, errors.Join(err, second.Close())}
	}()
	time.Sleep(20 * time.Millisecond)
	other := filepath.Join(t.TempDir(), "other.db")
	if err := Restore(t.Context(), bytes.NewReader(backupOf(t, manyUsers(t, 3))), other, false); err != nil {
		t.Fatal(err)
	}
	if err := moveInto(other, path); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := <-opened; r.err != nil || r.users != 3 {
		t.Errorf("found %d users (%v), want the 3 of the new file", r.users, r.err)
	}
}

func TestOlderFilesAreMigratedWhenAsked(t *testing.T) {
	steps := 0
	l := ladder{top: format + 1, steps: map[uint64]func(*bbolt.Tx) error{
		format - 1: func(b *bbolt.Tx) error {
			steps++
			return b.Bucket([]byte("meta")).Put([]byte("step"), []byte("one"))
		},
		format: func(b *bbolt.Tx) error {
			steps++
			if steps == 2 {
				return errors.New("interrupted")
			}
			if string(b.Bucket([]byte("meta")).Get([]byte("step"))) != "one" {
				return errors.New("the first step is missing")
			}
			return nil
		},
	}}
	path := writeTemp(t, formatFile(t, format-1))
	if _, err := openFormat(path, Options{}, l); !errors.Is(err, store.ErrOldSchema) {
		t.Fatalf("an older file: %v, want ErrOldSchema", err)
	}
	if _, err := openFormat(path, Options{Migrate: true}, l); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Fatalf("an interrupted migration: %v", err)
	}
	s, err := openFormat(path, Options{Migrate: true}, l)
	if err != nil {
		t.Fatalf("the migration, taken up again: %v", err)
	}
	if steps != 3 {
		t.Errorf("%d steps were taken, want the second one again only", steps)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), fmt.Sprint("format ", format+1)) {
		t.Errorf("the migrated file, opened by an older program: %v", err)
	}
	missing := ladder{top: format + 3, steps: l.steps}
	if _, err := openFormat(path, Options{Migrate: true}, missing); err == nil {
		t.Error("a step that is missing was not missed")
	}
}

// Every format that was released keeps its file here. This is what all of them hold.
func writeKnownRows(tx store.Tx) error {
	org, err := tx.PutOrganization("acme")
	if err != nil {
		return err
	}
	c, err := tx.PutConnection(org, "acme-okta")
	if err != nil {
		return err
	}
	_, err = tx.AddEdges(c, testID(3), []directory.Child{{Kind: directory.ChildUser, ID: testID(1)}, {Kind: directory.ChildParked, Value: "later"}})
	return errors.Join(
		err,
		tx.PutUsers([]*directory.User{knownUser(c)}),
		tx.PutGroups([]*directory.Group{knownGroup(c)}),
		tx.PutMembers([]*directory.Member{knownMember(org)}),
		tx.Append([]*directory.Entry{knownEntry(org)}, []*directory.Detail{knownDetail()}),
		tx.PutIdentity(c, "00u1", testID(2)),
	)
}

func knownTime() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 5, time.UTC) }

func knownUser(c directory.ConnNum) *directory.User {
	return &directory.User{
		ID: testID(1), Conn: c, Member: testID(2), Revision: 3, Active: true, UserName: "Ann@acme.com", ExternalID: "00u1",
		Created: knownTime(), Modified: knownTime(), Entry: 1, Body: []byte(`{"userName":"Ann@acme.com"}`),
		Keys: []directory.Key{{Attribute: directory.AttrUserName, Value: "ann@acme.com"}, {Attribute: directory.AttrExternalID, Value: "00u1"}},
	}
}

func knownGroup(c directory.ConnNum) *directory.Group {
	return &directory.Group{ID: testID(3), Conn: c, Revision: 2, DisplayName: "Engineering", Members: 2, Created: knownTime(), Bound: []string{"Engineering"}}
}

func knownMember(org directory.OrgNum) *directory.Member {
	return &directory.Member{
		ID: testID(2), Org: org, Revision: 1, Status: directory.StatusActive, Created: knownTime(), Due: knownTime(),
		Users:    []directory.UserRef{{Conn: 1, ID: testID(1)}},
		Decision: directory.Decision{InScope: true, Active: true, Role: "member", Email: "Ann@acme.com", Aliases: []string{"ann@acme.com"}},
		Since:    map[string]time.Time{"launch week": knownTime()},
	}
}

func knownEntry(org directory.OrgNum) *directory.Entry {
	return &directory.Entry{
		Seq: 1, At: knownTime(), Org: org, Conn: 1, Kind: "user.created", Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "r1"},
		Subjects: []directory.Subject{{Kind: directory.SubjectUser, ID: testID(1)}},
		Effects:  []directory.Effect{{Field: "role", After: "member", Reason: &directory.Reason{Field: "role", Source: directory.SourceRule}}},
	}
}

func knownDetail() *directory.Detail {
	return &directory.Detail{Seq: 1, Salt: []byte{1, 2}, Values: []directory.DetailValue{{Attribute: "userName", After: []byte(`"Ann@acme.com"`)}}}
}

// writeBrakes writes what came with format 2.
func writeBrakes(tx store.Tx) error {
	orgs, err := tx.Organizations()
	if err != nil {
		return err
	}
	hold, held, braked, expected := knownBrakes(orgs["acme"])
	return errors.Join(
		tx.PutHold(hold),
		tx.PutHeldMembers([]*directory.HeldMember{held}),
		tx.PutBraked([]*directory.Braked{braked}),
		tx.PutExpectation(expected),
	)
}

func knownBrakes(org directory.OrgNum) (*directory.Hold, *directory.HeldMember, *directory.Braked, *directory.Expectation) {
	cause := directory.Cause{Kind: directory.CauseSCIM, ID: "r1"}
	effects := []directory.Effect{{Field: "status", Before: "active", After: "suspended"}}
	hold := &directory.Hold{
		ID: testID(7), Org: org, Kind: "suspensions", Cause: cause, Created: knownTime(), Limit: 10, Window: time.Hour, Passed: 10,
		Waiting: 1, Set: "0102030405060708", Joined: knownTime(),
	}
	held := &directory.HeldMember{Org: org, Hold: testID(7), Member: testID(2), Effects: effects, Digest: "ab", Since: knownTime(), Cause: cause}
	braked := &directory.Braked{Org: org, Kind: "suspensions", Member: testID(4), At: knownTime(), Effects: effects, Cause: cause}
	expected := &directory.Expectation{
		ID: testID(8), Org: org, Kind: "suspensions", Count: 400, Until: knownTime(), Cause: cause, Created: knownTime(),
	}
	return hold, held, braked, expected
}

func TestFormat7IsRead(t *testing.T) {
	file := filepath.Join("testdata", "format-7.db")
	if *writeFiles {
		writeFormat(t, file)
	}
	s := openKnown(t, file)
	readFormat5(t, s)
	readMail(t, s)
}

// TestFormat6IsBroughtUpToDate reads the JSON of the rows that format 7 writes otherwise, and writes them anew.
func TestFormat6IsBroughtUpToDate(t *testing.T) {
	s := openKnown(t, filepath.Join("testdata", "format-6.db"))
	readFormat5(t, s)
	readMail(t, s)
	if err := s.Update(t.Context(), writeMail); err != nil {
		t.Errorf("writing in format 7 what is there: %v", err)
	}
	readMail(t, s)
}

// readFormat5 reads what files of format 5 hold, and writes on.
func readFormat5(t *testing.T, s *Store) {
	t.Helper()
	readKnown(t, s)
	readBrakes(t, s)
	readRetired(t, s)
	readSessions(t, s)
	readDocument(t, s)
}

// readMail reads what came with format 6.
func readMail(t *testing.T, s *Store) {
	t.Helper()
	invitation, mail := knownMail()
	err := s.View(t.Context(), func(tx store.Tx) error {
		listed, err1 := tx.ListInvitations(1, directory.InvitationPending, store.Page{Limit: 9})
		due, err2 := tx.DueInvitations(knownTime(), 9)
		mails, err3 := tx.DueMails(knownTime(), 9)
		want := []any{[]*directory.Grant{invitation}, []*directory.Grant{invitation}, []*directory.Mail{mail}}
		if diff := cmp.Diff(want, []any{listed, due, mails}); diff != "" {
			t.Errorf("rows of format 6 (-want +got):\n%s", diff)
		}
		return errors.Join(err1, err2, err3)
	})
	if err != nil {
		t.Error(err)
	}
}

func knownMail() (*directory.Grant, *directory.Mail) {
	invitation := &directory.Grant{
		ID: testID(11), Org: 1, Member: testID(12), Kind: directory.GrantInvitation, Role: "member", State: directory.InvitationPending, Actor: "root",
		Created: knownTime(), Invited: &directory.Invitation{Email: "bea@acme.com", Links: [][]byte{{1}}, Lasts: time.Hour, Expires: knownTime(), Due: knownTime()},
	}
	mail := &directory.Mail{
		ID: testID(13), Org: 1, Key: "invitation/1/0", Kind: "invitation", To: "bea@acme.com", About: testID(11), State: directory.MailQueued,
		Due: knownTime(), Created: knownTime(),
	}
	return invitation, mail
}

// writeMail writes what came with format 6.
func writeMail(tx store.Tx) error {
	invitation, mail := knownMail()
	return errors.Join(tx.PutGrants([]*directory.Grant{invitation}), tx.PutMail(mail))
}

func TestFormat5IsBroughtUpToDate(t *testing.T) {
	s := openKnown(t, filepath.Join("testdata", "format-5.db"))
	readFormat5(t, s)
	if err := s.Update(t.Context(), writeMail); err != nil {
		t.Errorf("writing what format 6 has: %v", err)
	}
	readMail(t, s)
}

// TestInvitationsOfBeforeAreIndexed brings a file of format 5 up to date that has an invitation among other records.
func TestInvitationsOfBeforeAreIndexed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := knownMail()
	before.Invited = nil
	pin := &directory.Grant{ID: testID(14), Org: 1, Member: testID(12), Kind: directory.GrantPin, Role: "admin", Actor: "root", Created: knownTime()}
	put := func(tx store.Tx) error { return tx.PutGrants([]*directory.Grant{before, pin}) }
	if err := errors.Join(s.Update(t.Context(), writeKnownRows), s.Update(t.Context(), put), s.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(b *bbolt.Tx) error {
		raw := &tx{}
		raw.begin(b)
		return errors.Join(raw.invitationKeys(before, raw.drop), b.Bucket([]byte("meta")).Put([]byte("format"), appendSeq(nil, 5)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	err = openAt(t, path, Options{Migrate: true}).View(t.Context(), func(tx store.Tx) error {
		list, err := tx.ListInvitations(1, directory.InvitationPending, store.Page{Limit: 9})
		if diff := cmp.Diff([]*directory.Grant{before}, list); diff != "" {
			t.Errorf("the invitations of before (-want +got):\n%s", diff)
		}
		_, due, errDue := tx.NextInvitation()
		if due {
			t.Error("an invitation of before is due")
		}
		return errors.Join(err, errDue)
	})
	if err != nil {
		t.Error(err)
	}
}

// readDocument reads what came with format 5.
func readDocument(t *testing.T, s *Store) {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error {
		value, err := tx.Document("keys/acme-okta")
		if string(value) != "known" {
			t.Errorf("the document is %q", value)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// writeDocument writes what came with format 5.
func writeDocument(tx store.Tx) error { return tx.PutDocument("keys/acme-okta", []byte("known")) }

func TestFormat4IsBroughtUpToDate(t *testing.T) {
	s := openKnown(t, filepath.Join("testdata", "format-4.db"))
	readKnown(t, s)
	readBrakes(t, s)
	readRetired(t, s)
	readSessions(t, s)
	if err := s.Update(t.Context(), writeDocument); err != nil {
		t.Errorf("writing what format 5 has: %v", err)
	}
}

// readSessions reads what came with format 4.
func readSessions(t *testing.T, s *Store) {
	t.Helper()
	session, lockdown, request := knownSession()
	err := s.View(t.Context(), func(tx store.Tx) error {
		sessions, err1 := tx.SessionsOf(1, testID(2))
		l, err2 := tx.Lockdown(1)
		requests, err3 := tx.ExpiredRequests(knownTime(), 9)
		want := []any{[]*directory.Session{session}, lockdown, []*directory.Request{request}}
		if diff := cmp.Diff(want, []any{sessions, l, requests}); diff != "" {
			t.Errorf("rows of format 4 (-want +got):\n%s", diff)
		}
		return errors.Join(err1, err2, err3)
	})
	if err != nil {
		t.Error(err)
	}
}

func knownSession() (*directory.Session, *directory.Lockdown, *directory.Request) {
	session := &directory.Session{
		Hash: [32]byte{1, 2, 3}, Org: 1, Member: testID(2), Conn: 1, Method: "saml", Epoch: 1, Began: knownTime(), Seen: knownTime(), Ends: knownTime(),
		Agent: "Firefox", Index: "sid", Name: "ann",
	}
	lockdown := &directory.Lockdown{Org: 1, Since: knownTime(), Ended: knownTime(), Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}}
	return session, lockdown, &directory.Request{Kind: "sign-in", Key: [32]byte{4}, Expires: knownTime(), Data: []byte("data")}
}

// writeSessions writes what came with format 4.
func writeSessions(tx store.Tx) error {
	session, lockdown, request := knownSession()
	return errors.Join(tx.PutSession(session), tx.PutLockdown(lockdown), tx.PutRequest(request))
}

func TestFormat3IsBroughtUpToDate(t *testing.T) {
	s := openKnown(t, filepath.Join("testdata", "format-3.db"))
	readKnown(t, s)
	readBrakes(t, s)
	readRetired(t, s)
	if err := s.Update(t.Context(), writeSessions); err != nil {
		t.Errorf("writing what format 4 has: %v", err)
	}
}

// readRetired reads what came with format 3.
func readRetired(t *testing.T, s *Store) {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error {
		row, known, err := tx.Connection("acme-entra")
		if !known || !row.Retired.Equal(knownTime()) {
			t.Errorf("the retired connection is %+v", row)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// writeRetired writes what came with format 3.
func writeRetired(tx store.Tx) error {
	_, err := tx.PutConnection(1, "acme-entra")
	return errors.Join(err, tx.RetireConnection("acme-entra", knownTime()))
}

func TestFormat2IsBroughtUpToDate(t *testing.T) {
	file := filepath.Join("testdata", "format-2.db")
	s := openKnown(t, file)
	readKnown(t, s)
	readBrakes(t, s)
	if err := s.Update(t.Context(), writeRetired); err != nil {
		t.Errorf("writing what format 3 has: %v", err)
	}
}

// readBrakes reads what came with format 2.
func readBrakes(t *testing.T, s *Store) {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error {
		const org = 1
		wantHold, wantHeld, wantBraked, wantExpected := knownBrakes(org)
		holds, err1 := tx.ListHolds(org)
		held, err2 := tx.ListHeldMembers(org, testID(7), store.Page{Limit: 10})
		braked, err3 := tx.BrakedOf(org, testID(4))
		expected, err4 := tx.ListExpectations(org)
		want := []any{
			[]*directory.Hold{wantHold}, []*directory.HeldMember{wantHeld}, []*directory.Braked{wantBraked}, []*directory.Expectation{wantExpected},
		}
		if diff := cmp.Diff(want, []any{holds, held, braked, expected}); diff != "" {
			t.Errorf("rows of format 2 (-want +got):\n%s", diff)
		}
		return errors.Join(err1, err2, err3, err4)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFormat1IsBroughtUpToDate(t *testing.T) {
	file := filepath.Join("testdata", "format-1.db")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(writeTemp(t, content), Options{}); !errors.Is(err, store.ErrOldSchema) {
		t.Errorf("opened without migrating: %v, want ErrOldSchema", err)
	}
	s := openKnown(t, file)
	readKnown(t, s)
	if err := s.Update(t.Context(), writeBrakes); err != nil {
		t.Errorf("writing what format 2 has: %v", err)
	}
}

// openKnown opens a copy of one of the files.
func openKnown(t *testing.T, file string) *Store {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return openAt(t, writeTemp(t, content), Options{Migrate: true})
}

// readKnown reads what every file holds, and writes on.
func readKnown(t *testing.T, s *Store) {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error {
		orgs, err1 := tx.Organizations()
		conns, err2 := tx.Connections()
		org, c := orgs["acme"], conns["acme-okta"].Num
		found, err3 := tx.FindUsers(c, directory.Key{Attribute: directory.AttrUserName, Value: "ann@acme.com"})
		users, err4 := tx.Users(c, found)
		groups, err5 := tx.Groups(c, []directory.ID{testID(3)})
		members, err6 := tx.Members(org, []directory.ID{testID(2)})
		entries, err7 := tx.ListEntries(0, 10, false)
		details, err8 := tx.Details([]uint64{1})
		identities, err9 := tx.Identities(c, []string{"00u1"})
		children, err10 := tx.Children(c, testID(3), directory.Child{}, 10)
		parked, err11 := tx.Parked(c, []string{"later"})
		due, _, err12 := tx.NextDue()
		n, err13 := tx.CountUsers(c)
		want := []any{
			[]*directory.User{knownUser(c)},
			[]*directory.Group{knownGroup(c)},
			[]*directory.Member{knownMember(org)},
			[]*directory.Entry{knownEntry(org)},
			[]*directory.Detail{knownDetail()},
			[]directory.ID{testID(2)},
			[]directory.Child{{Kind: directory.ChildUser, ID: testID(1)}, {Kind: directory.ChildParked, Value: "later"}},
			[][]directory.Parked{{{Value: "later", Kind: directory.ParkedMember, Target: testID(3)}}},
			knownTime(), 1,
		}
		got := []any{users, groups, members, entries, details, identities, children, parked, due, n}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows of every format (-want +got):\n%s", diff)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12, err13)
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.Update(t.Context(), putOne(9)); err != nil {
		t.Errorf("writing on: %v", err)
	}
}

func writeFormat(t *testing.T, file string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher.db")
	s, err := Open(path, Options{Creator: "1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		s.Update(t.Context(), writeKnownRows), s.Update(t.Context(), writeBrakes), s.Update(t.Context(), writeRetired),
		s.Update(t.Context(), writeSessions), s.Update(t.Context(), writeDocument), s.Update(t.Context(), writeMail), s.Close(),
	); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, 0o644)); err != nil {
		t.Fatal(err)
	}
}
