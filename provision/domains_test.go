package provision_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// zone is a DNS: records by name, and whether it answers.
type zone struct {
	records map[string][]string
	down    bool
	asked   int
}

func (z *zone) lookup(_ context.Context, name string) ([]string, error) {
	z.asked++
	switch {
	case z.down:
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true, IsNotFound: true}
	case z.records[name] == nil:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return z.records[name], nil
}

// provable is a world in which domains have to be proven.
func provable(t *testing.T, policy string) (*world, *zone) {
	t.Helper()
	w := newWorld(t, policy)
	z := &zone{records: map[string][]string{}}
	w.engine.TXT, w.engine.Verified = z.lookup, w.engine.OwnsDomain
	w.must(w.engine.LoadDomains(t.Context()))
	return w, z
}

func (w *world) challenge(domain string) *provision.Domain {
	w.t.Helper()
	d, err := w.engine.DomainChallenge(w.t.Context(), w.org, domain)
	w.must(err)
	return d
}

func (w *world) verify(domain string) error {
	w.t.Helper()
	_, err := w.engine.VerifyDomain(w.t.Context(), w.org, domain, rootCause())
	return err
}

// wantDomain checks whose a domain is, seen from the organization.
func (w *world) wantDomain(domain string, state provision.DomainState) *provision.Domain {
	w.t.Helper()
	d := w.challenge(domain)
	if d.State != state || (d.Problem == "") != (state == provision.DomainDeclared || state == provision.DomainProven) {
		w.t.Errorf("%s is %s, want %s: %q", domain, d.State, state, d.Problem)
	}
	if got := w.engine.OwnsDomain("acme", domain); w.org == 1 && got != d.Owned() {
		w.t.Errorf("%s is %s, and owned %v", domain, d.State, got)
	}
	return d
}

func TestNobodyJoinsByADomainBeforeItIsProven(t *testing.T) {
	w, z := provable(t, open)
	d := w.wantDomain("acme.com", provision.DomainUnproven)
	if d.Name != "_usher.acme.com" || !strings.HasPrefix(d.Value, "usher-domain-verification=") || len(d.Value) != len("usher-domain-verification=")+32 ||
		!strings.Contains(d.Problem, d.Name) || !strings.Contains(d.Problem, d.Value) {
		t.Errorf("the record is %+v", d)
	}
	w.want(w.login("okta", "ann"), provision.LoginUnknownDomain)
	if err := w.verify("acme.com"); directory.KindOf(err) != directory.Precondition {
		t.Errorf("without a record: %v", err)
	}
	z.records[d.Name] = []string{"v=spf1 -all", w.challenge("acme.org").Value}
	if err := w.verify("acme.com"); directory.KindOf(err) != directory.Precondition {
		t.Errorf("with another domain's value: %v", err)
	}
	z.down = true
	if err := w.verify("acme.com"); directory.KindOf(err) != directory.Unavailable {
		t.Errorf("with a DNS that does not answer: %v", err)
	}
	z.down, z.records[d.Name] = false, []string{"v=spf1 -all", d.Value}
	w.must(w.verify("ACME.com."))
	if e := w.lastLine(); e.Kind != "domain.verified" || e.Cause.Actor != "root" || !slices.Contains(e.Notes, "acme.com") {
		t.Errorf("told as %+v", e)
	}
	if again := w.wantDomain("acme.com", provision.DomainProven); again.Value != d.Value || !again.Proven.Equal(w.now) {
		t.Errorf("proven as %+v, of %+v", again, d)
	}
	w.want(w.login("okta", "ann"), provision.LoginJoined)
	w.wantDomain("acme.org", provision.DomainUnproven)
	told := w.lastLine().Seq
	w.must(w.verify("acme.com"))
	if w.lastLine().Seq != told {
		t.Error("verifying again is told again")
	}
}

