package samltest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// Labours are responses over which a reader works for seconds, or for want of memory forever, unless it stops in time.
func Labours(t testing.TB, m Message, to Pair) map[string]string {
	t.Helper()
	encrypted := string(Document(t, Encrypt(t, m.Assertion(t), to, AES256GCM, OAEP, "")))
	out := map[string]string{}
	for name, inside := range map[string]string{
		"200,000 nested tags, cut to size":      strings.Repeat("<a>", 200_000)[:250_000],
		"80,000 elements side by side":          strings.Repeat("<a/>", 60_000),
		"5,000 namespaces on one element":       wide(5_000, `xmlns:n%d="u"`),
		"5,000 namespaces on nested elements":   strings.Repeat(wide(18, `xmlns:n%d="u"`), 100),
		"5,000 attributes":                      wide(5_000, `n%d="u"`),
		"a namespace of 10,000 bytes":           `<a xmlns:n="` + strings.Repeat("u", 10_000) + `"/>`,
		"20,000 comments":                       strings.Repeat("<!---->", 20_000),
		"20,000 processing instructions":        strings.Repeat("<?a?>", 20_000),
		"20,000 empty sections of CDATA":        strings.Repeat("<![CDATA[]]>", 20_000),
		"60 encrypted assertions":               strings.Repeat(encrypted, 60),
		"500 encrypted assertions, abbreviated": strings.Repeat(`<saml:EncryptedAssertion/>`, 500),
		"500 signatures":                        strings.Repeat(`<ds:Signature xmlns:ds="`+nsSignature+`"/>`, 500),
		"more than 256 KiB":                     strings.Repeat(" ", 256<<10),
	} {
		out[name] = Swap(t, m.ResponseText(t), "</samlp:Response>", inside+"</samlp:Response>")
	}
	return out
}

func wide(n int, attribute string) string {
	var b strings.Builder
	b.WriteString("<a")
	for i := range n {
		b.WriteString(" " + fmt.Sprintf(attribute, i))
	}
	return b.String() + ">"
}

// Worst are messages that keep to every bound and cost as much as can be, as values of SAMLResponse: without a signature, with
// one by a foreign key, and with one that the provider made of something else.
func Worst(t testing.TB, m Message, genuine, foreign Pair) map[string]string {
	t.Helper()
	captured := Signature(t, Signer{Key: genuine}.Sign(t, m.Assertion(t)))
	out := map[string]string{}
	for name, inside := range heavy() {
		withSignature := func(signature *etree.Element) string {
			full := m
			full.Attributes = ""
			a := full.Assertion(t)
			a.InsertChildAt(1, signature)
			x := string(Document(t, full.Response(t, a)))
			return base64.StdEncoding.EncodeToString([]byte(Swap(t, x, "<saml:AttributeStatement/>", "<saml:AttributeStatement>"+inside+"</saml:AttributeStatement>")))
		}
		out[name+", forged signature"] = withSignature(Signer{Key: foreign, NoKeyInfo: true}.Signature(t, m.Assertion(t)))
		out[name+", captured signature"] = withSignature(captured.Copy())
		full := m
		full.Attributes = inside
		out[name+", unsigned"] = Encode(t, full.Response(t, full.Assertion(t)))
	}
	return out
}

// heavy are contents within every bound.
func heavy() map[string]string {
	scope := strings.TrimSuffix(wide(15, `xmlns:n%d="`+strings.Repeat("u", 120)+`%[1]d"`), ">")
	fill := func(inside string) string { return scope + ">" + inside + "</a>" }
	var used, fan strings.Builder
	for i := range 3600 {
		fmt.Fprintf(&used, `<n%d:x y="&#xD;"/>`, i%15)
	}
	for j := range 3600 { // each element uses many namespaces, and canonical XML declares each anew
		fan.WriteString("<b")
		for i := range 4 {
			fmt.Fprintf(&fan, ` n%d:c=""`, (j+i)%15)
		}
		fan.WriteString("/>")
	}
	deep := strings.Repeat(strings.Repeat("<a>", 55)+strings.Repeat("</a>", 55), 65)
	return map[string]string{
		"wide": fill(strings.Repeat(`<b c="d"/>`, 4000)), "used": fill(used.String()), "deep": fill(deep), "fan": fill(fan.String()),
		"text": fill(strings.Repeat("&amp;", 46_000)), "cdata": strings.Repeat("<![CDATA[x]]>", 15_000),
	}
}
