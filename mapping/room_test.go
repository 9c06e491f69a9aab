package mapping_test

import (
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func TestTheEmailsOfAnotherPersonAreNobodysEmails(t *testing.T) {
	p := compile(t, acme(config.Rule{Name: "reachable", When: `has(user.emails)`, Teams: []string{"reachable"}}))
	with, without := ann(), ann()
	with.Accounts[0].Profile.Emails = []directory.Email{{Value: "ann@acme.com"}}
	without.Accounts[0].Profile.Emails = nil
	for range 20 {
		if got := p.Evaluate(with, noon).Decision.Teams; len(got) != 1 {
			t.Fatalf("with an address: in the teams %q", got)
		}
		if got := p.Evaluate(without, noon).Decision.Teams; len(got) != 0 {
			t.Fatalf("without any: in the teams %q", got)
		}
	}
}
