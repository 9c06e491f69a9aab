package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/invopop/jsonschema"
)

// text reads a text that is not empty, without the space around it.
func (d *decoder) text(n *node, s spot, want string, allowed placeholders) (string, bool) {
	if n.kind != isText {
		d.wrong(n, s, want)
		return "", false
	}
	text := strings.TrimSpace(n.text)
	if text == "" {
		d.fail(n.at, fmt.Sprintf("%s is empty", s), s.write("or leave the key out"))
		return "", false
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		d.fail(n.at, fmt.Sprintf("%s holds a control character", s), "remove it")
		return "", false
	}
	return d.expand(n, s, text, allowed)
}

// checked makes a value of texts that a function accepts. The function returns the text to keep, or what is wrong and
// what to do.
func checked(want string, allowed placeholders, schema jsonschema.Schema, check func(string) (kept, message, fix string)) value[string] {
	schema.Type = "string"
	return value[string]{
		schema: func(*definitions) *jsonschema.Schema { s := schema; return &s },
		read: func(d *decoder, n *node, s spot) (string, bool) {
			text, ok := d.text(n, s, want, allowed)
			if !ok {
				return "", false
			}
			kept, message, fix := check(text)
			if message != "" {
				d.fail(n.at, fmt.Sprintf("%s is %q, %s", s, short(withoutPassword(text)), message), fix)
				return "", false
			}
			return kept, true
		},
	}
}

var one = uint64(1)

// anyText is free text for people.
func anyText() value[string] {
	return checked("a text", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) { return s, "", "" })
}

// maxName is the longest name in characters.
const maxName = 200

// nameText is a name: one line of text, with any letters.
func nameText() value[string] {
	return checked("a text", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		switch {
		case strings.ContainsAny(s, "\n\t"):
			return "", "which goes over more than one line", "write it on one line"
		case len([]rune(s)) > maxName:
			return "", fmt.Sprintf("which is longer than %d characters", maxName), "shorten it"
		}
		return s, "", ""
	})
}

// oneOf is one of a few words.
func oneOf(words ...string) value[string] {
	enum := make([]any, len(words))
	for i, w := range words {
		enum[i] = w
	}
	list := strings.Join(words, ", ")
	return checked("one of "+list, noPlaceholder, jsonschema.Schema{Enum: enum}, func(s string) (string, string, string) {
		for _, w := range words {
			if s == w {
				return s, "", ""
			}
		}
		if len(words) == 1 {
			return "", "which is not " + list, "write " + list + ", or leave the key out"
		}
		fix := "write one of them"
		if near := Nearest(s, words); near != "" {
			fix = "write " + near
		}
		return "", "which is none of " + list, fix
	})
}

func boolean() value[bool] {
	return value[bool]{
		schema: func(*definitions) *jsonschema.Schema { return &jsonschema.Schema{Type: "boolean"} },
		read: func(d *decoder, n *node, s spot) (bool, bool) {
			if n.kind != isBoolean {
				want := "true or false"
				if n.kind == isText {
					d.fail(n.at, fmt.Sprintf("%s is the text %q; it takes %s", s, short(n.text), want), fmt.Sprintf("write %s: %t, without quotes", s.key, yes(n.text)))
					return false, false
				}
				d.wrong(n, s, want)
				return false, false
			}
			return n.text == "true", true
		},
	}
}

func yes(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "yes", "on", "true", "y", "1":
		return true
	}
	return false
}

// count is a whole number of at least a least one.
func count(least int) value[int] {
	return value[int]{
		schema: func(*definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "integer", Minimum: json.Number(strconv.Itoa(least))}
		},
		read: func(d *decoder, n *node, s spot) (int, bool) {
			if n.kind != isNumber {
				d.wrong(n, s, "a whole number")
				return 0, false
			}
			v, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 32)
			if err != nil || v < int64(least) {
				d.fail(n.at, fmt.Sprintf("%s is %s; it takes a whole number from %d on", s, short(n.text), least), s.write(""))
				return 0, false
			}
			return int(v), true
		},
	}
}

// percent is a number above 0 and up to 100.
func percent() value[float64] {
	return value[float64]{
		schema: func(*definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "number", ExclusiveMinimum: "0", Maximum: "100"}
		},
		read: func(d *decoder, n *node, s spot) (float64, bool) {
			if n.kind != isNumber {
				d.wrong(n, s, "a number of percent")
				return 0, false
			}
			v, err := strconv.ParseFloat(n.text, 64)
			if err != nil || !(v > 0 && v <= 100) {
				d.fail(n.at, fmt.Sprintf("%s is %s; it takes a number above 0 and up to 100", s, short(n.text)), s.write(""))
				return 0, false
			}
			return v, true
		},
	}
}

// instant is a date or a time with its zone.
func instant() value[time.Time] {
	return value[time.Time]{
		schema: func(*definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "string", Pattern: `^\d{4}-\d{2}-\d{2}(T.+)?$`}
		},
		read: func(d *decoder, n *node, s spot) (time.Time, bool) {
			text, ok := d.text(n, s, "a date or a time", noPlaceholder)
			if !ok {
				return time.Time{}, false
			}
			for _, layout := range []string{time.DateOnly, time.RFC3339} {
				if t, err := time.Parse(layout, text); err == nil {
					return t.UTC(), true
				}
			}
			d.fail(n.at, fmt.Sprintf("%s is %q, which is neither a date nor a time with its zone", s, short(text)), "write 2026-03-01, or 2026-03-01T09:00:00Z")
			return time.Time{}, false
		},
	}
}

// anything is a mapping whose content is somebody else's to know, such as the attributes of a made-up person.
func anything() value[map[string]any] {
	return value[map[string]any]{
		schema: func(*definitions) *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} },
		read: func(d *decoder, n *node, s spot) (map[string]any, bool) {
			if n.kind != isMapping {
				d.wrong(n, s, "a mapping")
				return nil, false
			}
			m, ok := plain(n).(map[string]any)
			return m, ok
		},
	}
}

// plain turns a node into what encoding/json would make of it.
func plain(n *node) any {
	switch n.kind {
	case isText:
		return n.text
	case isBoolean:
		return n.text == "true"
	case isNumber:
		text := strings.ReplaceAll(n.text, "_", "")
		if i, err := strconv.ParseInt(text, 0, 64); err == nil {
			return float64(i)
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && f-f == 0 {
			return f
		}
		return n.text
	case isList:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = plain(item)
		}
		return out
	case isMapping:
		out := make(map[string]any, len(n.pairs))
		for _, p := range n.pairs {
			out[p.key.text] = plain(p.value)
		}
		return out
	case isNull:
	}
	return nil
}
