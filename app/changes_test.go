package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestRevisionsAreComparedByWhatTheyDecide(t *testing.T) {
	file := func(connection, rule, comment string) directory.PolicyFile {
		return directory.PolicyFile{Name: "acme.yaml", Text: []byte("organization: {id: acme}\n" + comment + "connections: [{id: acme-okta, provider: okta" + connection + "}]\n" +
			"roles: [{name: viewer}, {name: admin}]\nrules: [{name: bosses, groups: [" + rule + "], role: admin}]\n")}
	}
	marked := func(f directory.PolicyFile) directory.PolicyFile {
		f.Connections = true
		return f
	}
	plain := file("", "Bosses", "")
	for what, c := range map[string]struct {
		after []directory.PolicyFile
		want  PolicyChange
		known bool
	}{
		"nothing":      {[]directory.PolicyFile{plain}, PolicyChange{}, true},
		"a comment":    {[]directory.PolicyFile{file("", "Bosses", "# who leads\n\n")}, PolicyChange{}, true},
		"a rule":       {[]directory.PolicyFile{file("", "Chiefs", "")}, PolicyChange{Decisions: true}, true},
		"settings":     {[]directory.PolicyFile{file(", state: paused, groups_from: login", "Bosses", "")}, PolicyChange{Settings: []string{"acme-okta: groups_from, state"}}, true},
		"a role of it": {[]directory.PolicyFile{file(", default_role: viewer", "Bosses", "")}, PolicyChange{Decisions: true}, true},
		"settings, and a rule that waits": {
			[]directory.PolicyFile{plain, marked(file(", oidc: {issuer: \"https://id.acme.com\", client_id: x, client_secret: \"${secret:x}\"}", "Chiefs", ""))},
			PolicyChange{Settings: []string{"acme-okta: oidc"}},
			true,
		},
		"what cannot be read": {[]directory.PolicyFile{{Name: "acme.yaml", Text: []byte("ruels: []")}}, PolicyChange{}, false},
	} {
		got, known := ComparePolicies([]directory.PolicyFile{plain}, c.after)
		if diff := cmp.Diff(c.want, got); diff != "" || known != c.known {
			t.Errorf("%s: known %v, (-want +got)\n%s", what, known, diff)
		}
	}
}
