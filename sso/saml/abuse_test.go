package saml

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/identity"
)

// Row 9: unsigned, or with the signature taken off. Outcome: deny.
func TestAbuse09Unsigned(t *testing.T) {
	s := settings(rsaKey())
	denied(t, s, encode(t, good().response(t, good().assertion(t))), identity.Invalid, "Neither the response nor the assertion is signed")

	stripped := signer{key: rsaKey()}.sign(t, good().assertion(t))
	children(stripped, nsSignature, "Signature")[0].Child = nil
	denied(t, s, encode(t, good().response(t, stripped)), identity.Invalid, "SignedInfo")

	elsewhere := rewrap(t, good().signedBy(t, rsaKey()), func(x string) string {
		return swap(t, x, "<samlp:Status>", `<samlp:Extensions><ds:Signature xmlns:ds="`+nsSignature+`"/></samlp:Extensions><samlp:Status>`)
	})
	denied(t, s, elsewhere, identity.Invalid, "signatures where none belongs")

	altered := rewrap(t, good().signedBy(t, rsaKey()), func(x string) string { return swap(t, x, ">ann<", ">bob<") })
	denied(t, s, altered, identity.Invalid, "the content is not what was signed")
}

// Row 10: a signed response around an unsigned assertion. Outcome: allow; deny where the connection wants assertions signed.
func TestAbuse10SignedResponseUnsignedAssertion(t *testing.T) {
	value := encode(t, signer{key: rsaKey()}.sign(t, good().response(t, good().assertion(t))))
	s := settings(rsaKey())
	if got := allowed(t, s, value); got.Identity.Subject != "ann" {
		t.Errorf("subject %q", got.Identity.Subject)
	}
	s.WantAssertionsSigned = true
	denied(t, s, value, identity.Misset, "wants assertions signed")
}

// Row 11: an assertion appended to a signed response. Outcome: deny.
func TestAbuse11AppendedAssertion(t *testing.T) {
	evil := good()
	evil.ID, evil.Name = "_evil", "admin"
	for _, both := range []bool{false, true} {
		a := good().assertion(t)
		if both {
			a = signer{key: rsaKey()}.sign(t, a)
		}
		root := signer{key: rsaKey()}.sign(t, good().response(t, a))
		root.AddChild(evil.assertion(t))
		denied(t, settings(rsaKey()), encode(t, root), identity.Invalid, "more than 1 assertions")
		root.AddChild(encrypt(t, evil.assertion(t), ownKey(), dataGCM256, keyOAEP, ""))
		denied(t, settings(rsaKey()), encode(t, root), identity.Invalid, "more than 1 assertions")
	}
}

// Row 12: an encrypted unsigned assertion in an unsigned response. Outcome: deny. Anybody can encrypt to us.
func TestAbuse12EncryptedUnsigned(t *testing.T) {
	value := encode(t, good().response(t, encrypt(t, good().assertion(t), ownKey(), dataGCM256, keyOAEP, "")))
	denied(t, settings(rsaKey()), value, identity.Invalid, "Neither the response nor the assertion is signed")
}

// Row 13: the audience is another one, absent, or one of several. Outcome: deny.
func TestAbuse13Audience(t *testing.T) {
	restriction := `<saml:AudienceRestriction><saml:Audience>` + entityID + `</saml:Audience></saml:AudienceRestriction>`
	for name, instead := range map[string]string{
		"wrong":    swap(t, restriction, entityID, "https://usher.example/sso/other"),
		"case":     swap(t, restriction, entityID, strings.ToUpper(entityID)),
		"absent":   "",
		"empty":    `<saml:AudienceRestriction></saml:AudienceRestriction>`,
		"several":  swap(t, restriction, "</saml:Audience>", "</saml:Audience><saml:Audience>https://other.example</saml:Audience>"),
		"repeated": restriction + restriction,
	} {
		t.Run(name, func(t *testing.T) {
			a := element(t, swap(t, good().text(t, assertionText), restriction, instead))
			value := encode(t, good().response(t, signer{key: rsaKey()}.sign(t, a)))
			denied(t, settings(rsaKey()), value, identity.Misset, "audience")
		})
	}
}

