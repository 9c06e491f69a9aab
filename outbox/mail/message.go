package mail

import (
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/mixus/usher/directory"
)

// Message is one mail to one person.
type Message struct {
	ID      string // names the mail for good: letters, digits and hyphens; it becomes the left half of the Message-ID
	To      string // one address, without a name
	Subject string
	Text    string
	HTML    string
	At      time.Time // when it was written

	// Handing is called when all but the end of the mail was sent: from then on the server may have taken it. The end is not
	// sent when it fails. Nil does nothing.
	Handing func() error
}

// check refuses what could become a second header or a second recipient.
func (m *Message) check() error {
	a, err := mail.ParseAddress(m.To)
	switch {
	case err != nil || a.Address != m.To || strings.ContainsFunc(m.To, unicode.IsControl):
		return directory.Errorf(directory.Invalid, "A mail goes to one address such as it@acme.com.")
	case m.Subject == "" || strings.ContainsFunc(m.Subject, unicode.IsControl):
		return directory.Errorf(directory.Invalid, "The subject of a mail is one line.")
	case m.ID == "" || strings.ContainsFunc(m.ID, notInID):
		return directory.Errorf(directory.Invalid, "The id of a mail holds letters, digits and hyphens.")
	}
	return nil
}

func notInID(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// compose writes the mail as it goes over the line. It names no machine but the public host, and no program.
func (s *Sender) compose(m *Message) (*gomail.Msg, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := out.From(s.Settings.From); err != nil {
		return nil, &directory.Error{Kind: directory.Invalid, Message: "The sender of mail in usher.yaml is no address.", Err: err}
	}
	if s.Settings.ReplyTo != "" {
		if err := out.ReplyTo(s.Settings.ReplyTo); err != nil {
			return nil, &directory.Error{Kind: directory.Invalid, Message: "reply_to of mail in usher.yaml is no address.", Err: err}
		}
	}
	if err := out.To(m.To); err != nil {
		return nil, &directory.Error{Kind: directory.Invalid, Message: "A mail goes to one address such as it@acme.com.", Err: err}
	}
	out.Subject(m.Subject)
	out.SetDateWithValue(m.At.UTC())
	out.SetMessageIDWithValue(m.ID + "@" + s.host())
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5: nobody's absence is answered to it
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		out.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return out, nil
}
