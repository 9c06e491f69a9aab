package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

var stepForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// onboardingTable is the table of the key "onboarding".
func onboardingTable() *object[Onboarding] {
	return &object[Onboarding]{
		name: "onboarding", noun: `"onboarding"`, doc: "What is asked of people who are new.",
		keys: []key[Onboarding]{
			in("steps", listOf(stepTable().value(), "a list of steps"), func(o *Onboarding) *[]OnboardingStep { return &o.Steps },
				"What there is to do, in order.", "[{id: account, minutes: 2}, {id: profile, minutes: 3, for: {roles: [member]}}]"),
			trainingKey(), trainingFile(),
			in("modules", trainingModules(), func(o *Onboarding) *[]TrainingModule { return &o.Modules },
				"What people read of the modules that trainings name.", "{github_integration: {title: Working with GitHub, minutes: 10}}"),
			in("badge", badgeTable().value(), func(o *Onboarding) *Badge { return &o.Badge },
				"What somebody gets who has done everything that is required.", "{name: Onboarded}"),
		},
		start: func(at directory.Position) Onboarding { return Onboarding{At: at} },
	}
}

func stepTable() *object[OnboardingStep] {
	return &object[OnboardingStep]{
		name: "onboarding_step", noun: "a step", doc: "Something to do for who is new.",
		keys: []key[OnboardingStep]{
			in("id", stepID(), func(s *OnboardingStep) *string { return &s.ID }, "By which the application reports it. The step account is done by itself once somebody has joined, signed in and accepted the terms.", "profile").must(),
			in("title", nameText(), func(s *OnboardingStep) *string { return &s.Title }, "What people read; made of the id without it.", "Complete your profile"),
			in("minutes", count(0), func(s *OnboardingStep) *int { return &s.Minutes }, "How long it takes.", "3"),
			in("link", secureURL(), func(s *OnboardingStep) *string { return &s.Link }, "Where it is done.", "https://app.acme.com/profile"),
			in("items", listOf(nameText(), "a list of texts"), func(s *OnboardingStep) *[]string { return &s.Items }, "What it consists of.", "[Add a photo, Choose your notifications]"),
			in("for", stepForTable().value(), func(s *OnboardingStep) *OnboardingFor { return &s.For }, "Of whom it is asked; of everybody without it.", "{departments: [engineering]}"),
		},
		start: func(at directory.Position) OnboardingStep { return OnboardingStep{At: at} },
		finish: func(_ *decoder, _ *node, s *OnboardingStep) {
			if s.Title == "" {
				s.Title = TitleOf(s.ID)
			}
		},
	}
}

// stepID is an id that stands in the address at which a step is reported.
func stepID() value[string] {
	return checked("an id", noPlaceholder, jsonschema.Schema{Pattern: stepForm.String()}, func(s string) (string, string, string) {
		if !stepForm.MatchString(s) {
			return "", "which is no id of a step", "use up to 63 letters, digits, _ and -"
		}
		return s, "", ""
	})
}

func stepForTable() *object[OnboardingFor] {
	return &object[OnboardingFor]{
		name: "onboarding_for", noun: `"for"`, doc: "Of whom a step is asked: of whom each of the lists names that is there.",
		keys: []key[OnboardingFor]{
			in("roles", someOf(nameText(), "a list of roles"), func(f *OnboardingFor) *[]string { return &f.Roles }, "People of these roles.", "[admin]"),
			in("departments", someOf(nameText(), "a list of departments"), func(f *OnboardingFor) *[]string { return &f.Departments }, "People of these departments, and of those below them.", "[engineering]"),
			in("teams", someOf(nameText(), "a list of teams"), func(f *OnboardingFor) *[]string { return &f.Teams }, "People of these teams.", "[platform]"),
		},
		start:  func(at directory.Position) OnboardingFor { return OnboardingFor{At: at} },
		places: func(f *OnboardingFor) *Places { return &f.Places },
		finish: func(d *decoder, n *node, _ *OnboardingFor) {
			if len(n.pairs) == 0 {
				d.fail(n.at, `"for" names nobody`, "write for example roles: [member], or leave the key out")
			}
		},
	}
}

