package saml

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// Row 13: the audience is another one, absent, or one of several. Outcome: deny.
func TestAbuse13Audience(t *testing.T) {
	restriction := `<saml:AudienceRestriction><saml:Audience>` + entityID + `</saml:Audience></saml:AudienceRestriction>`
	for name, instead := range map[string]string{
		"wrong":    samltest.Swap(t, restriction, entityID, "https://usher.example/sso/other"),
		"case":     samltest.Swap(t, restriction, entityID, strings.ToUpper(entityID)),
		"absent":   "",
		"empty":    `<saml:AudienceRestriction></saml:AudienceRestriction>`,
		"several":  samltest.Swap(t, restriction, "</saml:Audience>", "</saml:Audience><saml:Audience>https://other.example</saml:Audience>"),
		"repeated": restriction + restriction,
	} {
		t.Run(name, func(t *testing.T) {
			a := samltest.Element(t, samltest.Swap(t, good().AssertionText(t), restriction, instead))
			value := samltest.Encode(t, good().Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, a)))
			denied(t, settings(rsaKey()), value, identity.Misset, "audience")
		})
	}
}

// Row 14: another recipient or destination. Outcome: deny.
func TestAbuse14RecipientAndDestination(t *testing.T) {
	other := "https://usher.example/sso/other/saml/acs"
	for name, c := range map[string]struct {
		change func(*samltest.Message)
		says   string
	}{
		"recipient":        {func(m *samltest.Message) { m.Recipient = other }, "delivered to"},
		"recipient query":  {func(m *samltest.Message) { m.Recipient = acsURL + "?" }, "delivered to"},
		"no recipient":     {func(m *samltest.Message) { m.Recipient = "" }, "delivered to"},
		"destination":      {func(m *samltest.Message) { m.Destination = other }, "meant for"},
		"issuer":           {func(m *samltest.Message) { m.Issuer = "https://idp.example/other" }, "comes from"},
		"unknown issuer 2": {func(m *samltest.Message) { m.Issuer = issuerID + "/" }, "comes from"},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			c.change(&m)
			code := identity.Invalid
			if strings.Contains(name, "issuer") {
				code = identity.Misset
			}
			denied(t, settings(rsaKey()), m.SignedBy(t, rsaKey()), code, c.says)
		})
	}
	anonymous := good()
	anonymous.Issuer = "https://idp.example/other"
	lonely := samltest.Rewrap(t, anonymous.SignedBy(t, rsaKey()), func(x string) string {
		return samltest.Swap(t, x, "<saml:Issuer>"+anonymous.Issuer+"</saml:Issuer>", "")
	})
	denied(t, settings(rsaKey()), lonely, identity.Misset, "comes from")
	allowed(t, settings(rsaKey()), samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string { return samltest.Swap(t, x, "<saml:Issuer>"+issuerID+"</saml:Issuer>", "") }))

	m := good()
	m.Destination = ""
	unsigned := m.SignedBy(t, rsaKey())
	allowed(t, settings(rsaKey()), unsigned)
	signed := samltest.Encode(t, samltest.Signer{Key: rsaKey()}.Sign(t, m.Response(t, m.Assertion(t))))
	denied(t, settings(rsaKey()), signed, identity.Invalid, "meant for")
}

// Row 15: no confirmation, or one that is not by bearer. Outcome: deny.
func TestAbuse15Confirmation(t *testing.T) {
	whole := good().AssertionText(t)
	begin, end := strings.Index(whole, "<saml:SubjectConfirmation "), strings.Index(whole, "</saml:Subject>")
	confirmation := whole[begin:end]
	for name, c := range map[string]struct{ instead, says string }{
		"absent":        {"", "no bearer confirmation"},
		"holder of key": {samltest.Swap(t, confirmation, "cm:bearer", "cm:holder-of-key"), "no bearer confirmation"},
		"sender":        {samltest.Swap(t, confirmation, "cm:bearer", "cm:sender-vouches"), "no bearer confirmation"},
		"no data":       {`<saml:SubjectConfirmation Method="` + bearer + `"/>`, "SubjectConfirmationData"},
		"no end":        {samltest.Swap(t, confirmation, ` NotOnOrAfter="`+clock(good().Confirmed)+`"`, ""), "does not say when it ends"},
		"not yet":       {samltest.Swap(t, confirmation, ` Recipient`, ` NotBefore="`+clock(now.Add(time.Hour))+`" Recipient`), "not valid before"},
	} {
		t.Run(name, func(t *testing.T) {
			a := samltest.Element(t, whole[:begin]+c.instead+whole[end:])
			value := samltest.Encode(t, good().Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, a)))
			denied(t, settings(rsaKey()), value, identity.Invalid, c.says)
		})
	}
	t.Run("one of several is enough", func(t *testing.T) {
		a := samltest.Element(t, whole[:begin]+samltest.Swap(t, confirmation, "cm:bearer", "cm:holder-of-key")+confirmation+whole[end:])
		allowed(t, settings(rsaKey()), samltest.Encode(t, good().Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, a))))
	})
}

