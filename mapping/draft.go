package mapping

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Draft is what an organization's file can be drafted from: what its connections have received, as plain data.
type Draft struct {
	ID, Name    string
	From        string              // what the groups come from, in words
	Owned       []string            // domains that the policy in force owns
	Domains     []Counted           // of the people's addresses, folded
	Connections []config.Connection // all of the organization, in order
	Departments []Counted           // as directories write them
	Groups      []DraftGroup
}

// Counted is a text and how many people have it.
type Counted struct {
	Text  string
	Count int
}

// DraftGroup is a group that connections have received.
type DraftGroup struct {
	Name        string
	ExternalID  string
	ID          directory.ID // the SCIM id
	Repeated    bool         // another group of the connection has the name, so that a rule has to name it by id
	Members     int          // direct ones
	Connections []string     // that have it
}

const (
	draftTests       = 3
	draftDepartments = 200
	draftDomainShare = 20 // a domain of fewer than one in so many people is only suggested
)

// adminLike finds names of groups that may mean administrators.
var adminLike = regexp.MustCompile(`(?i)(^|[^a-z])(admins?|administrators?|root|superusers?|super[ _-]?admins?|owners?|sudo|privileged)($|[^a-z])`)

// freeMail are domains in which anybody can have an address, so that nobody owns them.
var freeMail = regexp.MustCompile(`^(gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|icloud|me|mac|aol|gmx|web|mail|qq|163|126|yandex|proton|protonmail|fastmail|zoho)\.[a-z.]+$`)

// domainLike are texts that a file takes as a domain.
var domainLike = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// File renders the draft. Nobody gets more by it than the role member; what looks like administrators is said in a
// comment. It compiles, and its tests pass.
func (d *Draft) File() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# A draft from %s.", comment(d.From))
	line("# It makes nobody admin: give somebody that role, read every line, then: usher check, usher test, usher plan.")
	line("organization: {id: %s, name: %s}", d.ID, plain(tame(cmp.Or(strings.TrimSpace(d.Name), d.ID))))
	owned := d.domains(line)
	d.connections(line)
	d.departments(line)
	line("\nroles:                              # later ranks higher; write under permissions what your application knows")
	line("  - {name: viewer}")
	line("  - {name: member, includes: [viewer]}")
	line("  - {name: admin, includes: [member]}")
	d.rules(line, owned)
	return b.Bytes()
}

type lineWriter func(format string, args ...any)

// domains writes the domains, and returns the first that the draft owns.
func (d *Draft) domains(line lineWriter) string {
	counted := slices.Clone(d.Domains)
	for _, owned := range d.Owned {
		if !slices.ContainsFunc(counted, func(c Counted) bool { return c.Text == owned }) {
			counted = append(counted, Counted{Text: owned})
		}
	}
	if len(counted) == 0 {
		return ""
	}
	people := 0
	for _, c := range counted {
		people += c.Count
	}
	byCount(counted)
	var mine, others []Counted
	for _, c := range counted {
		if slices.Contains(d.Owned, c.Text) || domainLike.MatchString(c.Text) && !freeMail.MatchString(c.Text) && c.Count*draftDomainShare >= people {
			mine = append(mine, c)
		} else {
			others = append(others, c)
		}
	}
	if len(mine) > 0 {
		line("\ndomains:                            # keep only those that your organization owns: they decide who is a guest")
	}
	for _, c := range mine {
		line("  - domain: %s  # %s", plain(c.Text), peopleCount(c.Count))
	}
	for _, c := range others {
		line("# seen too, and not taken for yours: %s, %s", comment(c.Text), peopleCount(c.Count))
	}
	if len(mine) == 0 {
		return ""
	}
	return mine[0].Text
}

