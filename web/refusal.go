package web

// Why says what kept a person out.
type Why string

// What keeps people out.
const (
	Awaiting      Why = "awaiting"      // an admin has to approve them first
	NotAssigned   Why = "notassigned"   // the provider itself did not let them in
	NotPushed     Why = "notpushed"     // the provider has not pushed them yet
	NoPlace       Why = "noplace"       // nothing in the organization's file gives them a place
	JoiningPaused Why = "paused"        // the organization lets nobody new in at present
	WrongAccount  Why = "wrongaccount"  // the provider signed in somebody else than was asked for
	Suspended     Why = "suspended"     // they are suspended, or were removed
	Expired       Why = "expired"       // the page is old, or was used already
	TooMany       Why = "toomany"       // too many tries
	Unavailable   Why = "unavailable"   // the provider does not answer
	Elsewhere     Why = "elsewhere"     // their provider signs them in, and nothing of their own does
	Misconfigured Why = "misconfigured" // the provider's settings and ours do not fit
	Broken        Why = "broken"        // the fault is ours
)

// Reasons lists every reason, for the tests that walk a transport's table of them.
func Reasons() []Why {
	return []Why{
		Awaiting, NotAssigned, NotPushed, NoPlace, JoiningPaused, WrongAccount,
		Suspended, Expired, TooMany, Unavailable, Elsewhere, Misconfigured, Broken,
	}
}

// Refusal tells a person why they are not in, and what to do about it. Its Reference is required.
type Refusal struct {
	Frame
	Why      Why
	Provider string // the provider's name for people
	Asked    string // for WrongAccount: the address that was asked for
	Got      string // for WrongAccount: the address that came back
	Again    string // the path at which to try again
}

func (p *Refusal) fill(s *sheet) {
	s.refuse()
	s.know("provider", p.Provider)
	switch p.Why {
	case Awaiting, NotPushed, JoiningPaused, Expired, TooMany, Elsewhere:
		s.Tone = toneWait
	case WrongAccount:
		if s.know("asked", p.Asked) && s.know("got", p.Got) {
			s.sayAs("wrongaccount", "wrongaccount.heading", "wrongaccount.text.both")
			s.lead("wrongaccount.button", p.Again)
			return
		}
	case Suspended, NoPlace, Misconfigured:
		// Trying again leads to the same page until somebody has changed something: ask first.
		s.say(string(p.Why))
		s.contact("again.button", p.Again)
		return
	case NotAssigned, Unavailable, Broken:
	default:
		s.fail("an unknown refusal " + string(p.Why))
	}
	s.say(string(p.Why))
	s.lead(string(p.Why)+".button", p.Again)
}
