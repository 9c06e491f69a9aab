package mapping_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// What was decided of one person stays when others are decided in the same room, also where it shares what was in force.
func TestADecisionOutlivesTheRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, person := anyPolicy(t), anyPerson(t)
		first := p.Evaluate(person, noon)
		person.Current = &first.Decision
		second := p.Evaluate(person, noon)
		was, _ := json.Marshal([]any{first, second})
		other := anyPerson(t)
		for range 3 {
			p.Evaluate(other, noon)
		}
		now, _ := json.Marshal([]any{first, second})
		if diff := cmp.Diff(string(was), string(now)); diff != "" {
			t.Fatalf("it is another by now (-was +now):\n%s", diff)
		}
	})
}

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
