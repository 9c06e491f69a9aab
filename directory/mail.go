package directory

import (
	"time"
)

// MailState is what became of a mail.
type MailState string

// The states of a mail.
const (
	MailQueued MailState = "queued" // waits for the mail server
	MailSent   MailState = "sent"   // the mail server has taken it
	MailFailed MailState = "failed" // given up: somebody has to look at it
)

// Mail is something that is to be mailed to one person, or was. What it says is made when it is sent.
type Mail struct {
	ID      ID        `json:"-"`
	Org     OrgNum    `json:"org"`
	Key     string    `json:"key"` // the same thing is never mailed twice to the same person
	Kind    string    `json:"kind"`
	To      string    `json:"to"`
	About   ID        `json:"about,omitzero"` // the invitation or the member that it is about
	Data    []byte    `json:"data,omitempty"` // what the letter is made of; sealed in the store
	State   MailState `json:"state"`
	Tries   int       `json:"tries,omitempty"`
	Due     time.Time `json:"due,omitzero"` // while it is queued: when it is tried next
	Created time.Time `json:"created"`

	LastError string `json:"error,omitempty"` // what the mail server said last
	Waits     string `json:"waits,omitempty"` // why it was not to be sent at once
}
