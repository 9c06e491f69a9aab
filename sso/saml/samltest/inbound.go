package samltest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/url"
	"testing"

	"github.com/beevik/etree"
)

// Asked reads the message that an address carries to the provider by the Redirect binding (SAML Bindings, section 3.4).
func Asked(t testing.TB, address string) (message *etree.Element, relayState string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	deflated, err := base64.StdEncoding.DecodeString(query.Get("SAMLRequest") + query.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		t.Fatalf("%v in %s", err, address)
	}
	return Element(t, string(text)), query.Get("RelayState")
}
