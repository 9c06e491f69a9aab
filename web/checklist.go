package web

import "strconv"

// Onboarding is what is asked of a person who is new, and how far they are.
type Onboarding struct {
	Steps       []Step
	Done, Total int // of the required ones
	MinutesLeft int
	Complete    bool   // it stays so when more is asked
	Badge       string // the name of what they got; "" for nothing
	BadgeImage  string // an https address or a path of our own; anything else is left out
}

// Step is something to do.
type Step struct {
	Title    string
	Minutes  int    // 0 is left out
	Link     string // an https address or a path of our own; anything else is left out
	Items    []string
	Done     bool
	New      bool // asked since everything was complete
	Optional bool
}

// checklist is an onboarding in words.
type checklist struct {
	Title, Summary   string
	Done, Total      int
	Steps            []step
	Badge, BadgeText string
}

// step is one line of a checklist. State says what the tick shows.
type step struct {
	Title, Link, State string
	Done               bool
	Notes              []string // how long it takes, that it is optional or new
	Items              []string
}

// checklist shows what is asked of a person.
func (s *sheet) checklist(o *Onboarding) {
	c := &checklist{Title: s.word("onboarding.heading"), Done: o.Done, Total: max(o.Total, o.Done)}
	s.know("done", strconv.Itoa(o.Done))
	s.know("total", strconv.Itoa(o.Total))
	s.know("minutes", strconv.Itoa(o.MinutesLeft))
	switch {
	case o.Total == 0:
		c.Summary = s.word("onboarding.optional.only")
	case o.Done >= o.Total:
		c.Summary = s.word("onboarding.all")
	case o.MinutesLeft > 0:
		c.Summary = s.word("onboarding.some.minutes")
	default:
		c.Summary = s.word("onboarding.some")
	}
	if o.Complete && s.know("badge", o.Badge) {
		c.BadgeText = s.word("onboarding.badge")
		if public(o.BadgeImage) {
			c.Badge = o.BadgeImage
		}
	}
	for i := range o.Steps {
		c.Steps = append(c.Steps, s.step(&o.Steps[i]))
	}
	s.Checklist = c
}

func (s *sheet) step(of *Step) step {
	out := step{Title: clean(of.Title), Done: of.Done, State: s.word("onboarding.open")}
	if of.Done {
		out.State = s.word("onboarding.done")
	}
	if public(of.Link) {
		out.Link = of.Link
	}
	if of.Minutes > 0 {
		s.know("minutes", strconv.Itoa(of.Minutes))
		out.Notes = append(out.Notes, s.word("onboarding.minutes"))
	}
	if of.Optional {
		out.Notes = append(out.Notes, s.word("onboarding.optional"))
	}
	if of.New && !of.Done {
		out.Notes = append(out.Notes, s.word("onboarding.new"))
	}
	for _, item := range of.Items {
		if item = clean(item); item != "" {
			out.Items = append(out.Items, item)
		}
	}
	return out
}
