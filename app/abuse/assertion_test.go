package abuse_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/sso/saml/samltest"
)

const skew = 90 * time.Second // that the server allows without further settings

// changed signs what a test has made of a good message.
type changed struct {
	code   string
	status int
	change func(p *samlPeer, m *samltest.Message)
	text   func(p *samlPeer, assertion string) string
}

func (c changed) try(w *world) {
	w.t.Helper()
	p := w.saml("acme-saml")
	p.hostile(c.status, c.code, func(m samltest.Message) string { return c.signed(p, m) })
}

func (c changed) signed(p *samlPeer, m samltest.Message) string {
	p.t.Helper()
	if c.change != nil {
		c.change(p, &m)
	}
	text := m.AssertionText(p.t)
	if c.text != nil {
		text = c.text(p, text)
	}
	return samltest.Encode(p.t, m.Response(p.t, p.signs(samltest.Element(p.t, text))))
}

func TestAbuse13Audience(t *testing.T) {
	restriction := func(p *samlPeer) string {
		return `<saml:AudienceRestriction><saml:Audience>` + p.urls.Metadata + `</saml:Audience></saml:AudienceRestriction>`
	}
	swapped := func(with func(r string) string) changed {
		return changed{status: http.StatusBadRequest, code: "misconfigured", text: func(p *samlPeer, text string) string {
			return samltest.Swap(p.t, text, restriction(p), with(restriction(p)))
		}}
	}
	each(newWorld(t), map[string]changed{
		"wrong":  {status: http.StatusBadRequest, code: "misconfigured", change: func(p *samlPeer, m *samltest.Message) { m.Audience = p.saml("globex-saml").urls.Metadata }},
		"absent": swapped(func(string) string { return "" }),
		"several": swapped(func(r string) string {
			return strings.Replace(r, "</saml:Audience>", "</saml:Audience><saml:Audience>https://other.example</saml:Audience>", 1)
		}),
		"repeated": swapped(func(r string) string { return r + r }),
	}, func(w *world, c changed) { c.try(w) })
}

func TestAbuse14RecipientAndDestination(t *testing.T) {
	w := newWorld(t)
	each(w, map[string]changed{
		"another recipient":   {status: http.StatusBadRequest, code: "invalid", change: func(p *samlPeer, m *samltest.Message) { m.Recipient = p.saml("globex-saml").urls.ACS }},
		"no recipient":        {status: http.StatusBadRequest, code: "invalid", change: func(_ *samlPeer, m *samltest.Message) { m.Recipient = "" }},
		"another destination": {status: http.StatusBadRequest, code: "invalid", change: func(p *samlPeer, m *samltest.Message) { m.Destination = p.saml("globex-saml").urls.ACS }},
		"another issuer":      {status: http.StatusBadRequest, code: "misconfigured", change: func(_ *samlPeer, m *samltest.Message) { m.Issuer += "/" }},
	}, func(w *world, c changed) { c.try(w) })

	p, b, before := w.saml("acme-saml"), w.browser(), w.people() // what is meant for acme, brought to globex
	request, relayState := p.begin(b, "")
	value := p.says("eve@acme.com", request).SignedBy(t, p.key)
	b.out(w.saml("globex-saml").deliver(b, value, ""), http.StatusBadRequest, "misconfigured", before)
	b.out(w.saml("globex-saml").deliver(b, value, relayState), http.StatusGone, "expired", before)
}

func TestAbuse15Confirmation(t *testing.T) {
	part := func(text string) (before, confirmation, after string) {
		begin, end := strings.Index(text, "<saml:SubjectConfirmation "), strings.Index(text, "</saml:Subject>")
		return text[:begin], text[begin:end], text[end:]
	}
	instead := func(change func(p *samlPeer, confirmation string) string) changed {
		return changed{status: http.StatusBadRequest, code: "invalid", text: func(p *samlPeer, text string) string {
			before, confirmation, after := part(text)
			return before + change(p, confirmation) + after
		}}
	}
	each(newWorld(t), map[string]changed{
		"absent":        instead(func(*samlPeer, string) string { return "" }),
		"holder of key": instead(func(p *samlPeer, c string) string { return samltest.Swap(p.t, c, "cm:bearer", "cm:holder-of-key") }),
		"sender":        instead(func(p *samlPeer, c string) string { return samltest.Swap(p.t, c, "cm:bearer", "cm:sender-vouches") }),
		"no data":       instead(func(*samlPeer, string) string { return `<saml:SubjectConfirmation Method="` + samltest.Bearer + `"/>` }),
		"no end": instead(func(p *samlPeer, c string) string {
			from := strings.Index(c, ` NotOnOrAfter="`)
			return c[:from] + c[from+len(` NotOnOrAfter="`+p.now().UTC().Format(time.RFC3339)+`"`):]
		}),
	}, func(w *world, c changed) { c.try(w) })
}

