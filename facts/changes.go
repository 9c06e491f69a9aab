package facts

import (
	"bytes"

	"github.com/mixus/usher/directory"
)

// enterpriseURN is the schema of the enterprise extension (RFC 7643, section 4.3).
const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// changedAttributes names what differs between two states of a user, in SCIM's words: top-level attributes, and those of
// the enterprise extension by their own names.
func changedAttributes(old, now *directory.User) []string {
	var out []string
	if old.ExternalID != now.ExternalID {
		out = append(out, "externalId")
	}
	for _, name := range changedMembers(old.Body, now.Body) {
		if name == enterpriseURN {
			out = append(out, changedMembers(member(old.Body, name), member(now.Body, name))...)
			continue
		}
		out = append(out, name)
	}
	return out
}

// changedMembers names the members that differ between two JSON objects, in order of name. Both are as this program
// stores them: written by encoding/json, names sorted, without white space between tokens. So one pass over the texts
// does, where decoding them would cost more than the rest of a small change.
func changedMembers(a, b []byte) []string {
	var out []string
	x, y := members{rest: a}, members{rest: b}
	more, also := x.next(), y.next()
	for more || also {
		switch order := bytes.Compare(x.name, y.name); {
		case also && (!more || order > 0):
			out = append(out, string(y.name))
			also = y.next()
		case more && (!also || order < 0):
			out = append(out, string(x.name))
			more = x.next()
		default:
			if !bytes.Equal(x.value, y.value) {
				out = append(out, string(x.name))
			}
			more, also = x.next(), y.next()
		}
	}
	return out
}

// member returns the value of a member of an object, nil when there is none.
func member(object []byte, name string) []byte {
	for m := (members{rest: object}); m.next(); {
		if string(m.name) == name {
			return m.value
		}
	}
	return nil
}

// members walks the members of a JSON object.
type members struct {
	rest        []byte
	name, value []byte // of the present member; the name without quotes, as it is escaped
}

// next goes to the next member, and reports false when there is none.
func (m *members) next() bool {
	if len(m.rest) < 2 || m.rest[0] != '{' && m.rest[0] != ',' || m.rest[1] != '"' {
		m.name, m.value = nil, nil
		return false
	}
	end := endOfString(m.rest, 1)
	if end >= len(m.rest) || m.rest[end] != ':' {
		m.name, m.value = nil, nil
		return false
	}
	m.name = m.rest[2 : end-1]
	stop := endOfValue(m.rest, end+1)
	m.value = m.rest[end+1 : stop]
	m.rest = m.rest[stop:]
	return true
}

// elements walks the elements of a JSON array, written as the objects are.
type elements struct {
	rest  []byte
	value []byte // of the present element
}

// next goes to the next element, and reports false when there is none.
func (e *elements) next() bool {
	if len(e.rest) < 2 || e.rest[0] != '[' && e.rest[0] != ',' || e.rest[1] == ']' {
		e.value = nil
		return false
	}
	stop := endOfValue(e.rest, 1)
	e.value, e.rest = e.rest[1:stop], e.rest[stop:]
	return true
}

// endOfString returns the place behind the string that begins at a place.
func endOfString(text []byte, at int) int {
	for at++; at < len(text); at++ {
		length := bytes.IndexByte(text[at:], '"')
		if length < 0 {
			break
		}
		escape := bytes.IndexByte(text[at:at+length], '\\')
		if escape < 0 {
			return at + length + 1
		}
		at += escape + 1 // what is escaped, a quotation mark perhaps
	}
	return len(text)
}

// endOfValue returns the place of the comma or bracket behind the value that begins at a place.
func endOfValue(text []byte, at int) int {
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}
