package mapping

import (
	"time"

	"github.com/mixus/usher/directory"
)

// status says whether the person is in scope and active, with every cause that says otherwise: an admin's word first,
// then missing scope, an ended membership, and what the directories say.
func (e *evaluation) status() {
	d := e.decision()
	d.InScope = d.Role != ""
	stopped := e.manual()
	active := e.active()
	if !active && len(e.counted) == 0 {
		e.stop(directory.StatusSuspended, directory.SourceInactive, "", "no directory record is left, and there is no accepted invitation")
	}
	if !d.InScope && (active || len(e.counted) > 0) {
		e.stop(directory.StatusNone, directory.SourceNoRule, "", "no rule, invitation or default gives a role")
	}
	if e.ended() {
		stopped = true
	}
	if !active && len(e.counted) > 0 {
		at, because := "", "every directory record is inactive"
		if e.authority != "" {
			at, because = e.policy.connections[e.authority].At.Rule(), "inactive in "+e.authority+", whose word counts"
		}
		e.stop(directory.StatusSuspended, directory.SourceInactive, at, because)
	}
	d.Active = d.InScope && active && !stopped
}

// approval lets a person wait who has asked to join by signing in, until an admin has let them in or a directory speaks of
// them.
func (e *evaluation) approval() {
	if e.recorded() {
		return
	}
	for _, g := range e.grants(directory.GrantInvitation) {
		if g.State == directory.InvitationAwaiting {
			e.decision().Waits = true
			e.stop(directory.StatusNone, directory.SourceApproval, "", g.Reason)
			return
		}
	}
}

// stop adds a reason why the person is not a member, or not active.
func (e *evaluation) stop(status directory.Status, source directory.Source, at, because string) {
	r := directory.Reason{Field: fieldStatus, Value: string(status), Source: source, At: at, Because: because}
	e.step(Step{Field: fieldStatus, Value: r.Value, Reason: r})
}

// manual adds what admins did by hand, and reports whether it keeps the person out.
func (e *evaluation) manual() bool {
	reasons := ByHand(e.person.Grants, e.at)
	for _, r := range reasons {
		e.soon(r.Until)
		e.step(Step{Field: fieldStatus, Value: r.Value, Reason: r})
	}
	return len(reasons) > 0
}

// ByHand returns why a person is not to get in by the word of admins, whatever everybody else says: removals first, then
// suspensions, the latest of each first.
func ByHand(grants []*directory.Grant, at time.Time) []directory.Reason {
	var reasons []directory.Reason
	for _, by := range []struct {
		kind   directory.GrantKind
		status directory.Status
	}{{directory.GrantRemoval, directory.StatusRemoved}, {directory.GrantSuspension, directory.StatusSuspended}} {
		for _, g := range unexpired(grants, by.kind, at) {
			reasons = append(reasons, directory.Reason{
				Field: fieldStatus, Value: string(by.status), Source: directory.SourceManual, Because: byHand(string(by.status), g), Until: g.Ends,
			})
		}
	}
	return reasons
}