func TestAbuse16Expired(t *testing.T) {
	each(newWorld(t), map[string]func(m *samltest.Message, at time.Time){
		"conditions":   func(m *samltest.Message, at time.Time) { m.Ends = at },
		"confirmation": func(m *samltest.Message, at time.Time) { m.Confirmed = at },
		"session":      func(m *samltest.Message, at time.Time) { m.SessionEnds = at },
	}, func(w *world, ends func(*samltest.Message, time.Time)) {
		p := w.saml("acme-saml")
		changed{status: http.StatusGone, code: "expired", change: func(p *samlPeer, m *samltest.Message) { ends(m, p.now().Add(-skew-time.Second)) }}.try(w)
		if strings.HasSuffix(w.t.Name(), "session") {
			return // the session at the provider is over, or it is not
		}
		p.accepted(func(m samltest.Message) string {
			return changed{change: func(p *samlPeer, m *samltest.Message) { ends(m, p.now().Add(-skew+30*time.Second)) }}.signed(p, m)
		})
	})
}

func TestAbuse17NotYetValid(t *testing.T) {
	each(newWorld(t), map[string]func(m *samltest.Message, at time.Time){
		"conditions": func(m *samltest.Message, at time.Time) { m.NotBefore = at },
		"issued":     func(m *samltest.Message, at time.Time) { m.Issued = at },
		"signed in":  func(m *samltest.Message, at time.Time) { m.SignedIn = at },
	}, func(w *world, begins func(*samltest.Message, time.Time)) {
		p := w.saml("acme-saml")
		changed{status: http.StatusBadRequest, code: "invalid", change: func(p *samlPeer, m *samltest.Message) { begins(m, p.now().Add(skew+time.Minute)) }}.try(w)
		p.accepted(func(m samltest.Message) string {
			return changed{change: func(p *samlPeer, m *samltest.Message) { begins(m, p.now().Add(skew-30*time.Second)) }}.signed(p, m)
		})
	})
}

func TestAbuse18Replay(t *testing.T) {
	w := newWorld(t, "saml: idp_initiated: true")
	p := w.saml("acme-saml")
	victim := w.browser()
	request, relayState := p.begin(victim, "")
	thief := victim.stolen()
	value := p.says("ann@acme.com", request).SignedBy(t, p.key)
	victim.in(p.deliver(victim, value, relayState))
	before := w.people()
	thief.out(p.deliver(thief, value, relayState), http.StatusGone, "replayed", before)
	stranger := w.browser()
	stranger.out(p.deliver(stranger, value, relayState), http.StatusGone, "expired", before)

	unasked := p.says("ann@acme.com", "").SignedBy(t, p.key) // begun at the provider
	second := w.browser()
	second.in(p.deliver(second, unasked, ""))
	before = w.people()
	again := w.browser()
	again.out(p.deliver(again, unasked, ""), http.StatusGone, "replayed", before)
	around := samltest.Rewrap(t, unasked, func(x string) string { return samltest.Swap(t, x, ` ID="_r`, ` ID="_x`) })
	again.out(p.deliver(again, around, ""), http.StatusGone, "replayed", before) // the same assertion in another response
	if !victim.signedIn() {
		t.Error("a replay ended the session of whom it was stolen from")
	}
	p.stillWorks()
}

