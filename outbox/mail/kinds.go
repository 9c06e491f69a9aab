package mail

import "time"

// The kinds of letter. Each is the name of its templates.
const (
	KindInvitation     = "invitation"      // Invitation
	KindReminder       = "reminder"        // Invitation
	KindApprovalNeeded = "approval_needed" // ApprovalNeeded
	KindApproved       = "approved"        // Approved
	KindWelcome        = "welcome"         // Welcome
	KindExpiring       = "expiring"        // Expiring
	KindCredential     = "credential"      // Credential
	KindHold           = "hold"            // Notice
	KindSecret         = "secret"          // Notice: of a certificate, key or token that expires
	KindAddress        = "address"         // Notice: of somebody who asks for the address of an invitation to be changed
	KindAlert          = "alert"           // Alert
)

// values are what a template is filled in with.
type values interface{ letter() *Letter }

// kind is a kind of letter.
type kind struct {
	name string
	// empty returns what its data are decoded into, full an example in which everything is set, and bare one in which
	// nothing is that may be missing.
	empty, full, bare func() values
}

// kinds returns every kind in the order in which people see them.
func kinds() []kind {
	until := time.Date(2027, 1, 31, 18, 0, 0, 0, time.UTC)
	invitation := func() values {
		return &Invitation{
			Name: "Ann Example", Inviter: "Bea Admin", Role: "member", Department: "engineering", Note: "Hi Ann,\nwe start on Monday.",
			Expires: until, Token: "3kTMd-example-UyQ",
		}
	}
	empty := func() values { return &Invitation{} }
	notice := func(n Notice) kind {
		return kind{
			empty: func() values { return &Notice{} },
			full:  func() values { full := n; return &full },
			bare:  func() values { return &Notice{About: n.About, Text: n.Text} },
		}
	}
	hold := notice(Notice{
		About: "12 people wait to be suspended", Text: "12 people wait to be suspended: beyond 10 within 1h, usually less than one.",
		Advice: []string{"Who they are: `usher holds show ID`."},
	})
	secret := notice(Notice{
		About: "The signing certificate of acme-okta expires", Text: "The certificate of acme-okta expires on 31 January 2027.",
		Advice: []string{"Upload the next one at the provider."},
	})
	address := notice(Notice{
		About: "somebody asks for the address of an invitation to be changed", Text: "The invitation of ann@private.example was opened by ann@acme.com.",
		Advice: []string{"Ask them whether both addresses are theirs."},
	})
	hold.name, secret.name, address.name = KindHold, KindSecret, KindAddress
	return []kind{
		{KindInvitation, empty, invitation, empty},
		{KindReminder, empty, invitation, empty},
		{
			KindApprovalNeeded, func() values { return &ApprovalNeeded{} },
			func() values {
				return &ApprovalNeeded{
					Email: "ann@acme.com", Name: "Ann Example", Inviter: "Bea Admin", Role: "member", Why: "the organization approves every invitation",
					Approve: "usher invitations approve ID --reason WHY",
				}
			},
			func() values { return &ApprovalNeeded{Email: "ann@acme.com"} },
		},
		{KindApproved, func() values { return &Approved{} }, func() values { return &Approved{Name: "Ann Example", Role: "member"} }, func() values { return &Approved{} }},
		{KindWelcome, func() values { return &Welcome{} }, welcomeExample, func() values { return &Welcome{} }},
		{
			KindExpiring, func() values { return &Expiring{} },
			func() values { return &Expiring{Name: "Ann Example", What: "your membership", Ends: until} },
			func() values { return &Expiring{What: "your membership", Ends: until} },
		},
		{
			KindCredential, func() values { return &Credential{} },
			func() values {
				return &Credential{Name: "Ann Example", What: "a passkey was added", Passkey: "My laptop", Agent: "Firefox on Linux"}
			},
			func() values { return &Credential{What: "your password was changed"} },
		},
		hold, secret, address,
		{
			KindAlert, func() values { return &Alert{} },
			func() values { return &Alert{Who: "root@acme.com", Used: true, Agent: "Firefox on Linux"} },
			func() values { return &Alert{Who: "root@acme.com"} },
		},
	}
}

func welcomeExample() values {
	return &Welcome{
		Name: "Ann Example", Role: "member", Department: "engineering", Can: []string{"run shared agents", "comment on shared conversations"},
		Models: []string{"claude-4", "gpt-4"}, Integrations: 3, Names: []string{"github", "jira", "slack"}, Bases: []string{"runbooks"},
		Upload: "500MB", Storage: "10GB", Agents: "each after an admin's approval", Spaces: []string{"platform"},
		Places:    []Place{{Title: "platform", Holds: []string{"agent code_reviewer", "files designs and specs"}}},
		Projects:  []Place{{Title: "project alpha", Until: "30 June 2027", Holds: []string{"integration figma"}}},
		Shared:    []string{"integration salesforce (read leads)"},
		Steps:     []Step{{Title: "Complete your profile", Minutes: 3}},
		Resources: []Resource{{Name: "Team playbook", URL: "https://wiki.acme.com/playbook"}},
	}
}

// Kinds returns the names of every kind of letter that is queued.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds() {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}
