package web

import "strconv"

// Ceremony is a form that is sent once a script has had a passkey made or used. It carries credential. Where the browser
// runs no scripts, or knows no passkeys, it is not shown.
type Ceremony struct {
	Form    Form
	Options string // for navigator.credentials, as JSON; "" leaves the form out
}

// mostPassword is how many UTF-16 units the field of a password takes: more than any that is good enough, so that none is
// cut off unseen.
const mostPassword = 512

// PasswordLogin asks for a passkey, or for an address and a password. The form carries email and password.
type PasswordLogin struct {
	Frame
	Form    Form
	Email   string
	Problem Problem
	Passkey Ceremony
	Code    string // the path at which to ask for a code by mail
}

func (p *PasswordLogin) fill(s *sheet) {
	s.say("passwordlogin")
	s.ceremony("get", "passwordlogin.passkey", p.Passkey)
	s.form(p.Form, "passwordlogin.button", true)
	email, password := p.Problem, NoProblem
	if p.Problem == PasswordMissing || p.Problem == CredentialWrong {
		email, password = NoProblem, p.Problem
	}
	s.ask(input{Name: "email", Type: "email", Autocomplete: "username", Inputmode: "email", Value: p.Email}, email)
	s.askAlso(input{Name: "password", Type: "password", Autocomplete: "current-password", Inputmode: "text", Most: mostPassword}, password)
	s.aside("passwordlogin.code", p.Code)
}

// OwnSignIn is where people set what they sign in with whom no provider signs in. The form carries password.
type OwnSignIn struct {
	Frame
	Form     Form
	Email    string // the person's address, for their password manager
	Problem  Problem
	Changed  string // the day on which the password was set; "" for none
	Remove   Form   // removes it
	Passkey  Ceremony
	Passkeys []OwnPasskey
	Done     bool   // something was changed just now
	Continue string // where to go on
}

// OwnPasskey is a passkey of the person's. Its form carries name, and do: rename or remove.
type OwnPasskey struct {
	Form  Form
	Name  string
	Added string // the day
	Used  string // the day; "" for never
}

func (p *OwnSignIn) fill(s *sheet) {
	s.say("ownsignin")
	if p.Done {
		s.Tone = toneDone
		s.Text = append([]string{s.word("ownsignin.done")}, s.Text...)
	}
	if s.ceremony("create", "ownsignin.passkey", p.Passkey); s.First != nil {
		s.First.Heading, s.First.Text = s.word("ownsignin.passkey"), s.word("ownsignin.passkey.text")
		if p.Problem == PasskeyWrong {
			s.First.Problem = s.word(string(p.Problem))
		}
	}
	s.password(p)
	for i := range p.Passkeys {
		s.passkey(i, &p.Passkeys[i])
	}
	if p.Changed != "" || len(p.Passkeys) > 0 {
		s.aside("ownsignin.continue", p.Continue)
	} else {
		s.aside("ownsignin.later", p.Continue)
	}
}

// password is the part of the page about the password.
func (s *sheet) password(p *OwnSignIn) {
	heading, problem := "ownsignin.password", p.Problem
	if problem == PasskeyWrong {
		problem = NoProblem
	}
	if p.Changed != "" {
		heading = "ownsignin.password.other"
		s.detail("ownsignin.password.since", p.Changed)
		gone := s.lesser(p.Remove)
		gone.Buttons = []Choice{{Value: "remove", Label: s.word("ownsignin.password.gone")}}
		s.More = append(s.More, gone)
	}
	s.form(p.Form, "ownsignin.button", false)
	s.Form.Heading = s.word(heading)
	s.Form.Input = s.field(input{Name: "email", Type: "email", Autocomplete: "username", Inputmode: "email", Value: p.Email, Fixed: true}, NoProblem)
	s.askAlso(input{
		Name: "password", Type: "password", Autocomplete: "new-password", Inputmode: "text", Most: mostPassword, Hint: s.word("ownsignin.password.hint"),
	}, problem)
}

// passkey is the part of the page about one passkey.
func (s *sheet) passkey(i int, k *OwnPasskey) {
	hint := "ownsignin.name.hint"
	delete(s.values, "added")
	s.know("added", k.Added)
	if delete(s.values, "used"); s.know("used", k.Used) {
		hint = "ownsignin.name.used"
	}
	f := s.lesser(k.Form)
	f.Inputs = []*input{s.field(input{
		Name: "name", ID: "name-" + strconv.Itoa(i+1), Type: "text", Autocomplete: "off", Inputmode: "text", Value: k.Name, Hint: s.word(hint), Most: 60,
	}, NoProblem)}
	f.Buttons = []Choice{{Value: "rename", Label: s.word("ownsignin.rename")}, {Value: "remove", Label: s.word("ownsignin.remove")}}
	s.More = append(s.More, f)
}

// ceremony puts a passkey's form before the main one, where there is one.
func (s *sheet) ceremony(kind, button string, c Ceremony) {
	if c.Options == "" {
		return
	}
	s.First = s.lesser(c.Form)
	s.First.Ceremony, s.First.Options = kind, c.Options
	s.First.Say, s.First.Buttons = s.word(s.name+".failed"), []Choice{{Value: kind, Label: s.word(button)}}
	s.Script = s.script
}
