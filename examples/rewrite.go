package examples

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// Rewrite plays a transcript and returns its file with the bodies that the server answered. Statuses and headers must
// come out as written; placeholders stay where they stand, and what is known by a name is written by its name. The result
// is for a person to read before it is committed.
func (p *Player) Rewrite(ctx context.Context, baseURL, token string, t Transcript) (string, error) {
	s := &scope{base: strings.TrimSuffix(baseURL, "/"), names: map[string]string{}}
	bodies := make([]string, len(t.Exchanges))
	for i, e := range t.Exchanges {
		a, err := p.send(ctx, s, token, &t, e)
		if err != nil {
			return "", fmt.Errorf("%s:%d: %s: %w", t.File, e.Line, e.Title, err)
		}
		bare := e
		bare.Want = ""
		if d := s.judge(bare, answer{status: a.status, header: a.header}); d != nil {
			d.File, d.Exchange, d.Request, d.Answer = t.File, e.Title, e.Method+" "+e.Target, a.body
			return "", d
		}
		if bodies[i], err = s.golden(e, a); err != nil {
			return "", fmt.Errorf("%s:%d: %s: %w", t.File, e.Line, e.Title, err)
		}
	}
	return replaceBodies(t, bodies), nil
}

// golden returns an answer's body as it is written in a transcript.
func (s *scope) golden(e Exchange, a answer) (string, error) {
	if a.body == "" {
		return "", nil
	}
	got, err := decode(a.body, 1)
	if err != nil {
		return "", fmt.Errorf("the answer is no JSON: %w", err)
	}
	var want *node
	if e.Want != "" {
		if want, err = decode(e.Want, e.WantLine); err != nil {
			return "", err
		}
	}
	s.capture(want, got)
	s.name("", want, got)
	return got.indented(), nil
}

// capture keeps the names that an answer shows where the transcript has them.
func (s *scope) capture(want, got *node) {
	if want == nil || got == nil {
		return
	}
	if text, ok := want.text(); ok {
		if value, ok := got.text(); ok {
			s.matches(text, value)
		}
	}
	for i, v := range want.values {
		switch {
		case want.object && got.object:
			s.capture(v, got.get(want.keys[i]))
		case want.array && got.array && i < len(got.values):
			s.capture(v, got.values[i])
		}
	}
}

var instant = regexp.MustCompile("^" + pattern("time") + "$")

// name replaces values by the placeholders that stand for them.
func (s *scope) name(key string, want, got *node) {
	if want != nil {
		if text, ok := want.text(); ok && placeholder.MatchString(text) && s.stands(text, got) {
			*got = node{scalar: text}
			return
		}
	}
	if text, ok := got.text(); ok {
		got.scalar = s.named(key, text)
	}
	for i, v := range got.values {
		var w *node
		switch {
		case want == nil:
		case got.object && want.object:
			w = want.get(got.keys[i])
		case got.array && want.array && i < len(want.values):
			w = want.values[i]
		}
		k := key
		if got.object {
			k = got.keys[i]
		}
		s.name(k, w, v)
	}
}

func (s *scope) named(key, text string) string {
	switch {
	case key == "version" && regexp.MustCompile("^"+pattern("version")+"$").MatchString(text):
		return "<version>"
	case key == "detail":
		return "<text>" // what a person reads may be worded anew
	case (key == "created" || key == "lastModified") && instant.MatchString(text):
		return "<time>"
	}
	for name, value := range s.names {
		if strings.HasPrefix(name, "id:") {
			text = strings.ReplaceAll(text, value, "<"+name+">")
		}
	}
	return strings.ReplaceAll(text, s.base, "<base>")
}

// replaceBodies returns the file with new bodies behind the statuses.
func replaceBodies(t Transcript, bodies []string) string {
	var out []string
	next := 0
	for i, e := range t.Exchanges {
		out = append(out, t.lines[next:e.WantLine-1]...)
		if bodies[i] != "" {
			out = append(out, bodies[i])
		}
		next = len(t.lines)
		if i+1 < len(t.Exchanges) {
			next = t.Exchanges[i+1].Line - 1
			out = append(out, "")
		}
	}
	return strings.Join(out, "\n") + "\n"
}
