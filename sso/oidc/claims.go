package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mixus/usher/directory"
)

// document are the claims of a token or of userinfo, by their exact names: encoding/json fills a struct's "sub" from "SUB"
// too, a map's it does not.
type document map[string]any

// decode reads one JSON object. Numbers stay as they are written.
func decode(text []byte) (document, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any // not the map itself: into that, encoding/json goes the slow way by reflection
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	claims, ok := v.(map[string]any)
	if !ok || d.More() {
		return nil, errors.New("not one JSON object")
	}
	return claims, nil
}

// misspelled returns a claim that the library takes for another one, because it reads names without regard to case; ""
// when there is none.
func (d document) misspelled() string {
	for name := range d {
		switch folded := directory.Fold(name); folded {
		case "iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "_claim_names", "_claim_sources", "events", "jti", "sid":
			if name != folded {
				return name
			}
		}
	}
	return ""
}

// find returns a claim, or one inside of others when its name has dots and no claim has that very name.
func (d document) find(name string) (any, bool) {
	if v, ok := d[name]; ok {
		return v, v != nil
	}
	head, rest, nested := strings.Cut(name, ".")
	if !nested {
		return nil, false
	}
	inner, ok := d[head].(map[string]any)
	if !ok {
		return nil, false
	}
	return document(inner).find(rest)
}

// text returns the first of some claims that holds a text, or a list that begins with one.
func (d document) text(of []string) string {
	for _, name := range of {
		v, _ := d.find(name)
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		if text := scalar(v); text != "" {
			return text
		}
	}
	return ""
}

// texts returns a claim that is a text or a list of texts, and whether it is.
func (d document) texts(name string) ([]string, bool) {
	v, ok := d.find(name)
	if !ok {
		return nil, false
	}
	if text, ok := v.(string); ok {
		return []string{text}, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

const deepest = 4 // levels of nested claims that conditions can name

// flat returns the claims text by text, nested ones by their path, without those that are the protocol's own business or
// hold somebody's token.
func (d document) flat() map[string][]string {
	out := make(map[string][]string, len(d))
	d.flatten(out, "", 0)
	return out
}

func (d document) flatten(out map[string][]string, prefix string, depth int) {
	for name, v := range d {
		if depth == 0 && ofTheProtocol(name) {
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			if depth < deepest {
				document(v).flatten(out, prefix+name+".", depth+1)
			}
		case []any:
			for _, item := range v {
				if text := scalar(item); text != "" {
					out[prefix+name] = append(out[prefix+name], text)
				}
			}
		default:
			if text := scalar(v); text != "" {
				out[prefix+name] = []string{text}
			}
		}
	}
}

// ofTheProtocol says of which claims no condition has any use. _claim_sources may hold access tokens (OpenID Connect Core
// 5.6.2); aio, rh and uti are Entra's own.
func ofTheProtocol(name string) bool {
	switch name {
	case "iss", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash", "azp", "jti",
		"_claim_names", "_claim_sources", "aio", "rh", "uti":
		return true
	}
	return false
}

// with returns the claims of d, and those of another document which d lacks.
func (d document) with(other document) document {
	if len(other) == 0 {
		return d
	}
	out := make(document, len(d)+len(other))
	for name, v := range other {
		out[name] = v
	}
	for name, v := range d {
		out[name] = v
	}
	return out
}