// Row 14: another recipient or destination. Outcome: deny.
func TestAbuse14RecipientAndDestination(t *testing.T) {
	other := "https://usher.example/sso/other/saml/acs"
	for name, c := range map[string]struct {
		change func(*message)
		says   string
	}{
		"recipient":        {func(m *message) { m.Recipient = other }, "delivered to"},
		"recipient query":  {func(m *message) { m.Recipient = acsURL + "?" }, "delivered to"},
		"no recipient":     {func(m *message) { m.Recipient = "" }, "delivered to"},
		"destination":      {func(m *message) { m.Destination = other }, "meant for"},
		"issuer":           {func(m *message) { m.Issuer = "https://idp.example/other" }, "comes from"},
		"unknown issuer 2": {func(m *message) { m.Issuer = issuerID + "/" }, "comes from"},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			c.change(&m)
			code := identity.Invalid
			if strings.Contains(name, "issuer") {
				code = identity.Misset
			}
			denied(t, settings(rsaKey()), m.signedBy(t, rsaKey()), code, c.says)
		})
	}
	anonymous := good()
	anonymous.Issuer = "https://idp.example/other"
	lonely := rewrap(t, anonymous.signedBy(t, rsaKey()), func(x string) string { return swap(t, x, "<saml:Issuer>"+anonymous.Issuer+"</saml:Issuer>", "") })
	denied(t, settings(rsaKey()), lonely, identity.Misset, "comes from")
	allowed(t, settings(rsaKey()), rewrap(t, good().signedBy(t, rsaKey()), func(x string) string { return swap(t, x, "<saml:Issuer>"+issuerID+"</saml:Issuer>", "") }))

	m := good()
	m.Destination = ""
	unsigned := m.signedBy(t, rsaKey())
	allowed(t, settings(rsaKey()), unsigned)
	signed := encode(t, signer{key: rsaKey()}.sign(t, m.response(t, m.assertion(t))))
	denied(t, settings(rsaKey()), signed, identity.Invalid, "meant for")
}

// Row 15: no confirmation, or one that is not by bearer. Outcome: deny.
func TestAbuse15Confirmation(t *testing.T) {
	whole := good().text(t, assertionText)
	begin, end := strings.Index(whole, "<saml:SubjectConfirmation "), strings.Index(whole, "</saml:Subject>")
	confirmation := whole[begin:end]
	for name, c := range map[string]struct{ instead, says string }{
		"absent":        {"", "no bearer confirmation"},
		"holder of key": {swap(t, confirmation, "cm:bearer", "cm:holder-of-key"), "no bearer confirmation"},
		"sender":        {swap(t, confirmation, "cm:bearer", "cm:sender-vouches"), "no bearer confirmation"},
		"no data":       {`<saml:SubjectConfirmation Method="` + bearer + `"/>`, "SubjectConfirmationData"},
		"no end":        {swap(t, confirmation, ` NotOnOrAfter="`+clock(good().Confirmed)+`"`, ""), "does not say when it ends"},
		"not yet":       {swap(t, confirmation, ` Recipient`, ` NotBefore="`+clock(now.Add(time.Hour))+`" Recipient`), "not valid before"},
	} {
		t.Run(name, func(t *testing.T) {
			a := element(t, whole[:begin]+c.instead+whole[end:])
			value := encode(t, good().response(t, signer{key: rsaKey()}.sign(t, a)))
			denied(t, settings(rsaKey()), value, identity.Invalid, c.says)
		})
	}
	t.Run("one of several is enough", func(t *testing.T) {
		a := element(t, whole[:begin]+swap(t, confirmation, "cm:bearer", "cm:holder-of-key")+confirmation+whole[end:])
		allowed(t, settings(rsaKey()), encode(t, good().response(t, signer{key: rsaKey()}.sign(t, a))))
	})
}

