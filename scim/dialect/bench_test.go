package dialect_test

import (
	"bytes"
	"testing"

	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

const oktaUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","ENT"],"userName":"ann.lee@acme.com",` +
	`"name":{"givenName":"Ann","familyName":"Lee"},"emails":[{"primary":true,"value":"ann.lee@acme.com","type":"work"}],` +
	`"displayName":"Ann Lee","locale":"en-US","externalId":"00u1a2b3c4d5e6f7g8h9","groups":[],"password":"x","active":true,` +
	`"title":"Engineer","userType":"Employee","phoneNumbers":[{"type":"work","value":"+1 555 0100"}],` +
	`"ENT":{"employeeNumber":"701984","costCenter":"4130","organization":"Acme","division":"Products","department":"Engineering","manager":{"value":"26118915-6090-4610-87e4-49d8ca9f808d","displayName":"Bo"}}}`

const entraUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","ENT"],"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",` +
	`"userName":"bo@acme.com","active":"True","displayName":"Bo Hale","emails":[{"primary":"True","type":"work","value":"bo@acme.com"}],` +
	`"meta":{"resourceType":"User"},"name":{"formatted":"Bo Hale","familyName":"Hale","givenName":"Bo"},"roles":[],"title":null,` +
	`"addresses":[{"type":"work","country":"NO","formatted":null,"streetAddress":"Gate 1"}],"department":"Sales","manager":"123"}`

func BenchmarkResourceOkta(b *testing.B)  { benchmarkResource(b, oktaUser) }
func BenchmarkResourceEntra(b *testing.B) { benchmarkResource(b, entraUser) }

func benchmarkResource(b *testing.B, text string) {
	res, body := userType(b), []byte(expand(text))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dialect.Resource(res, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	res := userType(b)
	doc, err := dialect.Resource(res, []byte(expand(oktaUser)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := res.Validate(doc.Attributes); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(expand(oktaUser))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dialect.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

var deactivate = []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)

func BenchmarkUserPatch(b *testing.B) {
	res := userType(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dialect.UserPatch(res, deactivate); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUserPatchAndApply(b *testing.B) {
	res := userType(b)
	doc, err := dialect.Resource(res, []byte(expand(oktaUser)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := dialect.UserPatch(res, deactivate)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := patch.Apply(res, doc.Attributes, p.Ops); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLargeGroup(b *testing.B) {
	res, body := schema.Group(), largeGroup(200_000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dialect.Group(res, bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}