func (d *Draft) connections(line lineWriter) {
	if len(d.Connections) == 0 {
		return
	}
	line("\nconnections:")
	for i := range d.Connections {
		c := &d.Connections[i]
		pairs := []string{"id: " + plain(c.ID)}
		text := func(key, value, usual string) {
			if value != "" && value != usual {
				pairs = append(pairs, key+": "+plain(value))
			}
		}
		text("label", tame(cmp.Or(c.Label, c.ID)), c.ID)
		text("provider", c.Provider, "generic")
		text("state", c.State, config.StateActive)
		text("provisioning", c.Provisioning, config.ProvisioningAuto)
		if slices.Contains([]string{"viewer", "member"}, c.DefaultRole) {
			text("default_role", c.DefaultRole, "")
		}
		text("groups_from", c.GroupsFrom, config.GroupsFromSCIM)
		if len(c.Authority) > 0 {
			pairs = append(pairs, "authority: "+flow(c.Authority))
		}
		if c.Subject != (config.Subject{}) {
			pairs = append(pairs, "subject: "+flow(subjectOf(c.Subject)))
		}
		if c.SAML != nil {
			pairs = append(pairs, "saml: "+flow(c.SAML))
		}
		if c.OIDC != nil {
			pairs = append(pairs, "oidc: "+flow(c.OIDC))
		}
		if len(c.Extensions) > 0 {
			pairs = append(pairs, "extensions: "+flow(extensionsOf(c.Extensions)))
		}
		if c.State == config.StateObserve {
			line("  # observe shows what would happen and changes nobody; active makes it happen")
		}
		line("  - {%s}", strings.Join(pairs, ", "))
	}
}

func subjectOf(s config.Subject) map[string]string {
	out := map[string]string{"scim": s.SCIM, "oidc": s.OIDC, "saml": s.SAML}
	for protocol, name := range out {
		if name == "" {
			delete(out, protocol)
		}
	}
	return out
}

func extensionsOf(list []config.Extension) []map[string]any {
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i] = map[string]any{"urn": list[i].URN, "attributes": attributesOf(list[i].Attributes)}
		if list[i].Name != "" {
			out[i]["name"] = list[i].Name
		}
	}
	return out
}

func attributesOf(list []config.ExtensionAttribute) []map[string]any {
	out := make([]map[string]any, len(list))
	for i := range list {
		a := &list[i]
		out[i] = map[string]any{
			"name": a.Name, "type": a.Type, "multi_valued": a.MultiValued, "case_exact": a.CaseExact, "required": a.Required,
			"mutability": a.Mutability, "returned": a.Returned,
		}
		if a.Description != "" {
			out[i]["description"] = a.Description
		}
		if len(a.Attributes) > 0 {
			out[i]["attributes"] = attributesOf(a.Attributes)
		}
	}
	return out
}

// departments writes one department for each text that directories use; spellings that count as one are one.
func (d *Draft) departments(line lineWriter) {
	texts := slices.Clone(d.Departments)
	byCount(texts)
	at := map[string]int{}
	var list []Counted
	for _, c := range texts {
		if strings.TrimSpace(c.Text) == "" {
			continue
		}
		c.Text = tame(c.Text)
		key := normalize(c.Text)
		if i, known := at[key]; known {
			list[i].Count += c.Count
			continue
		}
		at[key] = len(list)
		list = append(list, c)
	}
	if len(list) == 0 {
		return
	}
	line("\ndepartments:                        # as directories write them; join spellings by match: [Eng, \"R&D\"]")
	for _, c := range list[:min(len(list), draftDepartments)] {
		line("  - name: %s  # %s", plain(c.Text), peopleCount(c.Count))
	}
	if more := len(list) - draftDepartments; more > 0 {
		line("  # and %d more with fewer people", more)
	}
}