// Row 16: expired. Outcome: deny beyond the skew, allow within.
func TestAbuse16Expired(t *testing.T) {
	s := settings(rsaKey())
	for name, set := range map[string]func(*message, time.Time){
		"conditions":   func(m *message, at time.Time) { m.Ends = at },
		"confirmation": func(m *message, at time.Time) { m.Confirmed = at },
		"issued":       func(m *message, at time.Time) { m.Issued = at.Add(-longest) },
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			set(&m, now.Add(-DefaultSkew))
			denied(t, s, m.signedBy(t, rsaKey()), identity.Expired, "")
			set(&m, now.Add(-DefaultSkew+time.Second))
			allowed(t, s, m.signedBy(t, rsaKey()))
		})
	}
	t.Run("the provider's session", func(t *testing.T) {
		m := good()
		m.SessionEnds = now
		denied(t, s, m.signedBy(t, rsaKey()), identity.Expired, "session ended")
		m.SessionEnds = now.Add(time.Hour)
		if got := allowed(t, s, m.signedBy(t, rsaKey())).Identity.Ends; !got.Equal(m.SessionEnds) {
			t.Errorf("ends %s, want %s", got, m.SessionEnds)
		}
	})
	t.Run("metadata", func(t *testing.T) {
		s := settings(rsaKey())
		s.Metadata.ValidUntil = now
		denied(t, s, good().signedBy(t, rsaKey()), identity.Misset, "valid until")
	})
	t.Run("a validity of years is no longer than an hour", func(t *testing.T) {
		m := good()
		m.Issued, m.NotBefore = now.Add(-2*time.Hour), now.Add(-2*time.Hour)
		m.Ends, m.Confirmed = now.AddDate(10, 0, 0), now.AddDate(10, 0, 0)
		denied(t, s, m.signedBy(t, rsaKey()), identity.Expired, "too long ago")
	})
}

// Row 17: not yet valid, or issued in the future. Outcome: deny.
func TestAbuse17NotYetValid(t *testing.T) {
	s := settings(rsaKey())
	for name, set := range map[string]func(*message, time.Time){
		"conditions": func(m *message, at time.Time) { m.NotBefore = at },
		"issued":     func(m *message, at time.Time) { m.Issued = at },
		"signed in":  func(m *message, at time.Time) { m.SignedIn = at },
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			set(&m, now.Add(DefaultSkew+time.Second))
			denied(t, s, m.signedBy(t, rsaKey()), identity.Invalid, "clock")
			set(&m, now.Add(DefaultSkew))
			allowed(t, s, m.signedBy(t, rsaKey()))
		})
	}
	for name, old := range map[string]string{"IssueInstant absent": clock(now), "IssueInstant malformed": clock(now)} {
		t.Run(name, func(t *testing.T) {
			instead := ""
			if strings.Contains(name, "malformed") {
				instead = "yesterday"
			}
			a := element(t, swap(t, good().text(t, assertionText), `IssueInstant="`+old, `IssueInstant="`+instead))
			denied(t, s, encode(t, good().response(t, signer{key: rsaKey()}.sign(t, a))), identity.Invalid, "when it was issued")
		})
	}
}

// Row 18: the same assertion twice, in both flows. Outcome: the second is denied. The memory is the caller's; what is
// shown here is that an id and an instant are enough for it: the id is that of the signed assertion, whatever is changed
// around it, and when it may be forgotten the message is refused for its age.
func TestAbuse18Replay(t *testing.T) {
	for _, request := range []string{requestID, ""} {
		m := good()
		m.Request, m.Confirmed = request, now.Add(2*time.Minute)
		s := settings(rsaKey())
		s.IDPInitiated = true
		value := m.signedBy(t, rsaKey())
		first := allowed(t, s, value)
		if first.Unsolicited != (request == "") {
			t.Errorf("unsolicited is %v for the request %q", first.Unsolicited, request)
		}
		remembered := map[string]time.Time{first.Assertion: first.Until}

		again := rewrap(t, value, func(x string) string { return swap(t, x, "_response-1", "_response-2") })
		second := allowed(t, s, again)
		if _, ok := remembered[second.Assertion]; !ok {
			t.Errorf("the replay has the id %q, and not %q", second.Assertion, first.Assertion)
		}

		want := expected()
		want.At = first.Until.Add(-time.Second)
		if _, err := s.Response(value, want); err != nil {
			t.Errorf("refused before it may be forgotten: %v", err)
		}
		want.At = first.Until
		_, err := s.Response(value, want)
		refused(t, err, identity.Expired, "")
	}
}

