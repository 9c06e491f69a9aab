package provision

import (
	"net/mail"
	"testing"

	"pgregory.net/rapid"
)

func TestACommonAddressIsAnAddress(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9._+@-]{0,12}@[a-z0-9.-]{0,12}`), rapid.StringMatching(`[a-z]+[a-z0-9._+-]*@[a-z]+\.[a-z]{2,3}`))
	common := 0
	rapid.Check(t, func(t *rapid.T) {
		address := text.Draw(t, "address")
		if !commonAddress(address) {
			return
		}
		common++
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			t.Fatalf("%q: %v, %v", address, a, err)
		}
	})
	if common == 0 {
		t.Error("no address was common")
	}
}
