package provision

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

// welcomeActions says in a welcome what a member can do, each thing once: what permission sets say of it comes before what the
// role permits, as it is narrower.
func welcomeActions(w *mail.Welcome, a *access.Access) {
	told := map[string]bool{}
	for _, x := range a.Withheld {
		told[x.Action] = true
	}
	for _, v := range a.Values {
		switch v.Name {
		case "file_upload_limit":
			told[access.ActionOf(v.Name)] = true
			if v.Value.Size > 0 {
				w.Upload = directory.FormatSize(v.Value.Size)
			}
		case "storage", "storage_limit":
			if v.Value.IsSize {
				w.Storage = directory.FormatSize(v.Value.Size)
			}
		case "agent_creation":
			told[access.ActionOf(v.Name)] = true
			w.Agents = agentsWords(v.Value.Level)
		}
	}
	var can []string
	for _, p := range a.Permissions {
		if !told[p.Action] {
			can = append(can, p.Action+"."+p.Scope)
		}
	}
	w.Can = inWords(can)
}

// welcomeThings says in a welcome in what a member has a share: what permission sets list, unless the role gives all of the kind,
// and what spaces, projects and others give.
func welcomeThings(w *mail.Welcome, o *config.Organization, d *directory.Decision, a *access.Access) {
	listed, shared, places := map[string][]string{}, &place{}, map[string][]*place{}
	for i := range a.Things {
		h := &a.Things[i]
		switch kind := h.Source.Kind; kind {
		case access.KindSpace, access.KindProject:
			n := slices.IndexFunc(places[kind], func(p *place) bool { return p.name == h.Source.Name })
			if n < 0 {
				n = len(places[kind])
				places[kind] = append(places[kind], &place{name: h.Source.Name})
			}
			places[kind][n].add(h)
		case access.KindSet, access.KindUpdate, access.KindApproval:
			if !slices.Contains(listed[h.Type], h.ID) {
				listed[h.Type] = append(listed[h.Type], h.ID)
			}
		default:
			shared.add(h)
		}
	}
	for kind, list := range places {
		slices.SortFunc(list, func(a, b *place) int { return cmp.Compare(a.name, b.name) })
		for _, p := range list {
			switch {
			case !p.in: // of a space to which they do not belong, they have this
				for _, words := range p.words() {
					w.Shared = append(w.Shared, words+", from "+p.name)
				}
			case kind == access.KindSpace:
				w.Spaces, w.Places = append(w.Spaces, p.name), append(w.Places, p.letter())
			default:
				w.Projects = append(w.Projects, p.letter())
			}
		}
	}
	for _, name := range d.Spaces { // of which the file says no more than the name
		if !slices.ContainsFunc(o.Spaces, func(s config.Space) bool { return s.Name == name }) {
			w.Spaces, w.Places = append(w.Spaces, name), append(w.Places, mail.Place{Title: name})
		}
	}
	w.Shared = append(w.Shared, shared.words()...)
	slices.Sort(w.Shared)
	w.Integrations = len(listed[access.TypeIntegration])
	w.Models = few(unlessAll(a, "models.use", listed[access.TypeModel]))
	w.Names = few(unlessAll(a, "integrations.use", listed[access.TypeIntegration]))
	w.Bases = few(unlessAll(a, "knowledge_bases.read", listed[access.TypeKnowledgeBase]))
}

// unlessAll returns what is listed, unless the role permits the action on everything of the kind.
func unlessAll(a *access.Access, action string, listed []string) []string {
	if slices.ContainsFunc(a.Permissions, func(p access.Permission) bool { return p.Action == action && p.Scope == config.ScopeAll }) {
		return nil
	}
	return listed
}

// fewMost is how many things of one kind a letter names.
const fewMost = 10

// few shortens a long list of names.
func few(names []string) []string {
	if len(names) <= fewMost {
		return names
	}
	return append(slices.Clone(names[:fewMost]), strconv.Itoa(len(names)-fewMost)+" more")
}

// place is a space or project, with what it gives a member.
type place struct {
	name  string
	in    bool   // the member is in it, and not only given something of it
	note  string // how far, where that is not in full
	until string
	held  []*access.Holding // sorted by type and id, as access lists them
}

// add notes what is given. Of one thing it keeps the most that is given.
func (p *place) add(h *access.Holding) {
	if h.Type == access.TypeSpace || h.Type == access.TypeProject {
		if note := levelWords(h.Level); !p.in || note == "" {
			p.note = note
		}
		if p.in = true; !h.Until.IsZero() {
			p.until = h.Until.UTC().Format("2 January 2006")
		}
		return
	}
	i := slices.IndexFunc(p.held, func(other *access.Holding) bool { return other.Thing == h.Thing })
	switch {
	case i < 0:
		p.held = append(p.held, h)
	case len(h.Actions) > len(p.held[i].Actions):
		p.held[i] = h
	}
}

// letter is the place as the welcome has it.
func (p *place) letter() mail.Place {
	return mail.Place{Title: p.name + p.note, Until: p.until, Holds: p.words()}
}

// words says what is given: things of one kind, of which as much is given, together.
func (p *place) words() []string {
	type group struct{ kind, note string }
	var order []group
	names := map[group][]string{}
	for _, h := range p.held {
		g := group{strings.ReplaceAll(h.Type, "_", " "), levelWords(h.Level)}
		if g.note == p.note {
			g.note = "" // said of the place
		}
		if names[g] == nil {
			order = append(order, g)
		}
		names[g] = append(names[g], h.ID)
	}
	var words []string
	for _, g := range order {
		kind := g.kind
		if len(names[g]) > 1 && !strings.HasSuffix(kind, "s") {
			kind += "s"
		}
		words = append(words, kind+" "+andList(few(names[g]))+g.note)
	}
	return words
}

// levelWords says in brackets how far something is given, nothing where it is given in full.
func levelWords(level string) string {
	switch level {
	case "", config.LevelFull, config.FullAccess, "use":
		return ""
	case config.LevelView, config.LevelViewOnly:
		return " (to view)"
	case config.LevelRun:
		return " (to run)"
	}
	return " (" + strings.ReplaceAll(level, "_", " ") + ")"
}
