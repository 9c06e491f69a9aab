package saml

import (
	"bytes"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// CacheDuration returns the shortest time for which a metadata document asks to be kept before it is fetched again
// (SAML Metadata 2.0, section 2.3.2: cacheDuration), 0 when it does not say.
func CacheDuration(document []byte) time.Duration {
	root, _, err := parse(bytes.TrimPrefix(document, []byte("\ufeff")), metadataBounds)
	if err != nil {
		return 0
	}
	var shortest time.Duration
	see := func(el *etree.Element) {
		var d saml.Duration
		text := attr(el, "cacheDuration")
		if text == "" || d.UnmarshalText([]byte(text)) != nil || d <= 0 {
			return
		}
		if shortest == 0 || time.Duration(d) < shortest {
			shortest = time.Duration(d)
		}
	}
	see(root)
	for _, entity := range entities(root) {
		see(entity)
		for _, role := range children(entity, nsMetadata, "IDPSSODescriptor") {
			see(role)
		}
	}
	return shortest
}
