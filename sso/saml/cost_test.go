package saml

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
)

// Row 31, the part of cost: deep or wide XML, 500 encrypted assertions. Outcome: deny, before anything is parsed. What is
// counted is work, not time: how many tokens were read when the prescan gave up. Parsing has not begun by then, and
// within the bounds BenchmarkWorstCase measures what it costs.
func TestAbuse31Cost(t *testing.T) {
	encrypted := string(document(t, encrypt(t, good().assertion(t), ownKey(), dataGCM256, keyOAEP, "")))
	for name, c := range map[string]struct {
		inside string
		tokens int // at most these were read
	}{
		"200,000 nested tags, cut to size":      {strings.Repeat("<a>", 200_000)[:250_000], 80},
		"80,000 elements side by side":          {strings.Repeat("<a/>", 60_000), 2*4096 + 8},
		"5,000 namespaces on one element":       {wide(5_000, `xmlns:n%d="u"`), 12},
		"5,000 namespaces on nested elements":   {strings.Repeat(wide(18, `xmlns:n%d="u"`), 100), 12},
		"5,000 attributes":                      {wide(5_000, `n%d="u"`), 12},
		"a namespace of 10,000 bytes":           {`<a xmlns:n="` + strings.Repeat("u", 10_000) + `"/>`, 12},
		"20,000 comments":                       {strings.Repeat("<!---->", 20_000), 80},
		"20,000 processing instructions":        {strings.Repeat("<?a?>", 20_000), 80},
		"20,000 empty sections of CDATA":        {strings.Repeat("<![CDATA[]]>", 20_000), 4*4096 + 1},
		"60 encrypted assertions":               {strings.Repeat(encrypted, 60), 64},
		"500 encrypted assertions, abbreviated": {strings.Repeat(`<saml:EncryptedAssertion/>`, 500), 16},
		"500 signatures":                        {strings.Repeat(`<ds:Signature xmlns:ds="`+nsSignature+`"/>`, 500), 16},
	} {
		t.Run(name, func(t *testing.T) {
			x := []byte(swap(t, good().text(t, responseText), "</samlp:Response>", c.inside+"</samlp:Response>"))
			seen, err := prescan(x, messageBounds)
			if !errors.Is(err, errBounds) {
				t.Fatalf("the prescan says %v", err)
			}
			if seen.tokens > c.tokens {
				t.Errorf("%d tokens were read, want at most %d", seen.tokens, c.tokens)
			}
			denied(t, settings(rsaKey()), base64.StdEncoding.EncodeToString(x), identity.Invalid, "out of bounds")
		})
	}
	t.Run("more than 256 KiB", func(t *testing.T) {
		x := []byte(swap(t, good().text(t, responseText), "</samlp:Response>", strings.Repeat(" ", 256<<10)+"</samlp:Response>"))
		if seen, err := prescan(x, messageBounds); !errors.Is(err, errBounds) || seen.tokens != 0 {
			t.Errorf("%d tokens, %v", seen.tokens, err)
		}
		denied(t, settings(rsaKey()), base64.StdEncoding.EncodeToString(x), identity.Invalid, "at most 262144")
		denied(t, settings(rsaKey()), strings.Repeat("A", 1<<20), identity.Invalid, "at most 262144")
	})
}

func wide(n int, attribute string) string {
	var b strings.Builder
	b.WriteString("<a")
	for i := range n {
		b.WriteString(" " + fmt.Sprintf(attribute, i))
	}
	return b.String() + ">"
}

// worst are messages that keep to every bound, and cost as much as can be.
func worst(t testing.TB) map[string]string {
	t.Helper()
	captured := signer{key: rsaKey()}.sign(t, good().assertion(t))
	genuine := children(captured, nsSignature, "Signature")[0]
	scope := strings.TrimSuffix(wide(15, `xmlns:n%d="`+strings.Repeat("u", 120)+`%[1]d"`), ">")
	fill := func(inside string) string {
		return scope + ">" + inside + "</a>"
	}
	var used strings.Builder
	for i := range 3600 {
		fmt.Fprintf(&used, `<n%d:x y="&#xD;"/>`, i%15)
	}
	fan := strings.Builder{} // each element uses many namespaces, and canonical XML declares each anew
	for j := range 3600 {
		fan.WriteString("<b")
		for i := range 4 {
			fmt.Fprintf(&fan, ` n%d:c=""`, (j+i)%15)
		}
		fan.WriteString("/>")
	}
	deep := strings.Repeat(strings.Repeat("<a>", 55)+strings.Repeat("</a>", 55), 65)
	foreign := signer{key: evilKey(), noKeyInfo: true}
	out := map[string]string{}
	for name, inside := range map[string]string{
		"wide": fill(strings.Repeat(`<b c="d"/>`, 4000)), "used": fill(used.String()), "deep": fill(deep), "fan": fill(fan.String()),
		"text": fill(strings.Repeat("&amp;", 46_000)), "cdata": strings.Repeat("<![CDATA[x]]>", 15_000),
	} {
		withSignature := func(signature *etree.Element, id string) string {
			m := good()
			m.ID = id
			m.Attributes = ""
			a := m.assertion(t)
			a.InsertChildAt(1, signature)
			x := string(document(t, m.response(t, a)))
			return base64.StdEncoding.EncodeToString([]byte(swap(t, x, "<saml:AttributeStatement/>", "<saml:AttributeStatement>"+inside+"</saml:AttributeStatement>")))
		}
		out[name+", forged signature"] = withSignature(foreign.signature(t, good().assertion(t)), "_assertion-1")
		out[name+", captured signature"] = withSignature(genuine.Copy(), "_assertion-1")
		m := good()
		m.Attributes = inside
		out[name+", unsigned"] = encode(t, m.response(t, element(t, m.text(t, assertionText))))
	}
	return out
}

// BenchmarkWorstCase measures what a message of up to 256 KiB costs that is refused for its signature, with ten trusted
// certificates to try. The target is 100 ms.
func BenchmarkWorstCase(b *testing.B) {
	s := settings(rsaKey(), nextKey(), ecdsaKey())
	for len(s.Metadata.Certificates) < mostCertificates {
		s.Metadata.Certificates = append(s.Metadata.Certificates, testKey(nextKey().Key, now, now.AddDate(0, 0, len(s.Metadata.Certificates))).Certificate)
	}
	for name, value := range worst(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Response(value, expected()); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// The messages of BenchmarkWorstCase measure something only while they come through the prescan.
func TestWorstCasesAreWithinBounds(t *testing.T) {
	s := settings(rsaKey())
	for name, value := range worst(t) {
		_, err := s.Response(value, expected())
		if err == nil || errors.Is(err, errBounds) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
