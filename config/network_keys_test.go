package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestNetworksOfAConnection(t *testing.T) {
	o, problems := ParseOperator("usher.yaml", []byte("private_networks: {keycloak: [10.20.1.7/16, 127.0.0.1, \"fd00::/8\"]}\n"))
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	want := []string{"10.20.0.0/16", "127.0.0.1/32", "fd00::/8"}
	var got []string
	for _, prefix := range o.Networks("keycloak") {
		got = append(got, prefix.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if other := o.Networks("okta"); other != nil {
		t.Errorf("another connection may reach %v", other)
	}
}
