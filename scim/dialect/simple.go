package dialect

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mixus/usher/scim/schema"
)

// boolean reads true and false, also as text in any case or as 1 and 0.
func (n *normalizer) boolean(a *schema.Attribute, raw any) (any, error) {
	var word string
	switch v := raw.(type) {
	case bool:
		return v, nil
	case string:
		word = strings.ToLower(strings.TrimSpace(v))
	case json.Number:
		word = v.String()
	}
	n.note(a.String(), "a text or number was taken as a boolean")
	switch word {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	case "":
		return nil, nil
	}
	return nil, wrongType(a)
}

// number reads numbers, also as text.
func (n *normalizer) number(a *schema.Attribute, raw any) (any, error) {
	var number json.Number
	switch v := raw.(type) {
	case json.Number:
		number = v
	case string:
		text := strings.TrimSpace(v)
		if text == "" {
			n.note(a.String(), "an empty text was taken as no value")
			return nil, nil
		}
		if !json.Valid([]byte(text)) {
			return nil, wrongType(a)
		}
		n.note(a.String(), "a text was taken as a number")
		number = json.Number(text)
	default:
		return nil, wrongType(a)
	}
	if a.Type == schema.Integer {
		if _, err := number.Int64(); err != nil {
			return nil, wrongType(a)
		}
		return number, nil
	}
	if _, err := number.Float64(); err != nil {
		return nil, wrongType(a)
	}
	return number, nil
}

func (n *normalizer) dateTime(a *schema.Attribute, raw any) (any, error) {
	text, ok := raw.(string)
	if ok && text == "" {
		n.note(a.String(), "an empty text was taken as no value")
		return nil, nil
	}
	if _, valid := schema.ParseTime(text); !ok || !valid {
		return nil, wrongType(a)
	}
	return text, nil
}

// text reads texts, also from numbers and booleans. A certificate that is not base64 is kept as it is: Entra's validator
// sends random strings and wants them back.
func (n *normalizer) text(a *schema.Attribute, raw any) (any, error) {
	switch v := raw.(type) {
	case string:
		if a.Type == schema.Binary {
			if _, err := base64.StdEncoding.DecodeString(v); err != nil {
				n.note(a.String(), "not base64, kept as it is")
			}
		}
		return v, nil
	case json.Number:
		n.note(a.String(), "a number was taken as a text")
		return v.String(), nil
	case bool:
		n.note(a.String(), "a boolean was taken as a text")
		return strconv.FormatBool(v), nil
	}
	return nil, wrongType(a)
}

func wrongType(a *schema.Attribute) error {
	return valueError(a.String(), "%s must be %s.", a, a.Describe())
}
