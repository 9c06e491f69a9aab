package abuse_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/saml/samltest"
)

func TestAbuse01XSW1(t *testing.T) { wrapped(t, 1) }
func TestAbuse02XSW2(t *testing.T) { wrapped(t, 2) }
func TestAbuse03XSW3(t *testing.T) { wrapped(t, 3) }
func TestAbuse04XSW4(t *testing.T) { wrapped(t, 4) }
func TestAbuse05XSW5(t *testing.T) { wrapped(t, 5) }
func TestAbuse06XSW6(t *testing.T) { wrapped(t, 6) }
func TestAbuse07XSW7(t *testing.T) { wrapped(t, 7) }
func TestAbuse08XSW8(t *testing.T) { wrapped(t, 8) }

// wrapped wraps what the provider signed about Eve around, beside or into what says that she is somebody else; the forged
// part goes by its own id, and by those of the genuine ones.
func wrapped(t *testing.T, xsw int) {
	p := newWorld(t).saml("acme-saml")
	for _, own := range []bool{true, false} {
		p.hostile(http.StatusBadRequest, "invalid", func(good samltest.Message) string {
			forged := p.says("boss@acme.com", good.Request)
			root, evil := samltest.Wrap(p.t, xsw, good, forged, p.key)
			if !own {
				id := good.ID
				if xsw <= 2 {
					id = good.ResponseID
				}
				evil.CreateAttr("ID", id)
			}
			return samltest.Encode(p.t, root)
		})
	}
}

func TestAbuse09Unsigned(t *testing.T) {
	w := newWorld(t)
	each(w, map[string]func(p *samlPeer, m samltest.Message) string{
		"never signed": func(p *samlPeer, m samltest.Message) string {
			return samltest.Encode(p.t, m.Response(p.t, m.Assertion(p.t)))
		},
		"stripped": func(p *samlPeer, m samltest.Message) string {
			signed := p.signs(m.Assertion(p.t))
			signed.RemoveChild(samltest.Signature(p.t, signed))
			return samltest.Encode(p.t, m.Response(p.t, signed))
		},
		"emptied": func(p *samlPeer, m samltest.Message) string {
			signed := p.signs(m.Assertion(p.t))
			samltest.Signature(p.t, signed).Child = nil
			return samltest.Encode(p.t, m.Response(p.t, signed))
		},
		"altered": func(p *samlPeer, m samltest.Message) string {
			return samltest.Rewrap(p.t, m.SignedBy(p.t, p.key), func(x string) string { return samltest.Swap(p.t, x, ">eve@acme.com<", ">boss@acme.com<") })
		},
	}, func(w *world, make func(*samlPeer, samltest.Message) string) {
		p := w.saml("acme-saml")
		p.hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string { return make(p, m) })
	})
}

func TestAbuse10SignedResponseUnsignedAssertion(t *testing.T) {
	around := func(p *samlPeer) func(samltest.Message) string {
		return func(m samltest.Message) string {
			return samltest.Encode(p.t, p.signs(m.Response(p.t, m.Assertion(p.t))))
		}
	}
	p := newWorld(t).saml("acme-saml")
	p.accepted(around(p))
	strict := newWorld(t, "saml: want_assertions_signed: true").saml("acme-saml")
	strict.hostile(http.StatusBadRequest, "misconfigured", around(strict))
}

func TestAbuse11AppendedAssertion(t *testing.T) {
	w := newWorld(t)
	each(w, map[string]struct{ both, encrypted bool }{
		"to a signed response": {}, "to one with a signed assertion": {both: true}, "encrypted": {encrypted: true},
	}, func(w *world, c struct{ both, encrypted bool }) {
		p := w.saml("acme-saml")
		p.hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string {
			inside := m.Assertion(p.t)
			if c.both {
				p.signs(inside)
			}
			root := p.signs(m.Response(p.t, inside))
			evil := p.says("boss@acme.com", m.Request).Assertion(p.t)
			if c.encrypted {
				evil = samltest.Encrypt(p.t, evil, p.ours(), samltest.AES256GCM, samltest.OAEP, "")
			}
			root.AddChild(evil)
			return samltest.Encode(p.t, root)
		})
	})
}

func TestAbuse12EncryptedUnsigned(t *testing.T) {
	p := newWorld(t).saml("acme-saml")
	encrypted := func(m samltest.Message, signed bool) string {
		inside := m.Assertion(p.t)
		if signed {
			p.signs(inside)
		}
		return samltest.Encode(p.t, m.Response(p.t, samltest.Encrypt(p.t, inside, p.ours(), samltest.AES256GCM, samltest.OAEP, "")))
	}
	p.hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string { return encrypted(m, false) })
	p.accepted(func(m samltest.Message) string { return encrypted(m, true) })
}

