package scim

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// mutated returns a text with a few bytes changed.
func mutated(random *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + random.IntN(3) {
		if len(b) == 0 {
			break
		}
		i, j := random.IntN(len(b)), random.IntN(len(b))
		if i > j {
			i, j = j, i
		}
		switch random.IntN(6) {
		case 0:
			b[i] = byte(random.IntN(256))
		case 1:
			b[i] = `{}[]",:\0tfn-.e %&=;`[random.IntN(20)]
		case 2:
			b = append(b[:i:i], b[min(j, i+8):]...)
		case 3:
			b = append(b[:j:j], b[i:]...)
		case 4:
			b[i], b[j] = b[j], b[i]
		default:
			b = b[:j]
		}
	}
	return string(b)
}

// mutatedBody returns a body with a few bytes changed, or with a few values: most of the former are no JSON any more, and
// the latter always are.
func mutatedBody(random *rand.Rand, body string) string {
	var v any
	if random.IntN(4) == 0 || json.Unmarshal([]byte(body), &v) != nil {
		return mutated(random, body)
	}
	for range 1 + random.IntN(3) {
		v = mutatedValue(random, v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return body // what was read can be written
	}
	return string(text)
}

// mutatedValue changes one value somewhere within another.
func mutatedValue(random *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 && random.IntN(8) > 0 {
			names := slices.Sorted(maps.Keys(v))
			name := names[random.IntN(len(names))]
			switch random.IntN(10) {
			case 0:
				delete(v, name)
			case 1:
				v[mutated(random, name)] = v[name]
			case 2:
				v[names[random.IntN(len(names))]] = v[name]
			default:
				v[name] = mutatedValue(random, v[name])
			}
			return v
		}
	case []any:
		if len(v) > 0 && random.IntN(4) > 0 {
			i := random.IntN(len(v))
			v[i] = mutatedValue(random, v[i])
			return v
		}
		return append(v, v...)
	case string:
		if random.IntN(2) == 0 {
			return mutated(random, v)
		}
	}
	return []any{
		nil, true, false, "True", "", " ", "x", "\x00", "\u2028", strings.Repeat("a", 5000), 0, -1.5, 1e300, "7",
		[]any{},
		[]any{v},
		[]any{nil},
		map[string]any{},
		map[string]any{"value": v},
		v,
	}[random.IntN(20)]
}
