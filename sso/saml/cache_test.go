package saml

import (
	"testing"
	"time"
)

func TestHowLongMetadataAsksToBeKept(t *testing.T) {
	const open = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"`
	for document, want := range map[string]time.Duration{
		open + `/>`:                                    0,
		open + ` cacheDuration="PT6H"/>`:               6 * time.Hour,
		"\ufeff" + open + ` cacheDuration="P1DT30M"/>`: 24*time.Hour + 30*time.Minute,
		open + ` cacheDuration="P1D"><IDPSSODescriptor cacheDuration="PT45M"/></EntityDescriptor>`: 45 * time.Minute,
		open + ` cacheDuration="-PT6H"/>`: 0,
		open + ` cacheDuration="soon"/>`:  0,
		`<html`:                           0,
	} {
		if got := CacheDuration([]byte(document)); got != want {
			t.Errorf("%s: %v, want %v", document, got, want)
		}
	}
}
