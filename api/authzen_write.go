package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mixus/usher/access"
)

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that has gone needs no answer
}

// answerBuffers are for the texts of decisions.
var answerBuffers = sync.Pool{New: func() any { return new([]byte) }}

// writeDecision is writeJSON for the one answer that applications ask for all day, without reflection.
func writeDecision(w http.ResponseWriter, d *authDecision) {
	w.Header().Set("Content-Type", "application/json")
	b := answerBuffers.Get().(*[]byte)
	*b = append(d.append((*b)[:0]), '\n')
	_, _ = w.Write(*b) // a client that has gone needs no answer
	answerBuffers.Put(b)
}

// append appends the JSON of a decision, as encoding/json writes it.
func (d *authDecision) append(b []byte) []byte {
	b = strconv.AppendBool(append(b, `{"decision":`...), d.Decision)
	if c := d.Context; c != nil {
		o := objectText{b: append(b, `,"context":{`...)}
		c.members(&o)
		b = append(o.b, '}')
	}
	return append(b, '}')
}

func (c *authContext) members(o *objectText) {
	o.text("reason", c.Reason)
	if c.Source != nil {
		o.source("source", c.Source)
	}
	if len(c.Also) > 0 {
		o.name("also")
		for i := range c.Also {
			o.b = append(o.b, "[,"[min(i, 1)])
			o.b = appendSource(o.b, &c.Also[i])
		}
		o.b = append(o.b, ']')
	}
	o.text("rule", c.Rule)
	o.text("rule_at", c.RuleAt)
	if c.Until != nil {
		o.name("until")
		o.b = append(c.Until.AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
	}
	if len(c.Data) > 0 {
		o.name("data")
		for i, text := range c.Data {
			o.b = appendText(append(o.b, "[,"[min(i, 1)]), text)
		}
		o.b = append(o.b, ']')
	}
	if c.Limit != 0 {
		o.name("limit")
		o.b = strconv.AppendInt(o.b, c.Limit, 10)
	}
	if c.Approval {
		o.name("approval")
		o.b = append(o.b, "true"...)
	}
	if c.Error != nil {
		o.name("error")
		o.b = strconv.AppendInt(append(o.b, `{"status":`...), int64(c.Error.Status), 10)
		o.b = append(appendText(append(o.b, `,"message":`...), c.Error.Message), '}')
	}
}

func (o *objectText) source(name string, s *access.Source) {
	o.name(name)
	o.b = appendSource(o.b, s)
}

func appendSource(b []byte, s *access.Source) []byte {
	b = appendText(append(b, `{"kind":`...), s.Kind)
	o := objectText{b: appendText(append(b, `,"name":`...), s.Name), begun: true}
	o.text("at", s.At)
	o.text("changed", s.Changed)
	return append(o.b, '}')
}

// objectText is the text of an object whose members are written one after the other.
type objectText struct {
	b     []byte
	begun bool
}

func (o *objectText) name(name string) {
	if o.begun {
		o.b = append(o.b, ',')
	}
	o.begun = true
	o.b = append(append(append(o.b, '"'), name...), `":`...)
}

// text writes a member that is left out when it is empty.
func (o *objectText) text(name, text string) {
	if text != "" {
		o.name(name)
		o.b = appendText(o.b, text)
	}
}

func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			quoted, _ := json.Marshal(text) // a text always marshals
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}
