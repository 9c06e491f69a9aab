package mapping

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// account is a directory record in an evaluation.
type account struct {
	*Account
	connection *connection // nil when the file has none of that id
	groups     groupSet
	subject    *subject // of an account to which rules apply; see makes it
	invited    bool     // made of an invitation: no provider speaks of the person
}

func (a *account) order() int {
	if a.connection == nil {
		return math.MaxInt
	}
	return a.connection.order
}

// what names the kind of account in reasons.
func (a *account) what() string {
	if a.invited {
		return "an invitation"
	}
	if a.Login {
		return "a sign-in by "
	}
	return "a record of "
}

// see returns the account as conditions see it. It is made when the first condition needs it.
func (a *account) see() *subject {
	if a.subject.account == nil {
		var z zeros
		if a.connection != nil {
			z = a.connection.zeros
		}
		a.subject.set(a.Account, z)
	}
	return a.subject
}

// gather sorts out which accounts count. When the ignore list names every one of them it returns the entry that does;
// they are then all there is to say who the person is.
func (e *evaluation) gather() *ignore {
	var ignored *ignore
	e.counted = e.room.counted[:0]
	for i := range e.person.Accounts {
		a := &e.person.Accounts[i]
		if entry := e.policy.ignored(a); entry == nil {
			e.count(a)
		} else if ignored == nil || entry.at.Line < ignored.at.Line {
			ignored = entry
		}
	}
	if len(e.counted) > 0 {
		ignored = nil
	} else {
		for i := range e.person.Accounts {
			e.count(&e.person.Accounts[i])
		}
	}
	e.room.counted = e.counted
	slices.SortFunc(e.counted, compareAccounts)
	e.choose()
	return ignored
}

func (e *evaluation) count(a *Account) {
	e.counted = append(e.counted, account{Account: a, connection: e.policy.connections[a.Connection]})
}

// compareAccounts goes by the order of connections in the file, then takes active records before inactive ones.
func compareAccounts(a, b account) int {
	if c := cmp.Or(cmp.Compare(a.order(), b.order()), strings.Compare(a.Connection, b.Connection)); c != 0 {
		return c
	}
	if a.Profile.Active != b.Profile.Active {
		if a.Profile.Active {
			return -1
		}
		return 1
	}
	return cmp.Or(slices.Compare(a.User[:], b.User[:]),
		strings.Compare(a.Profile.UserName, b.Profile.UserName), strings.Compare(a.Profile.ExternalID, b.Profile.ExternalID))
}

// choose takes the accounts to which rules apply: a record that its source has ended gives nothing beside one that it
// has not.
func (e *evaluation) choose() {
	e.giving = e.counted
	e.invitedAccount()
	active := func(a account) bool { return a.Profile.Active }
	inactive := func(a account) bool { return !active(a) }
	if slices.ContainsFunc(e.counted, inactive) && slices.ContainsFunc(e.counted, active) {
		e.giving = slices.DeleteFunc(slices.Clone(e.counted), inactive)
	}
	e.invitedDepartments()
	e.room.unseen(e.giving)
	if words := e.policy.selectors.words(); words > 0 {
		sets := e.room.groupSets(words, len(e.giving))
		for i := range e.giving {
			e.giving[i].groups = sets[i*words : (i+1)*words]
			e.policy.selectors.fill(e.giving[i].groups, e.giving[i].Groups)
		}
	}
}