// rules writes one rule for each group, the largest first, and tests for the first of them.
func (d *Draft) rules(line lineWriter, domain string) {
	groups := slices.Clone(d.Groups)
	slices.SortStableFunc(groups, func(a, b DraftGroup) int {
		return cmp.Or(b.Members-a.Members, strings.Compare(a.Name, b.Name), strings.Compare(a.ID.String(), b.ID.String()))
	})
	if len(groups) == 0 {
		line("\n# No group was received yet: rules name groups, so let your provider push some, and draft again.")
		return
	}
	line("\nrules:                              # everybody in the group gets what the rule says; the highest role counts")
	names := map[string]bool{}
	for i := range groups {
		g := &groups[i]
		line("  - name: %s  # %s of %s", plain(unique(names, tame(g.Name))), membersCount(g.Members), comment(strings.Join(g.Connections, ", ")))
		line("    groups: [%s]", plain(g.selector()))
		if adminLike.MatchString(g.Name) {
			line("    role: member  # the name suggests administrators: role: admin, if they are to be")
		} else {
			line("    role: member")
		}
	}
	d.tests(line, groups, domain)
}

func (d *Draft) tests(line lineWriter, groups []DraftGroup, domain string) {
	written := 0
	for i := range groups {
		g := &groups[i]
		if g.selector() != g.Name || len(g.Connections) == 0 {
			continue // a person of a test is in groups by name
		}
		if written == 0 {
			line("\ntests:                              # must pass before the file takes effect")
		}
		user := "somebody"
		if domain != "" {
			user += "@" + domain
		}
		line("  - name: %s", plain("somebody in "+g.Name+" is a member"))
		line("    connection: %s", plain(g.Connections[0]))
		line("    user: {userName: %s}", plain(user))
		line("    groups: [%s]", plain(g.Name))
		line("    expect: {role: member}")
		if written++; written == draftTests {
			return
		}
	}
}

// selector is how a rule asks for the group: by name, where a file can hold it and it means one group.
func (g *DraftGroup) selector() string {
	if !g.Repeated && tame(g.Name) == g.Name && !strings.HasPrefix(g.Name, "id:") {
		return g.Name
	}
	if g.ExternalID != "" && tame(g.ExternalID) == g.ExternalID {
		return "id:" + g.ExternalID
	}
	return "id:" + g.ID.String()
}

// draftName is how many characters of a name a draft takes.
const draftName = 120

// tame makes a text one that a file takes as a name.
func tame(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(comment(s), "${", "$"))
	if runes := []rune(s); len(runes) > draftName {
		s = strings.TrimSpace(string(runes[:draftName]))
	}
	return cmp.Or(s, "unnamed")
}

// unique returns a name that is not taken yet, and takes it.
func unique(taken map[string]bool, name string) string {
	free := name
	for n := 2; taken[directory.Fold(free)]; n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	taken[directory.Fold(free)] = true
	return free
}

func byCount(list []Counted) {
	slices.SortStableFunc(list, func(a, b Counted) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Text, b.Text)) })
}

// bare is a text that YAML reads as itself without quotes.
var bare = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*$`)

// plain writes a text as YAML: without quotes where it is nothing but words.
func plain(s string) string {
	if bare.MatchString(s) && !slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"}, strings.ToLower(s)) {
		return s
	}
	return flow(s)
}

// flow writes a value as JSON, which YAML reads as well.
func flow(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return `""` // texts, maps of texts and booleans always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// comment makes a text fit for the end of a line.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

func peopleCount(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func membersCount(n int) string {
	if n == 1 {
		return "1 member"
	}
	return fmt.Sprintf("%d members", n)
}

// Minimal renders the least that an organization's file needs: ten lines to start from.
func Minimal(id, domain string) []byte {
	return fmt.Appendf(nil, `# What is in force for whom, and why. Check it with: usher check
organization: {id: %[1]s, name: %[1]s}
domains: [{domain: %[2]s, default_role: viewer}]
connections: [{id: %[3]s, provider: generic}]
rules:
  - name: admins
    groups: [Admins]
    role: admin
tests:
  - {name: admins are admins, user: {userName: ann@%[2]s}, groups: [Admins], expect: {role: admin}}
`, plain(id), domain, plain(id+"-directory"))
}