// Row 16: expired. Outcome: deny beyond the skew, allow within.
func TestAbuse16Expired(t *testing.T) {
	s := settings(rsaKey())
	for name, set := range map[string]func(*samltest.Message, time.Time){
		"conditions":   func(m *samltest.Message, at time.Time) { m.Ends = at },
		"confirmation": func(m *samltest.Message, at time.Time) { m.Confirmed = at },
		"issued":       func(m *samltest.Message, at time.Time) { m.Issued = at.Add(-longest) },
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			set(&m, now.Add(-DefaultSkew))
			denied(t, s, m.SignedBy(t, rsaKey()), identity.Expired, "")
			set(&m, now.Add(-DefaultSkew+time.Second))
			allowed(t, s, m.SignedBy(t, rsaKey()))
		})
	}
	t.Run("the provider's session", func(t *testing.T) {
		m := good()
		m.SessionEnds = now
		denied(t, s, m.SignedBy(t, rsaKey()), identity.Expired, "session ended")
		m.SessionEnds = now.Add(time.Hour)
		if got := allowed(t, s, m.SignedBy(t, rsaKey())).Identity.Ends; !got.Equal(m.SessionEnds) {
			t.Errorf("ends %s, want %s", got, m.SessionEnds)
		}
	})
	t.Run("metadata", func(t *testing.T) {
		s := settings(rsaKey())
		s.Metadata.ValidUntil = now
		denied(t, s, good().SignedBy(t, rsaKey()), identity.Misset, "valid until")
	})
	t.Run("a validity of years is no longer than an hour", func(t *testing.T) {
		m := good()
		m.Issued, m.NotBefore = now.Add(-2*time.Hour), now.Add(-2*time.Hour)
		m.Ends, m.Confirmed = now.AddDate(10, 0, 0), now.AddDate(10, 0, 0)
		denied(t, s, m.SignedBy(t, rsaKey()), identity.Expired, "too long ago")
	})
}

// Row 17: not yet valid, or issued in the future. Outcome: deny.
func TestAbuse17NotYetValid(t *testing.T) {
	s := settings(rsaKey())
	for name, set := range map[string]func(*samltest.Message, time.Time){
		"conditions": func(m *samltest.Message, at time.Time) { m.NotBefore = at },
		"issued":     func(m *samltest.Message, at time.Time) { m.Issued = at },
		"signed in":  func(m *samltest.Message, at time.Time) { m.SignedIn = at },
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			set(&m, now.Add(DefaultSkew+time.Second))
			denied(t, s, m.SignedBy(t, rsaKey()), identity.Invalid, "clock")
			set(&m, now.Add(DefaultSkew))
			allowed(t, s, m.SignedBy(t, rsaKey()))
		})
	}
	for name, old := range map[string]string{"IssueInstant absent": clock(now), "IssueInstant malformed": clock(now)} {
		t.Run(name, func(t *testing.T) {
			instead := ""
			if strings.Contains(name, "malformed") {
				instead = "yesterday"
			}
			a := samltest.Element(t, samltest.Swap(t, good().AssertionText(t), `IssueInstant="`+old, `IssueInstant="`+instead))
			denied(t, s, samltest.Encode(t, good().Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, a))), identity.Invalid, "when it was issued")
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
		value := m.SignedBy(t, rsaKey())
		first := allowed(t, s, value)
		if first.Unsolicited != (request == "") {
			t.Errorf("unsolicited is %v for the request %q", first.Unsolicited, request)
		}
		remembered := map[string]time.Time{first.Assertion: first.Until}

		again := samltest.Rewrap(t, value, func(x string) string { return samltest.Swap(t, x, "_response-1", "_response-2") })
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
		denied(t, s, m.SignedBy(t, rsaKey()), identity.Invalid, "waits for another one")

		want := expected()
		want.Request = "" // used up, or never there
		_, err := s.Response(good().SignedBy(t, rsaKey()), want)
		refused(t, err, identity.Expired, "waits for none")

		// The response is not signed here, so its InResponseTo can be changed or taken off: the assertion's counts.
		changed := samltest.Rewrap(t, m.SignedBy(t, rsaKey()), func(x string) string { return samltest.Swap(t, x, m.Request, requestID) })
		denied(t, s, changed, identity.Invalid, "waits for another one")
		taken := samltest.Rewrap(t, m.SignedBy(t, rsaKey()), func(x string) string { return samltest.Swap(t, x, ` InResponseTo="`+m.Request+`"`, "") })
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
	_, err := s.Response(m.SignedBy(t, rsaKey()), want)
	refused(t, err, identity.Misset, "began at the provider")
	denied(t, s, m.SignedBy(t, rsaKey()), identity.Invalid, "does not say which request")

	s.IDPInitiated = true
	accepted, err := s.Response(m.SignedBy(t, rsaKey()), want)
	if err != nil || !accepted.Unsolicited {
		t.Errorf("got %+v, %v", accepted, err)
	}
	s.ForceAuthn = true
	_, err = s.Response(m.SignedBy(t, rsaKey()), want)
	refused(t, err, identity.Misset, "asked for each time")
}
