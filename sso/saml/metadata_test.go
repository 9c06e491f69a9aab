package saml

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/saml/samltest"
)

func theProvider() samltest.Description {
	return samltest.Describe(issuerID, "https://idp.example/sso", rsaKey())
}

// Row 28: metadata with another entity, with many, without use, with a javascript: URL. Outcome: the pinned entity only,
// and verification is never off.
func TestAbuse28Metadata(t *testing.T) {
	other := theProvider()
	other.ID, other.Keys = "https://idp.example/other", []string{samltest.KeyDescriptor("signing", evilKey())}
	script := theProvider()
	script.SSO = samltest.Swap(t, script.SSO, "https://idp.example/sso", "javascript:alert(1)")
	plain := theProvider()
	plain.SSO = samltest.Swap(t, plain.SSO, "https", "http")
	local := theProvider()
	local.SSO = samltest.Swap(t, local.SSO, "https://idp.example", "http://127.0.0.1:8080")
	logout := theProvider()
	logout.SLO = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo" ResponseLocation="javascript:alert(1)"/>`
	keyless := theProvider()
	keyless.Keys = []string{samltest.KeyDescriptor("encryption", rsaKey())}
	broken := theProvider()
	broken.Keys = []string{strings.Replace(samltest.KeyDescriptor("", rsaKey()), "MII", "???", 1)}
	urlless := theProvider()
	urlless.SSO = ""
	crowd := theProvider()
	for i := range mostCertificates + 1 {
		crowd.Keys = append(crowd.Keys, samltest.KeyDescriptor("", samltest.Certify(rsaKey().Key, now, now.AddDate(0, 0, i+1))))
	}
	unnamed := theProvider()
	unnamed.ID = ""
	for name, c := range map[string]struct {
		xml, pinned string
		loopback    bool
		says        string // "" for none
	}{
		"one":                         {xml: theProvider().XML()},
		"one, pinned":                 {xml: theProvider().XML(), pinned: issuerID},
		"another one":                 {xml: other.XML(), pinned: issuerID, says: "and not"},
		"pinned among several":        {xml: samltest.Several("", other.XML(), samltest.Several("", theProvider().XML())), pinned: issuerID},
		"several":                     {xml: samltest.Several("", other.XML(), theProvider().XML()), says: "several providers"},
		"pinned twice":                {xml: samltest.Several("", theProvider().XML(), theProvider().XML()), pinned: issuerID, says: "more than once"},
		"pinned missing":              {xml: samltest.Several("", other.XML()), pinned: issuerID, says: "and not"},
		"none":                        {xml: samltest.Several(""), says: "no identity provider"},
		"a service provider":          {xml: strings.ReplaceAll(theProvider().XML(), "IDPSSO", "SPSSO"), says: "no identity provider"},
		"another namespace":           {xml: strings.ReplaceAll(theProvider().XML(), nsMetadata, "urn:x"), says: "EntityDescriptor"},
		"a script":                    {xml: script.XML(), says: "not an absolute URL"},
		"a script to log out":         {xml: logout.XML(), says: "not an absolute URL"},
		"http":                        {xml: plain.XML(), says: "not an https URL"},
		"http for tests":              {xml: plain.XML(), loopback: true, says: "not an https URL"},
		"loopback":                    {xml: local.XML(), says: "not an https URL"},
		"loopback for tests":          {xml: local.XML(), loopback: true},
		"no key for signing":          {xml: keyless.XML(), says: "nothing is accepted unsigned"},
		"a broken key":                {xml: broken.XML(), says: "cannot be read"},
		"too many keys":               {xml: crowd.XML(), says: "at most 10"},
		"no URL":                      {xml: urlless.XML(), says: "no sign-in URL"},
		"no name":                     {xml: unnamed.XML(), says: "no entity ID"},
		"a DOCTYPE":                   {xml: "<!DOCTYPE x>" + theProvider().XML(), says: "not well-formed"},
		"a sign-in page":              {xml: "<html><body><input></body></html>", says: "sign-in page"},
		"nothing":                     {xml: "", says: "not well-formed"},
		"a byte order mark":           {xml: "\ufeff" + theProvider().XML()},
		"nested deeper than anything": {xml: strings.Repeat("<a>", 100_000), says: "not well-formed"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseMetadata([]byte(c.xml), Source{EntityID: c.pinned, At: now, AllowLoopback: c.loopback})
			if c.says != "" {
				unusableFor(t, err, c.says)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.EntityID != issuerID || len(got.Certificates) != 1 || !got.Certificates[0].Equal(rsaKey().Certificate) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func unusableFor(t *testing.T, err error, says string) {
	t.Helper()
	var problem *directory.Error
	if !errors.As(err, &problem) || problem.Kind != directory.Invalid || !strings.Contains(problem.Message, says) {
		t.Errorf("got %v, want …%s…", err, says)
	}
}

func TestMetadataIsReadWhole(t *testing.T) {
	d := theProvider()
	d.Role = ` WantAuthnRequestsSigned="1"`
	d.Keys = []string{samltest.KeyDescriptor("signing", rsaKey()), samltest.KeyDescriptor("", nextKey()), samltest.KeyDescriptor("encryption", ownKey()), samltest.KeyDescriptor("signing", rsaKey())}
	d.SSO += `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location=" https://idp.example/sso/post "/>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/second"/>` +
		`<md:SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="urn:x"/>`
	d.SLO = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/answer"/>`
	got, err := ParseMetadata([]byte(d.XML()), Source{At: now})
	if err != nil {
		t.Fatal(err)
	}
	want := &Metadata{
		EntityID:           issuerID,
		SSO:                Endpoints{Redirect: "https://idp.example/sso", POST: "https://idp.example/sso/post"},
		SLO:                Endpoints{Redirect: "https://idp.example/slo"},
		SLOResponses:       Endpoints{Redirect: "https://idp.example/slo/answer"},
		WantRequestsSigned: true,
		Certificates:       settings(rsaKey(), nextKey()).Metadata.Certificates,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestValidUntilIsTheEarliest(t *testing.T) {
	until := func(t time.Time) string { return fmt.Sprintf(` validUntil="%s"`, clock(t)) }
	d := theProvider()
	d.Attrs, d.Role = until(now.Add(3*time.Hour)), until(now.Add(2*time.Hour))
	whole := samltest.Several(until(now.Add(time.Hour)), d.XML())
	got, err := ParseMetadata([]byte(whole), Source{At: now})
	if err != nil || !got.ValidUntil.Equal(now.Add(time.Hour)) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = ParseMetadata([]byte(d.XML()), Source{At: now})
	if err != nil || !got.ValidUntil.Equal(now.Add(2*time.Hour)) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = ParseMetadata([]byte(whole), Source{At: now.Add(time.Hour)})
	unusableFor(t, err, "valid until 2026-11-22 13:00:00")
	d.Attrs = ` validUntil="soon"`
	_, err = ParseMetadata([]byte(d.XML()), Source{At: now})
	unusableFor(t, err, "no instant")
}

func TestInlineSettings(t *testing.T) {
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rsaKey().Certificate.Raw}))
	in := Inline{EntityID: issuerID, SSOURL: "https://idp.example/sso", SLOURL: "https://idp.example/slo", Certificates: text + text}
	got, err := FromInline(in, Source{At: now})
	if err != nil || len(got.Certificates) != 1 || got.SSO.Redirect != in.SSOURL || got.SLO.Redirect != in.SLOURL || got.EntityID != issuerID {
		t.Errorf("got %+v, %v", got, err)
	}
	bare := in
	bare.Certificates = base64.StdEncoding.EncodeToString(rsaKey().Certificate.Raw)
	if _, err := FromInline(bare, Source{At: now}); err != nil {
		t.Error(err)
	}
	key, err := rsaKey().PEM()
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*Inline){
		"no entity ID":        func(i *Inline) { i.EntityID = "" },
		"not an https URL":    func(i *Inline) { i.SSOURL = "http://idp.example/sso" },
		"absolute URL":        func(i *Inline) { i.SLOURL = "javascript:alert(1)" },
		"no sign-in URL":      func(i *Inline) { i.SSOURL = "" },
		"cannot be read":      func(i *Inline) { i.Certificates = "" },
		"never a private key": func(i *Inline) { i.Certificates = string(key) },
	} {
		broken := in
		change(&broken)
		_, err := FromInline(broken, Source{At: now})
		unusableFor(t, err, says)
	}
}