// Row 19: the answer to a request that is unknown, used, or another browser's. Outcome: deny.
func TestAbuse19InResponseTo(t *testing.T) {
	for _, idpInitiated := range []bool{false, true} {
		s := settings(rsaKey())
		s.IDPInitiated = idpInitiated
		m := good()
		m.Request = "_request-of-another-browser"
		denied(t, s, m.signedBy(t, rsaKey()), identity.Invalid, "waits for another one")

		want := expected()
		want.Request = "" // used up, or never there
		_, err := s.Response(good().signedBy(t, rsaKey()), want)
		refused(t, err, identity.Expired, "waits for none")

		// The response is not signed here, so its InResponseTo can be changed or taken off: the assertion's counts.
		changed := rewrap(t, m.signedBy(t, rsaKey()), func(x string) string { return swap(t, x, m.Request, requestID) })
		denied(t, s, changed, identity.Invalid, "waits for another one")
		taken := rewrap(t, m.signedBy(t, rsaKey()), func(x string) string { return swap(t, x, ` InResponseTo="`+m.Request+`"`, "") })
		if idpInitiated {
			denied(t, s, taken, identity.Invalid, "do not agree")
		} else {
			denied(t, s, taken, identity.Invalid, "does not say which request")
		}
	}
}

// Row 20: a sign-in that began at the provider, where that is not allowed. Outcome: deny.
func TestAbuse20IDPInitiated(t *testing.T) {
	m := good()
	m.Request = ""
	s := settings(rsaKey())
	want := expected()
	want.Request = ""
	_, err := s.Response(m.signedBy(t, rsaKey()), want)
	refused(t, err, identity.Misset, "began at the provider")
	denied(t, s, m.signedBy(t, rsaKey()), identity.Invalid, "does not say which request")

	s.IDPInitiated = true
	accepted, err := s.Response(m.signedBy(t, rsaKey()), want)
	if err != nil || !accepted.Unsolicited {
		t.Errorf("got %+v, %v", accepted, err)
	}
	s.ForceAuthn = true
	_, err = s.Response(m.signedBy(t, rsaKey()), want)
	refused(t, err, identity.Misset, "asked for each time")
}

// Row 21: a comment, CDATA or processing instruction inside the NameID. Outcome: the whole string is the subject.
func TestAbuse21SplitNameID(t *testing.T) {
	for name, split := range map[string]string{
		"comment": "ann@acme.com<!-- x -->.evil.com", "CDATA": "ann@acme.com<![CDATA[.evil.com]]>", "PI": "ann@acme.com<?x y?>.evil.com",
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			m.Format, m.Name = urnEmailAddress, "ann@acme.com.evil.com"
			m.Attributes = ""
			value := ""
			if name == "PI" { // which stays in canonical XML, so that it has to be signed
				m.Name = split
				value = m.signedBy(t, rsaKey())
			} else {
				value = rewrap(t, m.signedBy(t, rsaKey()), func(x string) string { return swap(t, x, m.Name, split) })
			}
			got := allowed(t, settings(rsaKey()), value).Identity
			if got.Subject != "ann@acme.com.evil.com" || len(got.Addresses) != 1 || got.Addresses[0].Value != got.Subject {
				t.Errorf("subject %q, addresses %v", got.Subject, got.Addresses)
			}
		})
	}
}

