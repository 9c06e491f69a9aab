package onboarding

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Plan is what an organization's file asks of people who are new.
type Plan struct {
	steps    []config.OnboardingStep
	training []config.Training
	modules  map[string]*config.TrainingModule
	badge    config.Badge

	names map[string]string   // of departments, by folded spelling
	above map[string][]string // a department and those above it
}

// Compile makes a Plan of an organization's file.
func Compile(o *config.Organization) *Plan {
	p := &Plan{
		steps: o.Onboarding.Steps, training: o.Onboarding.Training, badge: o.Onboarding.Badge,
		modules: map[string]*config.TrainingModule{}, names: map[string]string{}, above: map[string][]string{},
	}
	for i := range o.Onboarding.Modules {
		p.modules[o.Onboarding.Modules[i].Name] = &o.Onboarding.Modules[i]
	}
	parents := map[string]string{}
	for i := range o.Departments {
		d := &o.Departments[i]
		parents[d.Name] = d.Parent
		for _, spelling := range append([]string{d.Name}, d.Match...) {
			p.names[folded(spelling)] = d.Name
		}
	}
	for name := range parents {
		for at := name; at != "" && !slices.Contains(p.above[name], at); at = p.names[folded(parents[at])] {
			p.above[name] = append(p.above[name], at)
		}
	}
	return p
}

// Any reports whether anything is asked of anybody.
func (p *Plan) Any() bool { return len(p.steps)+len(p.training) > 0 }

// Count returns how many steps and modules the file can ask of somebody.
func (p *Plan) Count() int {
	modules := map[string]bool{}
	for i := range p.training {
		for _, name := range append(slices.Clone(p.training[i].Required), p.training[i].Optional...) {
			modules[name] = true
		}
	}
	return len(p.steps) + len(modules)
}

func folded(s string) string { return directory.Fold(norm.NFC.String(strings.TrimSpace(s))) }

// in reports whether a member's department is one that is named, or below it.
func (p *Plan) in(d *directory.Decision, department string) bool {
	if d.Department == "" {
		return false
	}
	own := folded(d.Department)
	if own == folded(department) {
		return true
	}
	name, known := p.names[folded(department)]
	return known && slices.Contains(p.above[p.names[own]], name)
}
