package web

// Page is one page for people: Login, ConnectionChoice, OrganizationChoice, UnknownAddress, PostToProvider, Welcome, Refusal,
// Terms, CodeRequest, CodeEntry, SignOut, SignedOut, PasswordLogin, OwnSignIn, or one of those
// about an invitation.
type Page interface {
	frame() *Frame
	fill(s *sheet)
}

// Frame is what every page has around what it says.
type Frame struct {
	Application  string       // what people sign in to, by its name; "" when it is not known
	Organization Organization // whose people it is for; zero as long as that is not known
	Reference    string       // what a person tells the helpdesk; required where somebody is turned away
}

func (f *Frame) frame() *Frame { return f }

// Organization is whose people a page is for.
type Organization struct {
	Name    string
	Logo    string // an https address or a path of our own; anything else is left out
	Support Support
}

// Support is whom people turn to. What is malformed is left out.
type Support struct {
	Name  string
	Email string
	URL   string // an https address or a path of our own
}

// Form is where a page's form goes, and what it carries along.
type Form struct {
	Action string // a path of our own
	Hidden []Field
}

// Field is a hidden field of a form. Its value arrives as it is given.
type Field struct{ Name, Value string }

// Choice is one of several ways on. The form carries Value under the name that the page says.
type Choice struct {
	Value string
	Label string
	Last  bool // chosen last time in this browser
}

// Problem is what is wrong with what a person typed.
type Problem string

// The problems of fields.
const (
	NoProblem    Problem = ""
	EmailMissing Problem = "email.missing"
	EmailInvalid Problem = "email.invalid"
	CodeMissing  Problem = "code.missing"
	CodeWrong    Problem = "code.wrong" // wrong, expired or of another browser: the page does not tell which

	PasswordMissing  Problem = "password.missing"
	PasswordShort    Problem = "password.short"
	PasswordLong     Problem = "password.long"
	PasswordCommon   Problem = "password.common"
	PasswordPersonal Problem = "password.personal"
	CredentialWrong  Problem = "credential.wrong" // a password or passkey that does not let in, for whatever reason
	PasskeyWrong     Problem = "passkey.wrong"    // a passkey that could not be added
)

// Login asks for an email address, which leads to a provider. The form carries email.
type Login struct {
	Frame
	Form    Form
	Email   string // what was typed before, or login_hint
	Problem Problem
	Other   string // the path of signing in without a provider; "" leaves it out
}

func (p *Login) fill(s *sheet) {
	s.say("login")
	s.form(p.Form, "login.button", true)
	s.ask(input{Name: "email", Type: "email", Autocomplete: "username", Inputmode: "email", Value: p.Email}, p.Problem)
	if p.Other != "" {
		s.aside("login.own", p.Other)
	}
}

// ConnectionChoice offers the sign-ins of one organization. The form carries connection.
type ConnectionChoice struct {
	Frame
	Form        Form
	Connections []Choice
	Other       string // the path of the login page, for another address
}

func (p *ConnectionChoice) fill(s *sheet) {
	s.say("connections")
	s.choose(p.Form, "connection", p.Connections)
	s.aside("other.link", p.Other)
}

// OrganizationChoice offers the organizations of one address. The form carries organization.
type OrganizationChoice struct {
	Frame
	Form          Form
	Organizations []Choice
	Other         string // the path of the login page, for another address
}

func (p *OrganizationChoice) fill(s *sheet) {
	s.say("organizations")
	s.choose(p.Form, "organization", p.Organizations)
	s.aside("other.link", p.Other)
}

// UnknownAddress says that an address leads to no provider. It is the same for every address, and says nothing of accounts.
// Its Reference is required.
type UnknownAddress struct {
	Frame
	Email string
	Again string // the path of the login page
	Code  string // the path at which to ask for a code
}

func (p *UnknownAddress) fill(s *sheet) {
	s.refuse()
	s.know("email", p.Email)
	s.say("unknown")
	s.lead("unknown.button", p.Again)
	s.aside("unknown.code", p.Code)
}

// PostToProvider hands a message to a provider by a form, whose button a person presses: SAML's POST binding without a
// script (SAML Bindings, section 3.5).
type PostToProvider struct {
	Frame
	Provider string  // its name for people
	Action   string  // the provider's address
	Fields   []Field // the message
	Leaving  bool    // the message is about signing out
}

