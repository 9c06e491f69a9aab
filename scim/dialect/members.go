package dialect

import (
	"encoding/json"
	"strings"
)

// members reads a list of members in any shape: an array of objects or of texts, one object, one text, or JSON inside a
// text. null is an empty list.
func (n *normalizer) members(r *reader) ([]string, error) {
	l := memberList{normalizer: n, r: r, seen: map[string]struct{}{}}
	c, err := r.next("the members")
	if err != nil {
		return nil, err
	}
	switch c {
	case '[':
		key := l.key // one closure for all members
		err = r.array(func() error { return l.member(key) })
		return l.values, err
	case '"':
		return l.text()
	case 'n':
	default:
		n.note(nameMembers, "a single value was taken as an array")
	}
	err = l.member(l.key)
	return l.values, err
}

// memberList collects the values of members.
type memberList struct {
	*normalizer
	r      *reader
	values []string
	seen   map[string]struct{}

	// The member that is being read.
	value, ref string
	given      bool
}

// text reads members that were sent as one text.
func (l *memberList) text() ([]string, error) {
	text, err := l.r.text()
	if err != nil {
		return nil, err
	}
	if trimmed := strings.TrimSpace(text); trimmed != "" && (trimmed[0] == '[' || trimmed[0] == '{') {
		l.note(nameMembers, "JSON inside a text was unpacked")
		inner := readerOf([]byte(trimmed))
		inner.depth = l.r.depth + 1
		return l.members(inner)
	}
	l.note(nameMembers, "a single value was taken as an array")
	l.add(text)
	return l.values, nil
}

// member reads one member, such as {"value": "…", "display": "…"}. Where only "$ref" is given, its last segment is the
// id.
func (l *memberList) member(key func(string) error) error {
	c, err := l.r.next("a member")
	if err != nil {
		return err
	}
	l.value, l.ref, l.given = "", "", false
	switch c {
	case '{':
		if err := l.r.object(key); err != nil {
			return err
		}
		if l.value == "" {
			l.value = l.ref[strings.LastIndexByte(l.ref, '/')+1:]
		}
	case '[':
		return valueError(nameMembers, "members must be an array of objects with a value.")
	case 'n':
		return l.r.skip()
	default:
		if l.value, err = l.id(); err != nil {
			return err
		}
	}
	l.add(l.value)
	return nil
}

// key reads what a member's object has under one key.
func (l *memberList) key(name string) (err error) {
	switch {
	case strings.EqualFold(name, "value"):
		if l.given {
			return syntaxError("members.value is given twice.")
		}
		l.given = true
		l.value, err = l.id()
		return err
	case name == "$ref":
		if c, err := l.r.next("a value"); err != nil || c != '"' {
			return orSkip(err, l.r)
		}
		l.ref, err = l.r.text()
		return err
	}
	return l.r.skip()
}

// id reads an id, which some write as a number. null is none.
func (l *memberList) id() (string, error) {
	if c, err := l.r.next("an id"); err != nil {
		return "", err
	} else if c == '"' {
		return l.r.text()
	}
	v, err := l.r.value()
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case json.Number:
		return v.String(), nil
	}
	return "", valueError("members.value", "members.value must be a string.")
}

func orSkip(err error, r *reader) error {
	if err != nil {
		return err
	}
	return r.skip()
}

func (l *memberList) add(value string) {
	if value == "" {
		l.note(nameMembers, "a member without a value was dropped")
		return
	}
	if _, known := l.seen[value]; known {
		return
	}
	l.seen[value] = struct{}{}
	l.values = append(l.values, value)
}
