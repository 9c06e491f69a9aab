package idps

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// form is a form of a page, as a browser without scripts would submit it.
type form struct {
	id             string
	action         string
	post           bool
	values         url.Values
	user, password string // the names of the fields for them; "" where there are none
	buttons        int
}

// markup matches comments, scripts, styles and tags.
func markup() *regexp.Regexp {
	return regexp.MustCompile(`(?is)<!--.*?-->|<script\b.*?</script>|<style\b.*?</style>|<(/?)([a-z][a-z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*)>`)
}

func attribute() *regexp.Regexp {
	return regexp.MustCompile(`(?s)([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?`)
}

// forms returns the forms of a page. It reads what providers write, not all that HTML allows: a select keeps the value of
// its first option, and a textarea is empty.
func forms(page []byte) []*form {
	var out []*form
	var current *form
	var list string // the select that is open
	for _, tag := range markup().FindAllSubmatch(page, -1) {
		name, closing := strings.ToLower(string(tag[2])), len(tag[1]) > 0
		attrs := attributes(string(tag[3]))
		switch {
		case name == "form" && closing:
			current = nil
		case name == "form":
			current = &form{id: attrs["id"], action: attrs["action"], post: strings.EqualFold(attrs["method"], "post"), values: url.Values{}}
			out = append(out, current)
		case closing:
			continue
		case name == "input" || name == "button":
			if f := owner(out, current, attrs); f != nil {
				f.add(name, attrs)
			}
		case name == "select":
			list = attrs["name"]
		case name == "option" && list != "" && current != nil:
			current.values.Set(list, attrs["value"])
			list = ""
		}
	}
	return out
}

// owner returns the form that a field belongs to: the one around it, unless it names another.
func owner(all []*form, around *form, attrs map[string]string) *form {
	if id := attrs["form"]; id != "" {
		if i := slices.IndexFunc(all, func(f *form) bool { return f.id == id }); i >= 0 {
			return all[i]
		}
	}
	return around
}

func (f *form) add(tag string, attrs map[string]string) {
	name, kind := attrs["name"], strings.ToLower(attrs["type"])
	switch {
	case tag == "button" && kind == "", kind == "submit":
		f.buttons++
		if f.buttons > 1 { // the first button is the one that goes on
			return
		}
	case kind == "password":
		f.password = name
	case tag == "input" && (kind == "" || kind == "text" || kind == "email") && f.user == "":
		f.user = name
	case kind == "hidden":
	case kind == "checkbox", kind == "radio":
		if _, checked := attrs["checked"]; !checked {
			return
		}
	default:
		return
	}
	if name != "" {
		f.values.Add(name, attrs["value"])
	}
}

func attributes(text string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute().FindAllStringSubmatch(text, -1) {
		name := strings.ToLower(m[1])
		if _, twice := out[name]; !twice {
			out[name] = html.UnescapeString(unquoted(m[2]))
		}
	}
	return out
}

func unquoted(text string) string {
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') {
		return text[1 : n-1]
	}
	return text
}

// choose returns the form that a person would send: the one that asks for the password, else the first that has anything
// to send.
func choose(all []*form) (*form, bool) {
	for _, wanted := range []func(*form) bool{
		func(f *form) bool { return f.password != "" },
		func(f *form) bool { return f.values.Has("SAMLResponse") || f.values.Has("SAMLRequest") },
		func(f *form) bool { return f.post && (len(f.values) > 0 || f.buttons > 0) },
	} {
		if i := slices.IndexFunc(all, wanted); i >= 0 {
			return all[i], true
		}
	}
	return nil, false
}
