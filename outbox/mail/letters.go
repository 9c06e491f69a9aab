package mail

import (
	"strings"
	"time"
)

// Letter says whom a letter is from and to. Every letter has its fields.
type Letter struct {
	ID           string    `json:"-"` // of the mail
	To           string    `json:"-"`
	Organization string    `json:"-"`
	SupportName  string    `json:"-"` // whom to turn to; may be empty
	SupportEmail string    `json:"-"`
	PublicURL    string    `json:"-"` // without a slash at its end; every link begins with it
	At           time.Time `json:"-"` // what it tells of
}

// When is the instant as people read it.
func (l Letter) When() string { return instant(l.At) }

// SignIn is the page on which people sign in.
func (l Letter) SignIn() string { return l.PublicURL + "/login" }

func (l *Letter) letter() *Letter { return l }

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 January 2006, 15:04 MST")
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 January 2006")
}

// Code is the letter with which somebody signs in, breaks glass or accepts an invitation.
type Code struct {
	Letter
	Code    string // digits
	Minutes int    // for which it works
	Agent   string // the browser that asked
	Invited bool   // it accepts an invitation
}

// Message writes the letter.
func (c Code) Message() (*Message, error) { return write("code", &c, nil) }

// Spaced is the code in two halves, for the eye.
func (c Code) Spaced() string {
	half := len(c.Code) / 2
	return c.Code[:half] + " " + c.Code[half:]
}

// Alert is the letter that tells of glass being broken, to those who have to know.
type Alert struct {
	Letter
	Who   string `json:"who"`             // the address that was asked for
	Used  bool   `json:"used,omitempty"`  // somebody signed in by it; otherwise a code was asked for
	Agent string `json:"agent,omitempty"` // the browser
}

// Message writes the letter.
func (a Alert) Message() (*Message, error) { return write(KindAlert, &a, nil) }

// Invitation invites somebody, or reminds them of that they were.
type Invitation struct {
	Letter
	Name       string    `json:"name,omitempty"` // of who is invited; may be empty
	Inviter    string    `json:"inviter,omitempty"`
	Role       string    `json:"role,omitempty"`
	Department string    `json:"department,omitempty"`
	Note       string    `json:"message,omitempty"` // what the inviter writes
	Expires    time.Time `json:"expires,omitzero"`
	Token      string    `json:"token,omitempty"` // the secret of the link; without it, the person accepts by signing in
}

// Link is where the invitation is accepted.
func (i Invitation) Link() string {
	if i.Token == "" {
		return i.SignIn()
	}
	return i.PublicURL + "/invitations/" + i.Token
}

// Until is when the link ends, as people read it; "" where it does not.
func (i Invitation) Until() string { return instant(i.Expires) }

// NoteLines are the lines of what the inviter writes.
func (i Invitation) NoteLines() []string {
	if strings.TrimSpace(i.Note) == "" {
		return nil
	}
	return strings.Split(strings.TrimSpace(i.Note), "\n")
}

// ApprovalNeeded tells admins of somebody who waits for their word.
type ApprovalNeeded struct {
	Letter
	Email   string `json:"email"`          // of the person
	Name    string `json:"name,omitempty"` // of the person
	Inviter string `json:"inviter,omitempty"`
	Role    string `json:"role,omitempty"`
	Why     string `json:"why,omitempty"`     // an approval is needed
	Approve string `json:"approve,omitempty"` // the command that lets the person in

	Permission string `json:"permission,omitempty"` // that a member asks for; "" where somebody is to be let in
}

// Approved tells somebody that an admin has let them in.
type Approved struct {
	Letter
	Name string `json:"name,omitempty"`
	Role string `json:"role,omitempty"`
}

// Expiring tells somebody that something of theirs ends soon.
type Expiring struct {
	Letter
	Name string    `json:"name,omitempty"`
	What string    `json:"what"` // ends, such as "your membership" or "your access to the project Alpha"
	Ends time.Time `json:"ends"`
}

// Day is when it ends, as people read it.
func (x Expiring) Day() string { return day(x.Ends) }

// Notice tells admins of something that they have to see to.
type Notice struct {
	Letter
	About  string   `json:"about"`            // in a few words: it is the subject
	Text   string   `json:"text"`             // what happened
	Advice []string `json:"advice,omitempty"` // what can be done
}