func TestWhoLooksAtDomainsWritesNothing(t *testing.T) {
	w, _ := provable(t, open)
	document := func() []byte {
		var key []byte
		err := w.store.View(t.Context(), func(tx store.Tx) (err error) {
			key, err = tx.Document("domain-key")
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return key
	}
	made := document()
	if made == nil {
		t.Fatal("a server that has started has no key")
	}
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteDocument("domain-key") }))
	if _, err := w.engine.Domains(t.Context(), w.org); err == nil || document() != nil {
		t.Errorf("looking at domains made a key (%v)", err)
	}
	w.must(w.engine.LoadDomains(t.Context()))
	if key := document(); key == nil || bytes.Equal(key, made) {
		t.Error("the next start makes none")
	}
}

func TestAProofOutlivesTheProcess(t *testing.T) {
	w, z := provable(t, open)
	d := w.challenge("acme.com")
	z.records[d.Name] = []string{d.Value}
	w.must(w.verify("acme.com"))
	again := &provision.Engine{Store: w.store, Log: w.engine.Log, Now: w.engine.Now, Compile: w.engine.Compile}
	if again.OwnsDomain("acme", "acme.com") {
		t.Error("it is owned before anybody has looked")
	}
	w.must(again.LoadDomains(t.Context()))
	if !again.OwnsDomain("acme", "acme.com") || again.OwnsDomain("other", "acme.com") || again.OwnsDomain("", "acme.org") {
		t.Error("the proof is not that of the store")
	}
	w.engine = again
	if got := w.challenge("acme.com"); got.Value != d.Value {
		t.Errorf("the value is %s, and was %s", got.Value, d.Value)
	}
}

func TestAnUnprovenDomainKeepsPushesWorkingAndLinksNobody(t *testing.T) {
	w, _ := provable(t, open)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	w.expect(w.of("okta", "ann"), directory.StatusActive, "member", "engineering", "platform")
	w.want(w.login("okta", "ann"), provision.LoginKnown)
	w.create("entra", "ann", person("ann"))
	if w.of("okta", "ann").ID == w.of("entra", "ann").ID {
		t.Error("a push was linked by an address of a domain that nobody has proven")
	}
	problems, err := w.engine.DomainProblems(t.Context())
	w.must(err)
	if len(problems) != 3 || !strings.Contains(problems[0].Message, "_usher.acme.com") {
		t.Errorf("the problems are %v", problems)
	}
}

func TestTheOperatorsWordComesBeforeAProof(t *testing.T) {
	w, z := provable(t, open)
	d := w.challenge("acme.com")
	z.records[d.Name] = []string{d.Value}
	w.must(w.verify("acme.com"))
	w.engine.Declared = func(domain string) string { return map[string]string{"acme.com": "other", "acme.org": "acme"}[domain] }
	w.wantDomain("acme.com", provision.DomainTaken)
	w.wantDomain("acme.org", provision.DomainDeclared)
	w.want(w.login("okta", "ann"), provision.LoginUnknownDomain)
	if err := w.verify("acme.com"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("a domain that is declared another's: %v", err)
	}
	asked := z.asked
	w.must(w.verify("acme.org"))
	if z.asked != asked {
		t.Error("the DNS was asked for what the operator says")
	}
	if err := w.verify("acme.biz"); directory.KindOf(err) != directory.NotFound {
		t.Errorf("a domain that the file does not have: %v", err)
	}
}

// Row 29 of the abuse catalogue, one step before.
func TestADomainIsOfTheOrganizationThatHasProvenItFirst(t *testing.T) {
	w, z := provable(t, open)
	d := w.challenge("acme.com")
	other := *w
	other.conns = map[string]directory.ConnNum{}
	other.otherOrganization(strings.NewReplacer("id: acme,", "id: other,", "id: okta,", "id: evil-okta,", "id: entra,", "id: evil-entra,").Replace(open))
	theirs := other.challenge("acme.com")
	if theirs.Value == d.Value {
		t.Fatal("one record proves the domain for two")
	}
	z.records[d.Name] = []string{d.Value}
	if err := other.verify("acme.com"); directory.KindOf(err) != directory.Precondition {
		t.Errorf("by the other's record: %v", err)
	}
	w.must(w.verify("acme.com"))
	z.records[d.Name] = append(z.records[d.Name], theirs.Value)
	if err := other.verify("acme.com"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("once it is another's: %v", err)
	}
	w.wantDomain("acme.com", provision.DomainProven)
	other.wantDomain("acme.com", provision.DomainTaken)
	in := other.loginOf("evil-okta", "ann")
	other.want(other.signIn(in), provision.LoginUnknownDomain)
}

