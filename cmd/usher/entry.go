package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// describeEntry writes one entry: when, what, about whom, by whom, and what followed. The member whose journal it is, ""
// for none, is not named again.
func describeEntry(b *strings.Builder, e *api.Entry, member string) {
	fmt.Fprintf(b, "  %s  #%d %s", second(e.At), e.Seq, e.Kind)
	if about := subjects(e.Subjects, member); about != "" {
		b.WriteString(" " + about)
	}
	if e.Connection != "" {
		fmt.Fprintf(b, " from %s", e.Connection)
	}
	fmt.Fprintf(b, " (%s)\n", origin(e.Cause))
	line := func(text string) { fmt.Fprintf(b, "         %s\n", text) }
	if e.Added+e.Removed > 0 {
		line(fmt.Sprintf("members: %d added, %d removed", e.Added, e.Removed))
	}
	record := recordOf(e.Values)
	if len(e.Attributes) > 0 {
		line("said: " + said(record, e.Attributes))
	}
	for _, v := range e.Values {
		if v.Attribute != attributeUser && v.Attribute != attributeMembers {
			line(fmt.Sprintf("%s: %s → %s", v.Attribute, shown(v.Before), shown(v.After)))
		}
	}
	for _, effect := range e.Effects {
		line(describeEffect(effect))
	}
	for _, note := range e.Notes {
		line("note: " + note)
	}
}

// The values that a line shows in another way: the record as it was pushed, and the ids of a group's members.
const (
	attributeUser    = "user"
	attributeMembers = "members"
)

// maxSubjects is how many names a line shows.
const maxSubjects = 3

// subjects names what an entry is about: the groups, and the members for whom something followed. What is gone is named
// by its id.
func subjects(list []api.Subject, except string) string {
	var groups, members []string
	for _, s := range list {
		switch {
		case s.ID == except:
		case s.Kind == "group" && s.Name != "":
			groups = append(groups, fmt.Sprintf("%q", s.Name))
		case s.Kind == "group":
			groups = append(groups, s.ID)
		case s.Kind == "member":
			members = append(members, cmp.Or(s.Name, s.ID))
		}
	}
	if more := len(members) - maxSubjects; more > 0 {
		members = append(members[:maxSubjects], fmt.Sprintf("and %d more", more))
	}
	text := strings.Join(members, ", ")
	if len(groups) > 0 && text != "" {
		text = "with " + text
	}
	return strings.Join(nonEmpty(strings.Join(groups, ", "), text), " ")
}

// recordOf returns the record that an entry keeps as it was pushed, nil where there is none.
func recordOf(values []api.Change) map[string]any {
	for _, v := range values {
		if record, ok := v.After.(map[string]any); ok && v.Attribute == attributeUser {
			return record
		}
	}
	return nil
}

// said lists attributes with the values that they have in a record, as far as that is known.
func said(record map[string]any, attributes []string) string {
	texts := make([]string, len(attributes))
	for i, name := range attributes {
		texts[i] = name
		if value, ok := attribute(record, name); ok {
			texts[i] += " " + shown(flat(value))
		} else if record != nil {
			texts[i] += " (taken away)"
		}
	}
	return strings.Join(texts, ", ")
}

// attribute finds an attribute in a record, or in one of its extensions.
func attribute(record map[string]any, name string) (any, bool) {
	if value, ok := record[name]; ok {
		return value, true
	}
	if colon := strings.LastIndexByte(name, ':'); colon > 0 { // one of an extension, with its URN
		extension, _ := record[name[:colon]].(map[string]any)
		value, ok := extension[name[colon+1:]]
		return value, ok
	}
	for _, key := range slices.Sorted(maps.Keys(record)) {
		extension, ok := record[key].(map[string]any)
		if !ok || !strings.HasPrefix(strings.ToLower(key), "urn:") {
			continue
		}
		if value, ok := extension[name]; ok {
			return value, true
		}
	}
	return nil, false
}

// flat makes one text of a value with parts: what it is called where it says so, else all of its texts.
func flat(value any) any {
	switch v := value.(type) {
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = shown(flat(item))
		}
		return strings.Join(texts, "; ")
	case map[string]any:
		for _, key := range []string{"formatted", "value", "display"} {
			if text, ok := v[key].(string); ok && text != "" {
				return text
			}
		}
		var texts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[key].(string); ok {
				texts = append(texts, key+" "+text)
			}
		}
		return strings.Join(texts, ", ")
	}
	return value
}

func describeEffect(e directory.Effect) string {
	text := fmt.Sprintf("%s: %s → %s", e.Field, orNone(e.Before), orNone(e.After))
	if e.Reason != nil {
		reason := *e.Reason
		reason.Value = ""
		text += ", " + by(reason)
	}
	return text
}

func effects(list []directory.Effect) string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = describeEffect(e)
	}
	return strings.Join(texts, "; ")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// maxShown is how much of one value a line of the journal shows.
const maxShown = 120

func shown(v any) string {
	if v == nil {
		return "none"
	}
	text, ok := v.(string)
	if !ok {
		encoded, err := json.Marshal(v)
		if err != nil {
			return "?"
		}
		text = string(encoded)
	}
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}
