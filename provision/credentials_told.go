package provision

import (
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

// credentialOnce is within what time the same change of one credential, in one session, is told of once: a button that is
// clicked twice sets a password twice.
const credentialOnce = time.Minute

// credentialNews is a change of what somebody signs in with, for the journal and for the person.
type credentialNews struct {
	note    string // for the journal
	what    string // for the person; "" where they are told nothing
	kind    string
	about   *directory.Grant // the one credential that has changed; nil for several
	session directory.ID     // in which the person has changed it; zero where an admin has
	agent   string
}

// mailCredential tells a member what has become of what they sign in with.
func (s *settlement) mailCredential(m *directory.Member, n *credentialNews) error {
	if n.what == "" {
		return nil
	}
	letter := mail.Credential{Name: m.Decision.Name, What: n.what, Agent: n.agent, Admin: n.session.IsZero()}
	key := n.kind + "/" + n.session.String() + "/" + s.now.Truncate(credentialOnce).Format(time.RFC3339)
	if g := n.about; g != nil {
		key += "/" + g.ID.String()
		if g.Passkey != nil {
			letter.Passkey = g.Passkey.Name
		}
	}
	return s.letter(&directory.Mail{Kind: mail.KindCredential, To: m.Decision.Email, About: m.ID, Key: key}, letter)
}

// removedByAdmin is what a member is told whose credentials an admin has removed.
func removedByAdmin(gone []*directory.Grant) *credentialNews {
	n := &credentialNews{kind: kindCredentialRemoved, what: "what you had set up was removed"}
	if len(gone) == 1 {
		n.about, n.what = gone[0], "a passkey was removed"
		if n.about.Password != nil {
			n.what = "your password was removed"
		}
	}
	return n
}