// day after day, the engine looks for the records.
func (w *world) recheck(days int) {
	w.t.Helper()
	for range days {
		w.now = w.now.Add(provision.RecheckDomainsEvery)
		w.must(w.engine.RecheckDomains(w.t.Context()))
	}
}

func (w *world) told(kind string) int {
	w.t.Helper()
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		list, err := tx.ListEntries(0, 1000, false)
		for _, e := range list {
			if e.Kind == kind {
				n++
			}
		}
		return err
	}))
	return n
}

func TestAProofLapsesOnceItsRecordIsMissingForAWeek(t *testing.T) {
	w, z := provable(t, open)
	var log bytes.Buffer
	w.engine.Log = slog.New(slog.NewTextHandler(&log, nil))
	d := w.challenge("acme.com")
	z.records[d.Name] = []string{d.Value}
	w.must(w.verify("acme.com"))
	w.recheck(10)
	if w.wantDomain("acme.com", provision.DomainProven); w.told("domain.verified") != 1 || z.asked != 11 || log.Len() > 0 {
		t.Errorf("asked %d times, told %d times: %s", z.asked, w.told("domain.verified"), log.String())
	}
	w.must(w.engine.RecheckDomains(t.Context()))
	if z.asked != 11 {
		t.Error("the record was looked for twice on one day")
	}
	delete(z.records, d.Name)
	w.recheck(6)
	if m := w.wantDomain("acme.com", provision.DomainMissing); m.Lapses.Sub(w.now) != 2*day || w.told("domain.missing") != 1 {
		t.Errorf("missing: %+v", m)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 6 {
		t.Errorf("the log warned %d times, want each day:\n%s", n, log.String())
	}
	w.want(w.login("okta", "ann"), provision.LoginJoined)
	z.records[d.Name] = []string{d.Value}
	w.recheck(1)
	if w.wantDomain("acme.com", provision.DomainProven); w.told("domain.found") != 1 {
		t.Error("that it is there again is not told")
	}
	delete(z.records, d.Name)
	w.recheck(8)
	w.wantDomain("acme.com", provision.DomainUnproven)
	if w.told("domain.lost") != 1 || w.told("domain.missing") != 2 || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("lost is told %d times, missing %d times:\n%s", w.told("domain.lost"), w.told("domain.missing"), log.String())
	}
	w.want(w.login("okta", "bob"), provision.LoginUnknownDomain)
	w.want(w.login("okta", "ann"), provision.LoginKnown) // who has joined stays
	w.recheck(1)
}

func TestADNSThatDoesNotAnswerIsNoAbsence(t *testing.T) {
	w, z := provable(t, open)
	d := w.challenge("acme.com")
	z.records[d.Name] = []string{d.Value}
	w.must(w.verify("acme.com"))
	z.down = true
	w.recheck(30)
	if got := w.wantDomain("acme.com", provision.DomainProven); !got.Lapses.IsZero() || w.now.Sub(got.Checked) != 30*day || z.asked < 30 {
		t.Errorf("after a month: %+v, asked %d times", got, z.asked)
	}
	z.down = false
	w.now = w.now.Add(time.Hour)
	w.must(w.engine.RecheckDomains(t.Context()))
	if got := w.challenge("acme.com"); !got.Checked.Equal(w.now) {
		t.Errorf("the next answer counts: %+v", got)
	}
}
