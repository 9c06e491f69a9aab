package provision

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPermissionsAreReadAsWords(t *testing.T) {
	for name, c := range map[string]struct{ permissions, want []string }{
		"a viewer": {
			[]string{"conversations.view.shared", "files.view.shared", "knowledge_bases.read.public", "notifications.receive"},
			[]string{"view shared conversations and files", "read public knowledge bases", "receive notifications"},
		},
		"of before there were scopes": {
			[]string{"conversations.view_shared", "knowledge.read_public", "agents.create_own", "agents.run"},
			[]string{"view shared conversations", "read public knowledge bases", "create your own agents", "run all agents"},
		},
		"the widest scope counts, once": {
			[]string{"agents.edit.own", "files.edit.own", "agents.edit", "agents.run.shared", "agents.run.own"},
			[]string{"edit all agents", "edit your own files", "run shared agents"},
		},
		"an admin": {
			[]string{"billing.manage", "subscriptions.manage", "members.manage", "members.invite", "sso.configure", "security.configure", "conversations.comment.shared"},
			[]string{"manage billing, subscriptions and members", "invite members", "configure single sign-on and security settings", "comment on shared conversations"},
		},
		"names of an organization's own": {
			[]string{"invoices.pay_late", "vault.secrets.open", "superuser", "all", "x.own"},
			[]string{"pay late invoices", "open vault secrets", "superuser", "all", "own x"},
		},
		"none": {nil, []string{}},
	} {
		if diff := cmp.Diff(c.want, inWords(c.permissions)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