// trainingTable is what customers say of one team.
func trainingTable() *object[Training] {
	return &object[Training]{
		name: "training", noun: "a training", doc: "The modules in which the people of a team, a department or a permission set are trained.",
		keys: []key[Training]{
			in("required_modules", listOf(nameText(), "a list of modules"), func(t *Training) *[]string { return &t.Required }, "What they have to do.", "[github_integration]"),
			in("optional_modules", listOf(nameText(), "a list of modules"), func(t *Training) *[]string { return &t.Optional }, "What they may do.", "[monitoring_agents]"),
		},
		start:  func(at directory.Position) Training { return Training{At: at} },
		places: func(t *Training) *Places { return &t.Places },
		finish: func(d *decoder, _ *node, t *Training) {
			for _, name := range t.Optional {
				if slices.Contains(t.Required, name) {
					d.fail(t.Places.Item("optional_modules", name, t.At), "the module "+short(name)+" is required and optional", "leave it in one of the two lists")
				}
			}
		},
	}
}

// trainings is a mapping from whom to the modules in which they are trained.
func trainings() value[[]Training] {
	table := trainingTable()
	return mapOf(func(d *decoder, key, n *node) (Training, bool) {
		got, ok := table.read(d, n, spot{key: key.text, example: "{required_modules: [github_integration]}"})
		got.At, got.Of = key.at, strings.TrimSpace(key.text)
		return got, ok
	}, byTraining, table.value().schema, "a mapping from teams to their modules")
}

func byTraining(a, b Training) int { return cmp.Compare(a.Of, b.Of) }

// trainingKey adds to what is there already, so that the file and the one it names join.
func trainingKey() key[Onboarding] {
	const name, example = "training", "{engineering_team: {required_modules: [github_integration], optional_modules: [monitoring_agents]}}"
	v := trainings()
	return key[Onboarding]{
		name: name, example: example, schema: v.schema, blank: true,
		doc: "The modules of each team, department or permission set of that name, also without _team behind it.",
		read: func(d *decoder, n *node, o *Onboarding) {
			if got, ok := v.read(d, n, spot{key: name, example: example}); ok {
				o.Training = append(o.Training, got...)
			}
		},
	}
}

// trainingFile is the key that names a file of trainings.
func trainingFile() key[Onboarding] {
	path, v := filePath(), trainings()
	return key[Onboarding]{
		name: "training_file", example: "training.json", schema: path.schema,
		doc: "A file of trainings beside this one, as customers have it; they join those of training.",
		read: func(d *decoder, n *node, o *Onboarding) {
			name, ok := path.read(d, n, spot{key: "training_file", example: "training.json"})
			if !ok {
				return
			}
			d.include(n, name, func(sub *decoder, root *node) {
				got, _ := v.read(sub, root, spot{key: "training_file"})
				o.Training = append(o.Training, got...)
			})
		},
	}
}

func trainingModules() value[[]TrainingModule] {
	table := &object[TrainingModule]{
		name: "training_module", noun: "a module", doc: "What people read of a module of a training.",
		keys: []key[TrainingModule]{
			in("title", nameText(), func(m *TrainingModule) *string { return &m.Title }, "What people read; made of the name without it.", "Working with GitHub"),
			in("minutes", count(0), func(m *TrainingModule) *int { return &m.Minutes }, "How long it takes.", "10"),
			in("link", secureURL(), func(m *TrainingModule) *string { return &m.Link }, "Where it is.", "https://learn.acme.com/github"),
		},
		start: func(at directory.Position) TrainingModule { return TrainingModule{At: at} },
	}
	return mapOf(func(d *decoder, key, n *node) (TrainingModule, bool) {
		got, ok := table.read(d, n, spot{key: key.text, example: "{title: Working with GitHub, minutes: 10}"})
		got.At, got.Name = key.at, strings.TrimSpace(key.text)
		return got, ok
	}, func(a, b TrainingModule) int { return cmp.Compare(a.Name, b.Name) }, table.value().schema, "a mapping from the names of modules to what people read of them")
}

func badgeTable() *object[Badge] {
	return &object[Badge]{
		name: "badge", noun: "a badge", doc: "What somebody gets who has done everything that is required.",
		keys: []key[Badge]{
			in("name", nameText(), func(b *Badge) *string { return &b.Name }, "What people read.", "Onboarded").must(),
			in("image", logoAddress(), func(b *Badge) *string { return &b.Image }, "Its picture: an https address, or a path below public_url that the proxy in front serves.", "https://cdn.acme.com/badge.svg"),
		},
		start: func(at directory.Position) Badge { return Badge{At: at} },
	}
}
