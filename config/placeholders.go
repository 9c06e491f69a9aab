package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// placeholder finds ${kind:NAME} in a text.
var placeholder = regexp.MustCompile(`\$\{(value|secret|env|file):([^{}]*)\}`)

// places where a placeholder may stand.
type placeholders int

const (
	noPlaceholder    placeholders = iota
	valuePlaceholder              // ids and URLs, which differ between environments
)

// expand replaces ${value:NAME} where it is allowed and reports every other placeholder. Rules are the same in every
// environment, so they never hold one.
func (d *decoder) expand(n *node, s spot, text string, allowed placeholders) (string, bool) {
	if !strings.Contains(text, "${") {
		return text, true
	}
	ok := true
	text = placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		switch kind, name := parts[1], parts[2]; {
		case kind == "value" && allowed == valuePlaceholder:
			if value, known := d.value(n, name); known {
				return value
			}
		case kind == "value":
			d.fail(n.at, fmt.Sprintf("%s cannot use %s: only ids, domains and URLs differ between environments", s, short(found)), "write the text itself")
		case kind == "secret":
			d.fail(n.at, fmt.Sprintf("%s cannot use %s: it holds no secret", s, short(found)), "write the text itself")
		default:
			d.fail(n.at, fmt.Sprintf("%s cannot use %s here", s, short(found)), "use ${value:NAME} for ids and URLs, or ${secret:NAME} for a secret")
		}
		ok = false
		return found
	})
	return text, ok
}

// use notes that the file depends on a value.
func (d *decoder) use(name, value string) {
	if d.used == nil {
		d.used = map[string]string{}
	}
	d.used[name] = value
}

// value looks up a name of the values file.
func (d *decoder) value(n *node, name string) (string, bool) {
	value, known := d.options.Values[name]
	if known {
		d.use(name, value)
		return value, true
	}
	message := fmt.Sprintf("no value %q is supplied", short(name))
	names := slices.Sorted(maps.Keys(d.options.Values))
	if near := Nearest(name, names); near != "" {
		d.fail(n.at, message, fmt.Sprintf("write ${value:%s}", near))
	} else {
		d.fail(n.at, message, fmt.Sprintf("pass --values FILE with a line %s: …", short(name)))
	}
	return "", false
}