func TestAbuse23SHA1(t *testing.T) {
	strict, lax := newWorld(t), newWorld(t, "saml: allow_sha1: true")
	for name, signer := range map[string]samltest.Signer{
		"signature": {Method: dsig.RSASHA1SignatureMethod},
		"digest":    {Digest: dsig.Namespace + "sha1"},
		"both":      {Method: dsig.RSASHA1SignatureMethod, Digest: dsig.Namespace + "sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := strict.in(t).saml("acme-saml")
			signer.Key = p.key
			signed := func(m samltest.Message) string {
				return samltest.Encode(t, m.Response(t, signer.Sign(t, m.Assertion(t))))
			}
			p.hostile(http.StatusBadRequest, "misconfigured", signed)
			lax.in(t).saml("acme-saml").accepted(signed)
		})
	}
}

func TestAbuse24HMACAndXSLT(t *testing.T) {
	w := newWorld(t)
	enveloped := dsig.EnvelopedSignatureAltorithmId.String()
	certificate := acmeKey().Certificate
	each(w, map[string]samltest.Signer{
		"HMAC by the certificate": {Method: dsig.Namespace + "hmac-sha1", MAC: certificate.Raw},
		"HMAC by the public key":  {Method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", MAC: certificate.RawSubjectPublicKeyInfo},
		"HMAC by its PEM":         {Method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", MAC: []byte(pemOf(certificate))},
		"XSLT":                    {Transforms: []string{enveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116"}},
		"XPath":                   {Transforms: []string{enveloped, "http://www.w3.org/TR/1999/REC-xpath-19991116", samltest.Exclusive}},
		"no transforms":           {Transforms: []string{}},
	}, func(w *world, signer samltest.Signer) {
		p := w.saml("acme-saml")
		signer.Key = p.key
		p.hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string {
			return samltest.Encode(p.t, m.Response(p.t, signer.Sign(p.t, m.Assertion(p.t))))
		})
	})
}

func TestAbuse25ForeignKeyInfo(t *testing.T) {
	w := newWorld(t)
	each(w, map[string]samltest.Signer{
		"a key of its own":            {Key: evilKey()},
		"posing as the provider's":    {Key: evilKey(), KeyInfo: acmeKey().Certificate},
		"without a word":              {Key: evilKey(), NoKeyInfo: true},
		"of another organization's":   {Key: globexKey()},
		"another's, as the genuine's": {Key: globexKey(), KeyInfo: acmeKey().Certificate},
	}, func(w *world, signer samltest.Signer) {
		w.saml("acme-saml").hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string {
			return samltest.Encode(w.t, m.Response(w.t, signer.Sign(w.t, m.Assertion(w.t))))
		})
	})
}

func TestAbuse26TwoReferences(t *testing.T) {
	w := newWorld(t)
	reference := func(uri string) string {
		return `<ds:Reference URI="` + uri + `"><ds:Transforms><ds:Transform Algorithm="` + samltest.Exclusive + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>`
	}
	nothing := ""
	each(w, map[string]func(m samltest.Message) samltest.Signer{
		"twice": func(m samltest.Message) samltest.Signer { return samltest.Signer{References: reference("#" + m.ID)} },
		"the response": func(m samltest.Message) samltest.Signer {
			return samltest.Signer{References: reference("#" + m.ResponseID)}
		},
		"in front": func(samltest.Message) samltest.Signer {
			return samltest.Signer{Info: func(x string) string {
				return samltest.Swap(t, x, "<ds:Reference", reference("#_other")+"<ds:Reference")
			}}
		},
		"the document": func(samltest.Message) samltest.Signer { return samltest.Signer{URI: &nothing} },
	}, func(w *world, make func(samltest.Message) samltest.Signer) {
		p := w.saml("acme-saml")
		p.hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string {
			signer := make(m)
			signer.Key = p.key
			return samltest.Encode(p.t, m.Response(p.t, signer.Sign(p.t, m.Assertion(p.t))))
		})
	})
}

func TestAbuse22Doctype(t *testing.T) {
	w := newWorld(t)
	each(w, map[string]string{
		"a document type":    `<!DOCTYPE x>`,
		"an external entity": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`,
		"an entity bomb":     `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>`,
		"of another charset": `<?xml version="1.0" encoding="UTF-16"?>`,
	}, func(w *world, prolog string) {
		p := w.saml("acme-saml")
		p.hostile(http.StatusBadRequest, "invalid", func(m samltest.Message) string {
			return samltest.Rewrap(p.t, m.SignedBy(p.t, p.key), func(x string) string { return prolog + x })
		})
	})
	p := w.saml("acme-saml")
	p.hostile(http.StatusBadRequest, "invalid", func(samltest.Message) string {
		return base64.StdEncoding.EncodeToString([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	})
}