func TestAbuse19InResponseTo(t *testing.T) {
	w := newWorld(t)
	p, mine, others, before := w.saml("acme-saml"), w.browser(), w.browser(), w.people()
	theirs, theirState := p.begin(others, "")
	my, myState := p.begin(mine, "")
	for name, c := range map[string]struct {
		request, relayState, code string
		status                    int
	}{
		"unknown":                      {"_never-asked", "NEVERASKED", "expired", http.StatusGone},
		"without a word":               {"_never-asked", "", "expired", http.StatusGone},
		"another browser's":            {theirs, theirState, "expired", http.StatusGone},
		"another browser's, as my own": {theirs, myState, "invalid", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			b := &browser{w.in(t), mine.cookies}
			b.out(p.deliver(b, p.says("eve@acme.com", c.request).SignedBy(t, p.key), c.relayState), c.status, c.code, before)
		})
	}
	mine.in(p.deliver(mine, p.says("ann@acme.com", my).SignedBy(t, p.key), myState)) // what is forged does not end a sign-in
	used := mine.stolen()
	delete(used.cookies, "__Host-usher")
	used.out(p.deliver(used, p.says("ann@acme.com", my).SignedBy(t, p.key), myState), http.StatusGone, "expired", w.people())
}

func TestAbuse20IDPInitiated(t *testing.T) {
	closed := newWorld(t).saml("acme-saml")
	b, before := closed.browser(), closed.people()
	unasked := func(p *samlPeer) string { return p.says("ann@acme.com", "").SignedBy(t, p.key) }
	b.out(closed.deliver(b, unasked(closed), ""), http.StatusBadRequest, "misconfigured", before)
	_, relayState := closed.begin(b, "") // nor as the answer to what was asked
	b.out(closed.deliver(b, unasked(closed), relayState), http.StatusBadRequest, "invalid", before)
	closed.stillWorks()

	open := newWorld(t, "saml: idp_initiated: true").saml("acme-saml")
	b = open.browser()
	b.in(open.deliver(b, unasked(open), ""))
}

func TestAbuse21SplitNameID(t *testing.T) {
	w := newWorld(t)
	p := w.saml("acme-saml")
	p.stillWorks() // Ann is a member, whose subject is ann
	each(w, map[string]string{"comment": "ann<!-- x -->.evil", "CDATA": "ann<![CDATA[.evil]]>", "PI": "ann<?x y?>.evil"}, func(w *world, split string) {
		p, b := w.saml("acme-saml"), w.browser()
		request, relayState := p.begin(b, "")
		m := p.says("eve@acme.com", request)
		m.Name = "ann.evil"
		value := ""
		if strings.Contains(split, "<?") { // which stays in canonical XML, so that it has to be signed
			m.Name = split
			value = m.SignedBy(w.t, p.key)
		} else {
			value = samltest.Rewrap(w.t, m.SignedBy(w.t, p.key), func(x string) string { return samltest.Swap(w.t, x, ">ann.evil<", ">"+split+"<") })
		}
		b.in(p.deliver(b, value, relayState)) // as whom the whole text names, which is not Ann
		if page := b.get("/logout").text(); !strings.Contains(page, "eve@acme.com") || strings.Contains(page, "ann@acme.com") {
			w.t.Errorf("signed in as another:\n%s", page)
		}
	})
	p.hostile(http.StatusForbidden, "unknown_domain", func(m samltest.Message) string { // and an address likewise
		m.Attributes = samltest.Attribute("email", "boss@acme.com.evil.com")
		return samltest.Rewrap(t, m.SignedBy(t, p.key), func(x string) string {
			return samltest.Swap(t, x, "boss@acme.com.evil.com", "boss@acme.com<!-- x -->.evil.com")
		})
	})
}

func TestAbuse27RelayStateIsALocalPathOrNothing(t *testing.T) {
	w := newWorld(t, "saml: idp_initiated: true")
	p := w.saml("acme-saml")
	p.stillWorks()
	for relayState, want := range map[string]string{
		"/reports?id=7": "/reports?id=7", "https://evil.example/": "/welcome", "//evil.example": "/welcome", `/\evil.example`: "/welcome",
		"javascript:alert(1)": "/welcome", "/%2fevil.example": "/welcome", "/x\t//evil.example": "/welcome", "": "/welcome",
	} {
		b := w.browser()
		a := p.deliver(b, p.says("ann@acme.com", "").SignedBy(t, p.key), relayState)
		b.in(a)
		if a.location != want {
			t.Errorf("%q leads to %q, want %q", relayState, a.location, want)
		}
	}
	b := w.browser() // what goes out is a number that says nothing, whatever comes in
	_, relayState := p.begin(b, "?return="+url.QueryEscape("//evil.example"))
	if strings.ContainsAny(relayState, "/.") {
		t.Errorf("the relay state is %q", relayState)
	}
}
