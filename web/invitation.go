package web

import "time"

// Invitation shows what somebody is invited to, and how they accept: with their company's sign-in, by a mailed code, or, where
// they are signed in already, at once. Exactly one of Continue and Form is set.
type Invitation struct {
	Frame
	Email      string // that is invited
	Inviter    string // who invites; "" is left out, as in the next three
	Role       string
	Department string
	Message    string    // what the inviter writes, as plain text
	Until      time.Time // the link works
	Provider   string    // the name for people of the sign-in to which Continue leads
	Continue   string    // the path of that sign-in
	Form       Form      // asks for a code, or accepts
	As         string    // who is signed in, and accepts by the form; "" where it asks for a code
	Decline    string    // the path at which to decline
}

func (p *Invitation) fill(s *sheet) {
	s.know("email", p.Email)
	s.know("provider", p.Provider)
	text := "invitation.text"
	if s.know("inviter", p.Inviter) {
		text = "invitation.text.inviter"
	}
	s.sayAs("invitation", "invitation.heading", text)
	s.detail("detail.role", p.Role)
	s.detail("detail.department", p.Department)
	if !p.Until.IsZero() {
		s.detail("detail.until", p.Until.UTC().Format("2 January 2006, 15:04 MST"))
	}
	s.quote("invitation.message", p.Message)
	switch {
	case p.Continue != "":
		s.also("invitation.provider")
		s.lead("invitation.provider.button", p.Continue)
	case s.know("as", p.As):
		s.form(p.Form, "invitation.accept.button", true)
	default:
		s.also("invitation.code")
		s.form(p.Form, "invitation.code.button", true)
	}
	s.aside("invitation.decline", p.Decline)
}

// InvitationCode asks for the code that was mailed to the invited address. The form carries code.
type InvitationCode struct {
	Frame
	Form    Form
	Email   string
	Before  bool // it was asked for a moment before, too, and is sent once
	Problem Problem
	Again   string // the path of the invitation, where a new code can be asked for
}

func (p *InvitationCode) fill(s *sheet) {
	s.know("email", p.Email)
	text := "invitationcode.text"
	if p.Before {
		text = "invitationcode.text.before"
	}
	s.sayAs("invitationcode", "invitationcode.heading", text)
	s.form(p.Form, "invitationcode.button", true)
	s.ask(input{Name: "code", Type: "text", Autocomplete: "one-time-code", Inputmode: "numeric"}, p.Problem)
	s.aside("invitationcode.again", p.Again)
}

// InvitationDecline asks whether to decline, because a GET changes nothing.
type InvitationDecline struct {
	Frame
	Form Form
	Stay string // the path of the invitation
}

func (p *InvitationDecline) fill(s *sheet) {
	s.say("invitationdecline")
	s.form(p.Form, "invitationdecline.button", false)
	s.aside("invitationdecline.keep", p.Stay)
}

// The ways on from InvitationAccount, which its form carries under the name "do".
const (
	SwitchAccount = "switch"
	ChangeAddress = "address"
)

// InvitationAccount tells somebody that they are signed in by another address than the one that is invited.
type InvitationAccount struct {
	Frame
	Form  Form
	Email string // that is invited
	Got   string // of whoever is signed in
	Stay  string // where to go instead
}

func (p *InvitationAccount) fill(s *sheet) {
	s.Tone = toneWait
	s.know("email", p.Email)
	text := "invitationaccount.text"
	if s.know("got", p.Got) {
		text = "invitationaccount.text.got"
	}
	s.sayAs("invitationaccount", "invitationaccount.heading", text)
	s.choose(p.Form, "do", []Choice{
		{Value: SwitchAccount, Label: s.word("invitationaccount.switch")}, {Value: ChangeAddress, Label: s.word("invitationaccount.address")},
	})
	s.aside("invitationaccount.stay", p.Stay)
}

// InvitationAsked says that the admins were asked to change an invitation's address.
type InvitationAsked struct {
	Frame
	Continue string // where the button leads: a path of our own, or the application
}

func (p *InvitationAsked) fill(s *sheet) {
	s.Tone = toneDone
	s.say("invitationasked")
	s.lead("invitationasked.button", p.Continue)
}

// Over says what has become of an invitation whose link is opened too late.
type Over string

// What becomes of invitations.
const (
	OverExpired   Over = "expired"
	OverReplaced  Over = "replaced"  // a newer mail has a link that works
	OverAccepted  Over = "accepted"  // and nobody is signed in who has accepted it
	OverDeclined  Over = "declined"  // by whoever had the link
	OverCancelled Over = "cancelled" // by the organization
	OverUnknown   Over = "unknown"   // there is no such link

	OverUnapproved Over = "unapproved" // it has changed, and waits for an approval, after which a new mail comes
)

// InvitationOver tells that a link works no more, and what to do. Its Reference is required, except where the invitation was
// accepted or declined.
type InvitationOver struct {
	Frame
	Over  Over
	Again string // the path of the login page
}

func (p *InvitationOver) fill(s *sheet) {
	switch p.Over {
	case OverAccepted, OverDeclined:
		s.Tone = toneDone
	case OverExpired, OverReplaced, OverCancelled, OverUnapproved, OverUnknown:
		s.refuse()
		s.Tone = toneWait
	default:
		s.fail("an unknown end of an invitation " + string(p.Over))
	}
	name := "invitationover." + string(p.Over)
	s.say(name)
	if p.Over == OverExpired || p.Over == OverCancelled || p.Over == OverUnapproved {
		s.contact("invitationover.button", p.Again)
		return
	}
	s.lead("invitationover.button", p.Again)
}