func (p *PostToProvider) fill(s *sheet) {
	s.know("provider", p.Provider)
	name := "post"
	if p.Leaving {
		name = "postlogout"
	}
	s.say(name)
	s.post(p.Action, p.Fields, name+".button")
}

// Welcome greets a person after the first login.
type Welcome struct {
	Frame
	Name       string // the person's
	Role       string // what they got; "" is left out, as in the next two
	Department string
	Teams      []string
	Onboarding *Onboarding // what is asked of the person; nil for nothing
	Continue   string      // where the button leads: a path of our own, or the application; "" where there is nowhere to go
}

func (p *Welcome) fill(s *sheet) {
	s.Tone = toneDone
	name := "welcome"
	if s.know("name", p.Name) {
		s.sayAs(name, name+".heading.named")
	} else {
		s.say(name)
	}
	s.detail("detail.role", p.Role)
	s.detail("detail.department", p.Department)
	s.detail("detail.teams", p.Teams...)
	if p.Onboarding != nil {
		s.checklist(p.Onboarding)
	}
	if p.Continue != "" {
		s.lead("welcome.button", p.Continue)
	}
}

// Terms asks for the acceptance of terms. The form carries version.
type Terms struct {
	Frame
	Form    Form
	Version string
	Changed bool   // the person accepted an earlier version
	Text    string // the terms themselves; paragraphs end with an empty line
	URL     string // or where they are: an https address or a path of our own
	Decline string // the path that leads out
}

func (p *Terms) fill(s *sheet) {
	s.know("version", p.Version)
	name := "terms"
	if p.Changed {
		name = "terms.changed"
	}
	s.say(name)
	s.document(p.Text, p.URL)
	s.form(Form{Action: p.Form.Action, Hidden: append([]Field{{"version", p.Version}}, p.Form.Hidden...)}, "terms.button", true)
	s.aside("terms.decline", p.Decline)
}

// CodeRequest asks for the address of somebody who may sign in without a provider. The form carries email.
type CodeRequest struct {
	Frame
	Form    Form
	Email   string
	Problem Problem
	Back    string // the path of the login page
}

func (p *CodeRequest) fill(s *sheet) {
	s.say("coderequest")
	s.form(p.Form, "coderequest.button", false)
	s.ask(input{Name: "email", Type: "email", Autocomplete: "email", Inputmode: "email", Value: p.Email}, p.Problem)
	s.aside("coderequest.back", p.Back)
}

// CodeEntry asks for the code that was sent, whether or not one was. The form carries code.
type CodeEntry struct {
	Frame
	Form    Form
	Email   string
	Before  bool // it was asked for a moment before, too, and is sent once
	Problem Problem
	Again   string // the path at which a new code can be asked for
}

func (p *CodeEntry) fill(s *sheet) {
	s.know("email", p.Email)
	text := "codeentry.text"
	if p.Before {
		text = "codeentry.text.before"
	}
	s.sayAs("codeentry", "codeentry.heading", text)
	s.form(p.Form, "codeentry.button", true)
	s.ask(input{Name: "code", Type: "text", Autocomplete: "one-time-code", Inputmode: "numeric"}, p.Problem)
	s.aside("codeentry.again", p.Again)
}

// SignOut asks whether to sign out, because a GET changes nothing.
type SignOut struct {
	Frame
	Form  Form
	Email string // who is signed in; "" leaves it out
	Stay  string // where to go instead
}

func (p *SignOut) fill(s *sheet) {
	if s.know("email", p.Email) {
		s.sayAs("signout", "signout.heading", "signout.text.named")
	} else {
		s.say("signout")
	}
	s.form(p.Form, "signout.button", true)
	s.aside("signout.stay", p.Stay)
}

// SignedOut says that the session has ended.
type SignedOut struct {
	Frame
	Provider string // where the person may still be signed in; "" when they are not
	Again    string // the path of the login page
}

func (p *SignedOut) fill(s *sheet) {
	s.Tone = toneDone
	name := "signedout"
	if s.know("provider", p.Provider) {
		name = "signedout.here"
	}
	s.say(name)
	s.lead("signedout.button", p.Again)
}
