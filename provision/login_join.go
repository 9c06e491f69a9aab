package provision

import (
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/outbox/mail"
)

// gate returns the domain by whose rule somebody may join who is known by nothing else, or why not.
func (l *login) gate() (*config.Domain, LoginCode) {
	for _, address := range l.said.Addresses {
		name := directory.EmailDomain(address)
		if !l.owns(name) {
			continue
		}
		d := l.policy.Domain(name)
		if !d.AutoInvite && !d.RequireAdminApproval {
			return nil, LoginNotPushed
		}
		return d, ""
	}
	if l.unheard != "" {
		l.note(l.unheard)
		return nil, LoginUnvouched
	}
	for _, a := range l.in.Addresses {
		if !a.Vouched && l.owns(directory.EmailDomain(a.Value)) {
			return nil, LoginUnvouched
		}
	}
	return nil, LoginUnknownDomain
}

// join goes on with somebody whom the organization does not know: the rule of the domain decides, then the mapping.
func (l *login) join() error {
	if l.lockdown.On() {
		return l.refuse(LoginLockdown, nil)
	}
	domain, code := l.gate()
	if code == "" && l.settings.State == config.StatePaused {
		code = LoginPaused
	}
	if code == "" && l.settings.State == config.StateActive {
		code = l.wouldBe()
	}
	if code != "" {
		return l.refuse(code, nil)
	}
	l.how = LoginJoined
	l.note("joined by the rule of the domain " + domain.Domain + " (" + domain.At.Rule() + ")")
	id := l.engine.ids.New(l.now)
	if err := l.await(id, domain); err != nil {
		return err
	}
	return l.record(id)
}

// wouldBe says why the mapping would not make a member of somebody new. A refusal leaves nothing behind, so that it is asked
// before anything is written.
func (l *login) wouldBe() LoginCode {
	account := loginAccount(l.settings, l.writer.NewLogin(l.said))
	result := l.policy.Evaluate(&mapping.Person{Accounts: []mapping.Account{account}}, l.now)
	switch {
	case !result.Decision.InScope || !result.Decision.Active:
		l.note(reasonsOf(&result.Decision)...)
		return LoginNoRule
	case result.Decision.Waits:
		l.note(reasonsOf(&result.Decision)...)
		return LoginWaits
	}
	return ""
}

// await has an admin decide whether the person may join, where the domain wants that. While the connection observes there is
// nothing to decide.
func (l *login) await(member directory.ID, d *config.Domain) error {
	if !d.RequireAdminApproval {
		return nil
	}
	if l.said.Observed {
		l.note("were the connection active, " + d.Domain + " would require an admin's approval (" + d.At.Rule() + ")")
		return nil
	}
	letter := mail.ApprovalNeeded{
		Email: oneLine(l.said.Addresses[0]), Name: shortly(oneLine(l.said.Profile.DisplayName)), Why: "asked to join by signing in, and " + d.Domain + " requires an admin's approval",
		Approve: "usher members approve " + member.String() + " --reason WHY",
	}
	if err := l.tellAdmins(mail.KindApprovalNeeded, member, "", letter); err != nil {
		return err
	}
	return l.tx.PutGrants([]*directory.Grant{{
		ID: l.engine.ids.New(l.now), Org: l.org, Member: member, Kind: directory.GrantInvitation, State: directory.InvitationAwaiting,
		Actor: "sign-in", Reason: "asked to join by signing in, and " + d.Domain + " requires an admin's approval (" + d.At.Rule() + ")", Created: l.now,
	}})
}
