package mail

import "github.com/mixus/usher/config"

// Welcome greets a new member, and says what they can do and where to begin.
type Welcome struct {
	Letter
	Name         string     `json:"name,omitempty"`
	Role         string     `json:"role,omitempty"`
	Department   string     `json:"department,omitempty"`
	Can          []string   `json:"can,omitempty"`    // what the role permits, in words, such as "run shared agents"
	Models       []string   `json:"models,omitempty"` // AI models
	Integrations int        `json:"integrations,omitempty"`
	Upload       string     `json:"upload,omitempty"` // how large a file may be, such as 500MB
	Storage      string     `json:"storage,omitempty"`
	Agents       string     `json:"agents,omitempty"` // how many agents, or whether any
	Spaces       []string   `json:"spaces,omitempty"` // team spaces
	Steps        []Step     `json:"steps,omitempty"`  // to begin with
	Resources    []Resource `json:"resources,omitempty"`
}

// Step is something to begin with.
type Step struct {
	Title   string `json:"title"`
	Minutes int    `json:"minutes,omitempty"`
}

// Resource is something to read.
type Resource struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Message writes the letter, with an organization's own templates where it has some.
func (w *Welcome) Message(from Letter, own []config.MailTemplate) (*Message, error) {
	filled := *w
	filled.Letter = from
	return write(KindWelcome, &filled, own)
}

// Start is the page on which a new member begins.
func (w Welcome) Start() string { return w.PublicURL + "/welcome" }
