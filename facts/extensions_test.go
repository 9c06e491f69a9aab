package facts

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

// TestExtensionsOf reads custom schemas alone, with numbers as they were pushed.
func TestExtensionsOf(t *testing.T) {
	got, err := ExtensionsOf(&directory.User{Body: []byte(`{"displayName":"Ann","name":{"givenName":"Ann"},"` + enterpriseURN +
		`":{"department":"R&D"},"urn:acme:2.0:User":{"badge":12345678901234567890,"costCode":"FIN-1"}}`)})
	want := map[string]map[string]json.RawMessage{"urn:acme:2.0:User": {"badge": []byte(`12345678901234567890`), "costCode": []byte(`"FIN-1"`)}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, extensions (-want +got):\n%s", err, diff)
	}
	if got, err := ExtensionsOf(&directory.User{Body: []byte(`{"displayName":"Ann"}`)}); got != nil || err != nil {
		t.Errorf("got %v, %v; want none", got, err)
	}
	if _, err := ExtensionsOf(&directory.User{Body: []byte(`{"urn:acme:2.0:User":5}`)}); err == nil {
		t.Error("a number passed for a schema")
	}
}
