package examples

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// scope holds what placeholders mean while a transcript plays.
type scope struct {
	base  string
	names map[string]string // "id:ann" → the id
}

var placeholder = regexp.MustCompile(`<(id|time|version|number|text|any|base)(?::([A-Za-z0-9_.-]+))?>`)

// pattern returns the regular expression of one kind of placeholder.
func pattern(kind string) string {
	switch kind {
	case "id":
		return `[0-9A-Za-z_.~-]+`
	case "time":
		return `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)`
	case "version":
		return `(?:W/)?"[^"]+"`
	case "number":
		return `\d+`
	}
	return `(?s:.+)`
}

// expand puts names and the base into a request.
func (s *scope) expand(text string) (string, error) {
	var missing string
	out := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if found == "<base>" {
			return s.base
		}
		value, ok := s.names[strings.Trim(found, "<>")]
		if !ok {
			missing = found
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("%s is used before an answer has shown it", missing)
	}
	return out, nil
}

// matches reports whether a text is what is wanted, and keeps the names that it shows for the first time.
func (s *scope) matches(want, got string) bool {
	var expr strings.Builder
	var names []string
	expr.WriteString("^")
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(want, -1) {
		expr.WriteString(regexp.QuoteMeta(want[at:m[0]]))
		at = m[1]
		token := want[m[0]+1 : m[1]-1]
		known, ok := s.names[token]
		switch {
		case token == "base":
			expr.WriteString(regexp.QuoteMeta(s.base))
		case ok:
			expr.WriteString(regexp.QuoteMeta(known))
		case m[4] >= 0:
			names = append(names, token)
			expr.WriteString("(" + pattern(want[m[2]:m[3]]) + ")")
		default:
			expr.WriteString("(?:" + pattern(want[m[2]:m[3]]) + ")")
		}
	}
	expr.WriteString(regexp.QuoteMeta(want[at:]) + "$")
	found := regexp.MustCompile(expr.String()).FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, name := range names {
		s.names[name] = found[i+1]
	}
	return true
}

// MismatchError is the first thing in an answer that is not as the transcript has it.
type MismatchError struct {
	File     string
	Line     int
	Exchange string
	Request  string
	Where    string // "status", a header, or a JSON path such as Resources[0].userName
	Want     string
	Got      string
	Answer   string // the whole body that came
}

// Error shows the difference as a person would ask for it: where, what was wanted, what came.
func (d *MismatchError) Error() string {
	return fmt.Sprintf("%s:%d: %s\n    request  %s\n    at       %s\n    want     %s\n    got      %s\n    answer   %s",
		d.File, d.Line, d.Exchange, d.Request, d.Where, d.Want, d.Got, d.Answer)
}

// compare returns the first difference between two values; nil when there is none.
func (s *scope) compare(where string, want, got *node) *MismatchError {
	differs := func(w, g string) *MismatchError {
		return &MismatchError{Line: want.line, Where: where, Want: w, Got: g}
	}
	if text, ok := want.text(); ok && placeholder.MatchString(text) {
		if !s.stands(text, got) {
			return differs(text, got.String())
		}
		return nil
	}
	switch {
	case want.object != got.object, want.array != got.array:
		return differs(want.String(), got.String())
	case want.object:
		return s.compareObjects(where, want, got)
	case want.array:
		return s.compareArrays(where, want, got)
	case fmt.Sprintf("%T %v", want.scalar, want.scalar) != fmt.Sprintf("%T %v", got.scalar, got.scalar):
		return differs(want.String(), got.String())
	}
	return nil
}

// stands reports whether a text with placeholders stands for a value.
func (s *scope) stands(text string, got *node) bool {
	if text == "<any>" {
		return true
	}
	if number, ok := got.scalar.(json.Number); ok {
		return strings.HasPrefix(text, "<number") && s.matches(text, number.String())
	}
	value, ok := got.text()
	return ok && !strings.HasPrefix(text, "<number") && s.matches(text, value)
}

func (s *scope) compareObjects(where string, want, got *node) *MismatchError {
	for i, key := range want.keys {
		at := strings.TrimPrefix(where+"."+key, ".")
		value := got.get(key)
		if value == nil {
			return &MismatchError{Line: want.values[i].line, Where: at, Want: want.values[i].String(), Got: "nothing"}
		}
		if d := s.compare(at, want.values[i], value); d != nil {
			return d
		}
	}
	for i, key := range got.keys {
		if want.get(key) == nil {
			return &MismatchError{Line: want.line, Where: strings.TrimPrefix(where+"."+key, "."), Want: "nothing", Got: got.values[i].String()}
		}
	}
	return nil
}

func (s *scope) compareArrays(where string, want, got *node) *MismatchError {
	for i := range want.values {
		if i >= len(got.values) {
			return &MismatchError{Line: want.values[i].line, Where: fmt.Sprintf("%s[%d]", where, i), Want: want.values[i].String(), Got: "nothing"}
		}
		if d := s.compare(fmt.Sprintf("%s[%d]", where, i), want.values[i], got.values[i]); d != nil {
			return d
		}
	}
	if len(got.values) > len(want.values) {
		return &MismatchError{Line: want.line, Where: fmt.Sprintf("%s[%d]", where, len(want.values)), Want: "nothing", Got: got.values[len(want.values)].String()}
	}
	return nil
}
