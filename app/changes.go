package app

import (
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// PolicyChange is what one revision of a policy says otherwise than another.
type PolicyChange struct {
	Decisions bool     // it decides about people by other words
	Settings  []string // the settings of connections in which it differs, such as "acme-okta: state"
}

// ComparePolicies compares two revisions by their files. It returns false when one of them cannot be read by this version.
func ComparePolicies(before, after []directory.PolicyFile) (PolicyChange, bool) {
	was, known := readRevision(before)
	is, knownToo := readRevision(after)
	if !known || !knownToo {
		return PolicyChange{}, false
	}
	wasWaiting, wasSettings := taken(was)
	isWaiting, isSettings := taken(is)
	return PolicyChange{Decisions: !reflect.DeepEqual(wasWaiting, isWaiting), Settings: settingsChanged(wasSettings, isSettings)}, true
}

// readRevision reads an organization as a revision has it, with the settings of connections that are in force by it.
func readRevision(files []directory.PolicyFile) (*config.Organization, bool) {
	main := slices.DeleteFunc(slices.Clone(files), func(f directory.PolicyFile) bool { return f.Connections })
	organization, problems := config.ParseFiles(main)
	if organization == nil || directory.Failed(problems) {
		return nil, false
	}
	changed := slices.DeleteFunc(slices.Clone(files), func(f directory.PolicyFile) bool { return !f.Connections })
	if len(changed) == 0 {
		return organization, true
	}
	other, problems := config.ParseFiles(changed)
	if other == nil || directory.Failed(problems) {
		return nil, false
	}
	organization.Connections = withoutDecisions(other.Connections, organization.Connections)
	return organization, true
}

// settingsChanged names what differs between the settings of connections.
func settingsChanged(before, after []any) []string {
	byID := func(list []any) map[any]map[string]any {
		found := map[any]map[string]any{}
		for _, c := range list {
			if c, ok := c.(map[string]any); ok {
				found[c["ID"]] = c
			}
		}
		return found
	}
	var changed []string
	was := byID(before)
	for id, is := range byID(after) {
		var names []string
		for name, value := range is {
			if !reflect.DeepEqual(value, was[id][name]) {
				names = append(names, keyOf(name))
			}
		}
		if id, ok := id.(string); ok && len(names) > 0 {
			slices.Sort(names)
			changed = append(changed, id+": "+strings.Join(names, ", "))
		}
	}
	slices.Sort(changed)
	return changed
}

// keyOf is the key of a file that a field is read from.
func keyOf(field string) string {
	if field == "ID" || field == strings.ToUpper(field) {
		return strings.ToLower(field)
	}
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
