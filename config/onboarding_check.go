package config

import (
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
)

// How much can be asked of people, in all: what is asked of each is looked at whenever they open a page.
const (
	mostSteps   = 100
	mostModules = 1000
)

// finishOnboarding orders what is asked of who is new and checks the names in it.
func finishOnboarding(d *decoder, o *Organization) {
	b := &o.Onboarding
	if tooMuchIsAsked(d, b) {
		return
	}
	slices.SortStableFunc(b.Training, byTraining)
	uniqueBy(d, "step", b.Steps, func(v OnboardingStep) (string, directory.Position) { return v.ID, v.At })
	uniqueBy(d, "training", b.Training, func(v Training) (string, directory.Position) { return v.Of, v.At })
	p := partiesOf(o)
	for i := range b.Steps {
		p.stepFor(d, o, &b.Steps[i].For)
	}
	var modules []string
	for i := range b.Training {
		t := &b.Training[i]
		modules = append(append(modules, t.Required...), t.Optional...)
		checkModules(d, b, t)
		if !p.trained(o, t) {
			d.warn(t.At, fmt.Sprintf("the training %q is nobody's: there is no team, department or permission set of that name, also without _team behind it", short(t.Of)),
				"rename it, or add the team, department or permission set")
		}
	}
	for _, m := range b.Modules {
		if !slices.Contains(modules, m.Name) {
			d.warn(m.At, fmt.Sprintf("no training has a module %q", short(m.Name)), didYouMean(m.Name, modules, "add it to required_modules or optional_modules of a training, or remove it"))
		}
	}
}

// tooMuchIsAsked refuses more than people can be asked to do.
func tooMuchIsAsked(d *decoder, b *Onboarding) bool {
	modules := 0
	for i := range b.Training {
		modules += len(b.Training[i].Required) + len(b.Training[i].Optional)
	}
	problem := ""
	switch {
	case len(b.Steps) > mostSteps:
		problem = fmt.Sprintf("%d steps, and can have %d", len(b.Steps), mostSteps)
	case modules > mostModules:
		problem = fmt.Sprintf("%d modules in its trainings, and can have %d", modules, mostModules)
	case len(b.Modules) > mostModules:
		problem = fmt.Sprintf("%d modules, and can have %d", len(b.Modules), mostModules)
	default:
		return false
	}
	d.fail(b.At, "the onboarding has "+problem, "leave to the application what is asked beyond that, and ask for it in one step")
	return true
}

// checkModules reports modules that are reported as a step would be.
func checkModules(d *decoder, b *Onboarding, t *Training) {
	check := func(key string, names []string) {
		for _, name := range names {
			if slices.ContainsFunc(b.Steps, func(s OnboardingStep) bool { return s.ID == name }) {
				d.fail(t.Places.Item(key, name, t.At), fmt.Sprintf("%q is a step and a module, and the application could not say which of them was done", short(name)), "rename the step")
			}
		}
	}
	check("required_modules", t.Required)
	check("optional_modules", t.Optional)
}

func (p *parties) stepFor(d *decoder, o *Organization, f *OnboardingFor) {
	var roles []string
	for i := range o.Roles {
		roles = append(roles, o.Roles[i].Name)
	}
	for _, name := range f.Roles {
		if !slices.Contains(roles, name) {
			d.fail(f.Places.Item("roles", name, f.At), fmt.Sprintf("there is no role %q", short(name)), didYouMean(name, roles, "add it to roles"))
		}
	}
	for _, name := range f.Departments {
		p.department(d, f.Places.Item("departments", name, f.At), name)
	}
	for _, name := range f.Teams {
		p.team(d, f.Places.Item("teams", name, f.At), name)
	}
}

// trained reports whether anybody can be whom a training is for.
func (p *parties) trained(o *Organization, t *Training) bool {
	return slices.ContainsFunc(t.Names(), func(name string) bool {
		return p.folded[normalize(name)] || slices.Contains(p.teams, name) ||
			slices.ContainsFunc(o.PermissionSets, func(s PermissionSet) bool { return s.Name == name }) ||
			slices.ContainsFunc(o.Rules, func(r Rule) bool { return normalize(r.Department) == normalize(name) && r.Department != "" })
	})
}
