package config

import "github.com/mixus/usher/directory"

// Letters says how the organization's mail reads.
type Letters struct {
	At        directory.Position
	Templates []MailTemplate // sorted by name
	Resources []Resource     // what a new member is pointed to, in order
	Welcome   string         // who is sent a welcome: WelcomeInvited, WelcomeEverybody or WelcomeNobody
}

// Who is sent a welcome on becoming a member.
const (
	WelcomeInvited   = "invited" // whoever was invited, or asked to join
	WelcomeEverybody = "everybody"
	WelcomeNobody    = "nobody"
)

// MailTemplate is a template that takes the place of one of usher's.
type MailTemplate struct {
	At   directory.Position // its file
	Name string             // the kind of letter with .txt or .html, such as invitation.html
	Text string
}

// Resource is something to read.
type Resource struct {
	At   directory.Position
	Name string
	URL  string
}