// Row 22: a DOCTYPE, an external entity, an entity bomb. Outcome: deny before parsing.
func TestAbuse22Doctype(t *testing.T) {
	for name, prolog := range map[string]string{
		"doctype":  `<!DOCTYPE x>`,
		"external": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`,
		"bomb":     `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>`,
	} {
		t.Run(name, func(t *testing.T) {
			value := rewrap(t, good().signedBy(t, rsaKey()), func(x string) string { return prolog + x })
			denied(t, settings(rsaKey()), value, identity.Invalid, "DOCTYPE")
		})
	}
	entity := rewrap(t, good().signedBy(t, rsaKey()), func(x string) string { return swap(t, x, ">ann<", ">&e;<") })
	denied(t, settings(rsaKey()), entity, identity.Invalid, "entity")
}

// Row 23: SHA-1, in the signature or in the digest. Outcome: deny unless the connection allows it.
func TestAbuse23SHA1(t *testing.T) {
	for name, sg := range map[string]signer{
		"signature": {key: rsaKey(), method: dsig.RSASHA1SignatureMethod},
		"digest":    {key: rsaKey(), digest: nsSignature + "sha1"},
		"both":      {key: rsaKey(), method: dsig.RSASHA1SignatureMethod, digest: nsSignature + "sha1"},
		"ecdsa":     {key: ecdsaKey(), method: dsig.ECDSASHA1SignatureMethod, digest: nsSignature + "sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(rsaKey(), ecdsaKey())
			value := encode(t, good().response(t, sg.sign(t, good().assertion(t))))
			denied(t, s, value, identity.Misset, "SHA-1")
			s.AllowSHA1 = true
			allowed(t, s, value)
		})
	}
}

// Row 24: HMAC with the certificate that everybody has as key, or an XSLT transform. Outcome: deny.
func TestAbuse24HMACAndXSLT(t *testing.T) {
	s := settings(rsaKey())
	filtered := func(x string) string { return swap(t, x, exclusive, "http://www.w3.org/2002/06/xml-dsig-filter2") }
	for name, c := range map[string]struct {
		by   signer
		says string
	}{
		"HMAC by certificate": {signer{method: "http://www.w3.org/2000/09/xmldsig#hmac-sha1", mac: rsaKey().Certificate.Raw}, "the signature algorithm"},
		"HMAC SHA-256":        {signer{method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", mac: rsaKey().Certificate.RawSubjectPublicKeyInfo}, "the signature algorithm"},
		"no method":           {signer{method: "none"}, "the signature algorithm"},
		"XSLT":                {signer{transforms: []string{"http://www.w3.org/TR/1999/REC-xslt-19991116", exclusive}}, "the transforms"},
		"XSLT at the end":     {signer{transforms: []string{dsig.EnvelopedSignatureAltorithmId.String(), "http://www.w3.org/TR/1999/REC-xslt-19991116"}}, "the transforms"},
		"XPath":               {signer{transforms: []string{dsig.EnvelopedSignatureAltorithmId.String(), "http://www.w3.org/TR/1999/REC-xpath-19991116", exclusive}}, "the transforms"},
		"no transforms":       {signer{transforms: []string{}}, "the transforms"},
		"a filter":            {signer{info: filtered}, "the canonicalization"},
		"MD5":                 {signer{digest: "http://www.w3.org/2001/04/xmldsig-more#md5"}, "the digest algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			c.by.key = rsaKey()
			denied(t, s, encode(t, good().response(t, c.by.sign(t, good().assertion(t)))), identity.Invalid, c.says)
		})
	}
	t.Run("an object in the signature", func(t *testing.T) {
		a := signer{key: rsaKey()}.sign(t, good().assertion(t))
		children(a, nsSignature, "Signature")[0].CreateElement("ds:Object")
		denied(t, s, encode(t, good().response(t, a)), identity.Invalid, "has the element Object in it")
	})
}

// Row 25: a key of the sender's own, which the signature brings along. Outcome: deny.
func TestAbuse25ForeignKeyInfo(t *testing.T) {
	s := settings(rsaKey(), ecdsaKey())
	denied(t, s, good().signedBy(t, evilKey()), identity.Invalid, Fingerprint(evilKey().Certificate))
	posing := signer{key: evilKey(), keyInfo: rsaKey().Certificate}
	denied(t, s, encode(t, good().response(t, posing.sign(t, good().assertion(t)))), identity.Invalid, "no certificate of the provider fits")
	hiding := signer{key: evilKey(), noKeyInfo: true}
	denied(t, s, encode(t, good().response(t, hiding.sign(t, good().assertion(t)))), identity.Invalid, "no certificate of the provider fits")
}

// Row 26: two references in SignedInfo, one to what is genuine (CVE-2026-33487). Outcome: deny.
func TestAbuse26TwoReferences(t *testing.T) {
	s := settings(rsaKey())
	reference := func(uri string) string {
		return `<ds:Reference URI="` + uri + `"><ds:Transforms><ds:Transform Algorithm="` + exclusive + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>`
	}
	for name, sg := range map[string]signer{
		"same twice": {key: rsaKey(), references: reference("#_assertion-1")},
		"another":    {key: rsaKey(), references: reference("#_other")},
		"the first":  {key: rsaKey(), info: func(x string) string { return swap(t, x, "<ds:Reference", reference("#_other")+"<ds:Reference") }},
	} {
		t.Run(name, func(t *testing.T) {
			denied(t, s, encode(t, good().response(t, sg.sign(t, good().assertion(t)))), identity.Invalid, "SignedInfo has 4 parts")
		})
	}
	empty, other := "", "#_response-1"
	for _, uri := range []*string{&empty, &other} {
		value := encode(t, good().response(t, signer{key: rsaKey(), uri: uri}.sign(t, good().assertion(t))))
		denied(t, s, value, identity.Invalid, "refers to")
	}
}

