package saml

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// OwnMetadata is what the provider has to know of this connection, as XML (SAML Metadata 2.0). It has no validUntil:
// where an admin uploads it once, that would be a date at which sign-in ends.
func (s *Settings) OwnMetadata() ([]byte, error) {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", s.EntityID)
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("AuthnRequestsSigned", strconv.FormatBool(s.signsRequests()))
	role.CreateAttr("WantAssertionsSigned", strconv.FormatBool(s.WantAssertionsSigned))
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for _, pair := range s.Keys {
		describeKey(role, pair)
	}
	if s.SLO != "" {
		for _, binding := range []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding} {
			endpoint(role, "SingleLogoutService", binding, s.SLO)
		}
	}
	role.CreateElement("md:NameIDFormat").SetText(s.NameIDFormat.urn())
	acs := endpoint(role, "AssertionConsumerService", saml.HTTPPostBinding, s.ACS)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")

	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	doc.SetRoot(entity)
	doc.Indent(2)
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("saml: write our metadata: %w", err)
	}
	return out, nil
}

// describeKey publishes a certificate: for signing, and where its key can decrypt, for encryption with the algorithms
// that we like best first.
func describeKey(role *etree.Element, pair KeyPair) {
	uses := []string{"signing"}
	if _, ok := pair.Key.(*rsa.PrivateKey); ok {
		uses = append(uses, "encryption")
	}
	for _, use := range uses {
		key := role.CreateElement("md:KeyDescriptor")
		key.CreateAttr("use", use)
		data := key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
		data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(pair.Certificate.Raw))
		if use == "encryption" {
			for _, algorithm := range []string{dataGCM256, dataGCM128, keyOAEP11, keyOAEP} {
				key.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", algorithm)
			}
		}
	}
}

func endpoint(role *etree.Element, service, binding, location string) *etree.Element {
	el := role.CreateElement("md:" + service)
	el.CreateAttr("Binding", binding)
	el.CreateAttr("Location", location)
	return el
}
