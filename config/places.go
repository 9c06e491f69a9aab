package config

import (
	"strings"

	"github.com/mixus/usher/directory"
)

// Places are where the values of an item stand, by key. A text in a list stands under "key=text", and a key inside a
// mapping of somebody else's words under "key.inner".
type Places map[string]directory.Position

// Of returns the place of a key's value, and another place where the file does not show the key.
func (p Places) Of(key string, otherwise directory.Position) directory.Position {
	if at, ok := p[key]; ok {
		return at
	}
	return otherwise
}

// Item returns the place of a text in the list of a key, else of the list, else another place.
func (p Places) Item(key, text string, otherwise directory.Position) directory.Position {
	return p.Of(key+"="+text, p.Of(key, otherwise))
}

// note keeps the place of a key's value, and of the texts in it.
func (p *Places) note(key string, n *node) {
	if *p == nil {
		*p = make(Places, 8)
	}
	(*p)[key] = n.at
	for _, item := range n.items {
		inner := key + "=" + strings.TrimSpace(item.text)
		if _, twice := (*p)[inner]; item.kind == isText && !twice {
			(*p)[inner] = item.at
		}
	}
}

// noteKeys keeps the places of the keys of a mapping, and of the mappings in it.
func (p *Places) noteKeys(key string, n *node) {
	if *p == nil {
		*p = make(Places, len(n.pairs))
	}
	for _, pair := range n.pairs {
		inner := key + "." + pair.key.text
		(*p)[inner] = pair.key.at
		p.noteKeys(inner, pair.value)
	}
}