// Row 27, the part of messages: a relay state stays one opaque parameter, and cannot add others to the URL or to the form.
func TestAbuse27RelayStateIsOpaque(t *testing.T) {
	s := settings(rsaKey())
	s.SignRequests = true
	state := `//evil.example/&SAMLRequest=x&Signature="><b>`
	out, err := s.Request(Ask{At: now, Binding: Redirect, RelayState: state})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	if query.Get("RelayState") != state || len(query["SAMLRequest"]) != 1 || len(query["Signature"]) != 1 || u.Host != "idp.example" {
		t.Errorf("the URL is %s", out.URL)
	}
	if _, err := s.Request(Ask{At: now, RelayState: strings.Repeat("x", 81)}); err == nil {
		t.Error("a relay state is sent that providers cut off")
	}
}

// Row 31, the part of panics: messages that made libraries panic. Outcome: deny.
func TestAbuse31PanicInputs(t *testing.T) {
	s := settings(rsaKey())
	whole := good().text(t, assertionText)
	cut := func(from, to string) *etree.Element {
		i, j := strings.Index(whole, from), strings.Index(whole, to)
		return element(t, whole[:i]+whole[j:])
	}
	for name, a := range map[string]*etree.Element{
		"no conditions": cut("<saml:Conditions", "<saml:AuthnStatement"),
		"no subject":    cut("<saml:Subject>", "<saml:Conditions"),
		"no statement":  cut("<saml:AuthnStatement", "<saml:AttributeStatement"),
		"no issuer":     cut("<saml:Issuer", "<saml:Subject>"),
		"no name":       cut("<saml:NameID", "<saml:SubjectConfirmation"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Response(encode(t, good().response(t, signer{key: rsaKey()}.sign(t, a))), expected())
			if err == nil {
				t.Fatal("accepted")
			}
		})
	}
	for _, algorithm := range []string{dataGCM128, dataGCM256, dataCBC128, dataCBC256} {
		for _, length := range []int{0, 1, 11, 12, 15, 16, 17, 31, 33} {
			el := encrypt(t, good().assertion(t), ownKey(), algorithm, keyOAEP, "")
			el.FindElement("./EncryptedData/CipherData/CipherValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, length)))
			denied(t, s, encode(t, good().response(t, el)), identity.Invalid, "cannot be")
		}
	}
	for _, value := range []string{"", "%%%", "AAAA", base64.StdEncoding.EncodeToString([]byte("<a/>")), base64.StdEncoding.EncodeToString([]byte(" "))} {
		denied(t, s, value, identity.Invalid, "The message")
	}
	empty := &Settings{}
	denied(t, empty, good().signedBy(t, rsaKey()), identity.Misset, "comes from")
}

func hmacSHA256(key, octets []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(octets)
	return h.Sum(nil)
}
