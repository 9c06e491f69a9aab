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
)

// described is the metadata of one provider.
type described struct {
	id, attrs, role string
	keys            []string // KeyDescriptors
	sso, slo        string   // services
}

func theProvider() described {
	return described{
		id: issuerID, keys: []string{keyDescriptor("signing", rsaKey())},
		sso: `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>`,
	}
}

func keyDescriptor(use string, key KeyPair) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	data := base64.StdEncoding.EncodeToString(key.Certificate.Raw)
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + "\n  " + data[:64] + "\n  " + data[64:] +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

func (d described) xml() string {
	return `<md:EntityDescriptor xmlns:md="` + nsMetadata + `" xmlns:ds="` + nsSignature + `" entityID="` + d.id + `"` + d.attrs + `>` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `"` + d.role + `>` + strings.Join(d.keys, "") + d.slo + d.sso +
		`</md:IDPSSODescriptor></md:EntityDescriptor>`
}

func several(attrs string, inside ...string) string {
	return `<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `"` + attrs + `>` + strings.Join(inside, "") + `</md:EntitiesDescriptor>`
}

// Row 28: metadata with another entity, with many, without use, with a javascript: URL. Outcome: the pinned entity only,
// and verification is never off.
func TestAbuse28Metadata(t *testing.T) {
	other := theProvider()
	other.id, other.keys = "https://idp.example/other", []string{keyDescriptor("signing", evilKey())}
	script := theProvider()
	script.sso = swap(t, script.sso, "https://idp.example/sso", "javascript:alert(1)")
	plain := theProvider()
	plain.sso = swap(t, plain.sso, "https", "http")
	local := theProvider()
	local.sso = swap(t, local.sso, "https://idp.example", "http://127.0.0.1:8080")
	logout := theProvider()
	logout.slo = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo" ResponseLocation="javascript:alert(1)"/>`
	keyless := theProvider()
	keyless.keys = []string{keyDescriptor("encryption", rsaKey())}
	broken := theProvider()
	broken.keys = []string{strings.Replace(keyDescriptor("", rsaKey()), "MII", "???", 1)}
	urlless := theProvider()
	urlless.sso = ""
	crowd := theProvider()
	for i := range mostCertificates + 1 {
		crowd.keys = append(crowd.keys, keyDescriptor("", testKey(rsaKey().Key, now, now.AddDate(0, 0, i+1))))
	}
	unnamed := theProvider()
	unnamed.id = ""
	for name, c := range map[string]struct {
		xml, pinned string
		loopback    bool
		says        string // "" for none
	}{
		"one":                         {xml: theProvider().xml()},
		"one, pinned":                 {xml: theProvider().xml(), pinned: issuerID},
		"another one":                 {xml: other.xml(), pinned: issuerID, says: "and not"},
		"pinned among several":        {xml: several("", other.xml(), several("", theProvider().xml())), pinned: issuerID},
		"several":                     {xml: several("", other.xml(), theProvider().xml()), says: "several providers"},
		"pinned twice":                {xml: several("", theProvider().xml(), theProvider().xml()), pinned: issuerID, says: "more than once"},
		"pinned missing":              {xml: several("", other.xml()), pinned: issuerID, says: "and not"},
		"none":                        {xml: several(""), says: "no identity provider"},
		"a service provider":          {xml: strings.ReplaceAll(theProvider().xml(), "IDPSSO", "SPSSO"), says: "no identity provider"},
		"another namespace":           {xml: strings.ReplaceAll(theProvider().xml(), nsMetadata, "urn:x"), says: "EntityDescriptor"},
		"a script":                    {xml: script.xml(), says: "not an absolute URL"},
		"a script to log out":         {xml: logout.xml(), says: "not an absolute URL"},
		"http":                        {xml: plain.xml(), says: "not an https URL"},
		"http for tests":              {xml: plain.xml(), loopback: true, says: "not an https URL"},
		"loopback":                    {xml: local.xml(), says: "not an https URL"},
		"loopback for tests":          {xml: local.xml(), loopback: true},
		"no key for signing":          {xml: keyless.xml(), says: "nothing is accepted unsigned"},
		"a broken key":                {xml: broken.xml(), says: "cannot be read"},
		"too many keys":               {xml: crowd.xml(), says: "at most 10"},
		"no URL":                      {xml: urlless.xml(), says: "no sign-in URL"},
		"no name":                     {xml: unnamed.xml(), says: "no entity ID"},
		"a DOCTYPE":                   {xml: "<!DOCTYPE x>" + theProvider().xml(), says: "not well-formed"},
		"a sign-in page":              {xml: "<html><body><input></body></html>", says: "sign-in page"},
		"nothing":                     {xml: "", says: "not well-formed"},
		"a byte order mark":           {xml: "\ufeff" + theProvider().xml()},
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
	d.role = ` WantAuthnRequestsSigned="1"`
	d.keys = []string{keyDescriptor("signing", rsaKey()), keyDescriptor("", nextKey()), keyDescriptor("encryption", ownKey()), keyDescriptor("signing", rsaKey())}
	d.sso += `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location=" https://idp.example/sso/post "/>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/second"/>` +
		`<md:SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="urn:x"/>`
	d.slo = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/answer"/>`
	got, err := ParseMetadata([]byte(d.xml()), Source{At: now})
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
	d.attrs, d.role = until(now.Add(3*time.Hour)), until(now.Add(2*time.Hour))
	whole := several(until(now.Add(time.Hour)), d.xml())
	got, err := ParseMetadata([]byte(whole), Source{At: now})
	if err != nil || !got.ValidUntil.Equal(now.Add(time.Hour)) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = ParseMetadata([]byte(d.xml()), Source{At: now})
	if err != nil || !got.ValidUntil.Equal(now.Add(2*time.Hour)) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = ParseMetadata([]byte(whole), Source{At: now.Add(time.Hour)})
	unusableFor(t, err, "valid until 2026-11-22 13:00:00")
	d.attrs = ` validUntil="soon"`
	_, err = ParseMetadata([]byte(d.xml()), Source{At: now})
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
