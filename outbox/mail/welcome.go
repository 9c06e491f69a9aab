package mail

import "github.com/mixus/usher/config"

// Welcome greets a new member, and says what they can do and where to begin. What it says of one thing it says in one place:
// what Models, Names, Bases, Upload or Agents tell more closely is not in Can.
type Welcome struct {
	Letter
	Name         string     `json:"name,omitempty"`
	Role         string     `json:"role,omitempty"`
	Department   string     `json:"department,omitempty"`
	Can          []string   `json:"can,omitempty"`          // what the role permits, in words, such as "run shared agents"
	Models       []string   `json:"models,omitempty"`       // AI models
	Integrations int        `json:"integrations,omitempty"` // how many
	Names        []string   `json:"names,omitempty"`        // of the integrations
	Bases        []string   `json:"bases,omitempty"`        // knowledge bases
	Upload       string     `json:"upload,omitempty"`       // how large a file may be, such as 500MB
	Storage      string     `json:"storage,omitempty"`
	Agents       string     `json:"agents,omitempty"`    // how they create agents, such as "each after an admin's approval"
	Spaces       []string   `json:"spaces,omitempty"`    // names of team spaces
	Places       []Place    `json:"places,omitempty"`    // team spaces, with what is in them
	Projects     []Place    `json:"projects,omitempty"`  // with what they give
	Shared       []string   `json:"shared,omitempty"`    // what others share with them, in words
	Steps        []Step     `json:"steps,omitempty"`     // to begin with
	Resources    []Resource `json:"resources,omitempty"` // to read
}

// Place is a team space or a project.
type Place struct {
	Title string   `json:"title"`
	Until string   `json:"until,omitempty"` // the day on which it ends, as people read it; "" for never
	Holds []string `json:"holds,omitempty"` // what of it is theirs, in words, such as "files specs and designs"
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
