package mapping

import (
	"errors"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Policy is a compiled organization file. It is immutable and safe for concurrent use.
type Policy struct {
	Organization *config.Organization
}

var errContract = errors.New("mapping: contract only")

// Compile checks references, types and conditions of an organization file, all at once, and returns the policy when no
// problem is an error.
func Compile(org *config.Organization) (*Policy, []directory.Problem) { return nil, nil }

// Evaluate decides for one person at an instant. It is a function: no clock, no history beyond its arguments.
func (p *Policy) Evaluate(person *Person, at time.Time) Result { return Result{} }

// Explain evaluates and says why: every rule with its place, whether it matched, and which selector held or failed.
func (p *Policy) Explain(person *Person, at time.Time) Trace { return Trace{} }

// Connection returns the settings of a connection, nil when the file has none of that id.
func (p *Policy) Connection(id string) *config.Connection { return nil }

// GroupNames returns the folded names by which rules and inGroup literals ask for groups, sorted.
func (p *Policy) GroupNames() []string { return nil }

// Names reports whether a folded name is one of GroupNames.
func (p *Policy) Names(folded string) bool { return false }

// Owns reports whether the organization owns a folded mail domain.
func (p *Policy) Owns(domain string) bool { return false }

// TopRole returns the name of the highest-ranked role, "" when there are no roles.
func (p *Policy) TopRole() string { return "" }

// Trace is how a decision came about.
type Trace struct {
	Rules  []RuleTrace `json:"rules"`
	Steps  []Step      `json:"steps"` // how each single-valued result was chosen, in the order of evaluation
	Result Result      `json:"result"`
}

// RuleTrace is what became of one rule.
type RuleTrace struct {
	Rule    string   `json:"rule"`
	At      string   `json:"at"` // file:line
	Matched bool     `json:"matched"`
	Because []string `json:"because"`         // one line per selector: what it asked for, what it saw
	Gave    []string `json:"gave,omitempty"`  // "role admin", "team platform", … while it counts
	Error   string   `json:"error,omitempty"` // a condition that failed to evaluate
}

// Step is one choice: which sources there were for a field, and which won.
type Step struct {
	Field  string           `json:"field"`
	Value  string           `json:"value"`
	Reason directory.Reason `json:"reason"`
	Beaten []string         `json:"beaten,omitempty"` // "role member from rule engineers (acme.yaml:12)"
}
