package config

import (
	"encoding/json"
	"strings"
)

// Unplaced returns what a part of a file says, wherever in the file it does, as JSON decodes it: two parts that say the
// same are deeply equal.
func Unplaced(part any) any {
	text, err := json.Marshal(part)
	var tree any
	if err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err != nil {
		return map[string]any{"unreadable": err.Error()} // the parts of a file always marshal
	}
	dropPlaces(tree)
	return tree
}

func dropPlaces(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if strings.HasSuffix(name, "At") || name == "Places" {
				delete(v, name) // a Position, or several
				continue
			}
			dropPlaces(inner)
		}
	case []any:
		for _, inner := range v {
			dropPlaces(inner)
		}
	}
}
