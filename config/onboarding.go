package config

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mixus/usher/directory"
)

// AccountStep is the id of the step that is done by itself once somebody has joined, signed in and accepted the terms.
const AccountStep = "account"

// Onboarding is what is asked of people who are new.
type Onboarding struct {
	At       directory.Position
	Steps    []OnboardingStep // in order
	Training []Training       // sorted by Of
	Modules  []TrainingModule // sorted by name; what Training does not name is nobody's
	Badge    Badge
}

// Any reports whether anything is asked of anybody.
func (o *Onboarding) Any() bool { return len(o.Steps)+len(o.Training) > 0 }

// OnboardingStep is something to do for who is new.
type OnboardingStep struct {
	At      directory.Position
	ID      string
	Title   string
	Minutes int    // 0 where the file does not say
	Link    string // an https address; "" for none
	Items   []string
	For     OnboardingFor
}

// OnboardingFor says of whom a step is asked: of whom every list that is there names. Without any it is everybody.
type OnboardingFor struct {
	At          directory.Position
	Roles       []string
	Departments []string // those below them too
	Teams       []string
	Places      Places
}

// Training says which modules the people of a team, a department or a permission set are trained in.
type Training struct {
	At       directory.Position
	Of       string // as written: "engineering_team"
	Required []string
	Optional []string
	Places   Places
}

// Names returns the names that a training may mean: as it is written, and without "_team" behind it.
func (t *Training) Names() []string {
	if short, ok := strings.CutSuffix(t.Of, "_team"); ok && short != "" {
		return []string{t.Of, short}
	}
	return []string{t.Of}
}

// TrainingModule is what people read of a module.
type TrainingModule struct {
	At      directory.Position
	Name    string
	Title   string
	Minutes int
	Link    string
}

// Badge is what somebody gets who has done everything.
type Badge struct {
	At    directory.Position
	Name  string // "" for none
	Image string // an https address, or a path below public_url; "" for none
}

// TitleOf makes a title of an id or the name of a module: "github_integration" becomes "Github integration".
func TitleOf(id string) string {
	words := strings.Join(strings.FieldsFunc(id, func(r rune) bool { return r == '_' || r == '-' || r == ' ' }), " ")
	if words == "" {
		return id
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}
