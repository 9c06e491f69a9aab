package sso_test

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/url"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/saml/samltest"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// BenchmarkSAMLLogin says what a SAML login costs from the posted form to the durable session (prescan, verify, settle,
// session, commit), and by how many times that is more than parsing and verifying the same message with crewjam/saml and
// goxmldsig alone. Both are processor time, the kernel's share of the commit included, and take turns.
func BenchmarkSAMLLogin(b *testing.B) {
	now := time.Now().UTC()
	engine, org, conn := bareEngine(b)
	urls, peer, own := trust.URLsOf("https://usher.example", "acme-okta"), peerKey(), ownKey()
	m := samltest.Good("https://idp.example/acme", urls.Metadata, urls.ACS, "_asked", "ann", now)
	m.Attributes = samltest.Attribute("email", "ann@acme.com") + samltest.Attribute("groups", "Engineering", "Staff")
	value := samltest.Encode(b, m.Response(b, samltest.Signer{Key: peer}.Sign(b, m.Assertion(b))))

	ours := &saml.Settings{
		Connection: "acme-okta", EntityID: urls.Metadata, ACS: urls.ACS, Keys: []saml.KeyPair{own}, Attributes: saml.DefaultAttributes("generic"),
		Metadata: saml.Metadata{EntityID: m.Issuer, SSO: saml.Endpoints{Redirect: "https://idp.example/sso"}},
	}
	ours.Metadata.Certificates = append(ours.Metadata.Certificates, peer.Certificate)
	theirs := alone(b, ours, now)

	var alone, whole time.Duration
	for b.Loop() {
		began := processorTime(b)
		raw, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := theirs.ParseXMLResponse(raw, []string{"_asked"}, theirs.AcsURL); err != nil {
			b.Fatal(err)
		}
		between := processorTime(b)
		accepted, err := ours.Response(value, saml.Expected{Request: "_asked", Asked: now.Add(-time.Minute), At: now})
		if err != nil {
			b.Fatal(err)
		}
		who := accepted.Identity
		in := provision.Login{Org: org, Conn: conn, Method: "saml", Subject: who.Subject, SignedIn: who.SignedIn, Index: who.Session, Name: who.NameID.Value}
		for _, a := range who.Addresses {
			in.Addresses = append(in.Addresses, provision.LoginAddress{Value: a.Value, Vouched: true})
		}
		for _, kind := range []string{"ask", "assertion"} {
			once := provision.Once{Kind: kind, Until: now.Add(time.Hour)}
			rand.Read(once.Key[:]) // never returns an error
			in.Consume = append(in.Consume, once)
		}
		result, err := engine.Login(b.Context(), in)
		if err != nil || !result.In() {
			b.Fatalf("%+v (%v)", result, err)
		}
		alone += between - began
		whole += processorTime(b) - between
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(alone.Microseconds())/float64(b.N), "µs/libraries")
	b.ReportMetric(float64(whole.Microseconds())/float64(b.N), "µs/login")
	b.ReportMetric(float64(whole)/float64(alone), "login/libraries")
}

// bareEngine is an engine with the organization acme on a store of its own.
func bareEngine(b *testing.B) (*provision.Engine, directory.OrgNum, directory.ConnNum) {
	b.Helper()
	s, err := bolt.Open(filepath.Join(b.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() }) // nothing is read from it afterwards
	engine := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	var org directory.OrgNum
	var conn directory.ConnNum
	err = s.Update(b.Context(), func(tx store.Tx) error {
		if org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		conn, err = tx.PutConnection(org, "acme-okta")
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	parsed, problems := config.ParseOrganization("acme.yaml", []byte(acme), config.Options{})
	policy, more := mapping.Compile(parsed)
	if problems = append(problems, more...); directory.Failed(problems) {
		b.Fatal(problems)
	}
	if _, err := engine.Activate(b.Context(), org, policy, []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(acme)}}, "bench"); err != nil {
		b.Fatal(err)
	}
	return engine, org, conn
}

// alone is crewjam's service provider, set up for the same connection and instant.
func alone(b *testing.B, ours *saml.Settings, now time.Time) *crewjam.ServiceProvider {
	b.Helper()
	realClock, realNow := crewjam.Clock, crewjam.TimeNow
	b.Cleanup(func() { crewjam.Clock, crewjam.TimeNow = realClock, realNow })
	crewjam.Clock, crewjam.TimeNow = dsig.NewFakeClockAt(now), func() time.Time { return now }
	acs, err := url.Parse(ours.ACS)
	if err != nil {
		b.Fatal(err)
	}
	idp := crewjam.IDPSSODescriptor{}
	idp.KeyDescriptors = []crewjam.KeyDescriptor{{Use: "signing", KeyInfo: crewjam.KeyInfo{X509Data: crewjam.X509Data{X509Certificates: []crewjam.X509Certificate{
		{Data: base64.StdEncoding.EncodeToString(ours.Metadata.Certificates[0].Raw)},
	}}}}}
	return &crewjam.ServiceProvider{
		EntityID: ours.EntityID, AcsURL: *acs,
		IDPMetadata: &crewjam.EntityDescriptor{EntityID: ours.Metadata.EntityID, IDPSSODescriptors: []crewjam.IDPSSODescriptor{idp}},
	}
}

// processorTime is what the process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skipf("processor time cannot be read on %s: %v", runtime.GOOS, err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
