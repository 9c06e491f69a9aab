package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/mixus/usher/directory"
)

// valuesName is the name under which the values that an organization uses are kept with its files.
const valuesName = "(values)"

// ParseValues reads the file of --values: a flat mapping from name to text.
func ParseValues(name string, text []byte) (map[string]string, []directory.Problem) {
	d := &decoder{src: newSource(name, text)}
	root, problems := parseTree(d.src)
	d.problems = problems
	values := map[string]string{}
	switch {
	case root == nil:
	case root.kind != isMapping:
		d.fail(root.at, "the values are "+root.kind.String()+"; they must be lines of name: value", "write for example okta_url: https://acme.okta.com")
	default:
		for _, p := range root.pairs {
			switch p.value.kind {
			case isText, isNumber, isBoolean:
				values[p.key.text] = p.value.text
			default:
				d.fail(p.value.at, fmt.Sprintf("the value %q is %s; it must be a text", short(p.key.text), p.value.kind), "write name: value")
			}
		}
	}
	return values, d.finish()
}

// LoadValues reads the file of --values.
func LoadValues(path string) (map[string]string, []directory.Problem) {
	text, err := readFile(path)
	if err != nil {
		return nil, []directory.Problem{unreadable(path, err)}
	}
	return ParseValues(slashed(path), text)
}

// valuesFile keeps the values that an organization uses, in the order of their names.
func valuesFile(used map[string]string) (directory.PolicyFile, bool) {
	if len(used) == 0 {
		return directory.PolicyFile{}, false
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(used); err != nil {
		return directory.PolicyFile{}, false
	}
	return directory.PolicyFile{Name: valuesName, Text: b.Bytes()}, true
}
