package examples

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answerLimit bounds what the player reads of one answer.
const answerLimit = 32 << 20

// Player plays transcripts against a server. The zero value is ready.
type Player struct {
	Client *http.Client                // http.DefaultClient when nil
	Played func(*Transcript, Exchange) // called after each exchange that came out as written; may be nil
}

// Play plays one transcript against the SCIM address of its connection, such as http://127.0.0.1:8080/scim/v2/acme-okta.
// The first answer that differs ends it, and the error is a *MismatchError.
func (p *Player) Play(ctx context.Context, baseURL, token string, t Transcript) error {
	s := &scope{base: strings.TrimSuffix(baseURL, "/"), names: map[string]string{}}
	for _, e := range t.Exchanges {
		a, err := p.send(ctx, s, token, &t, e)
		if err != nil {
			return fmt.Errorf("%s:%d: %s: %w", t.File, e.Line, e.Title, err)
		}
		if d := s.judge(e, a); d != nil {
			d.File, d.Exchange, d.Request, d.Answer = t.File, e.Title, e.Method+" "+e.Target, a.body
			return d
		}
		if p.Played != nil {
			p.Played(&t, e)
		}
	}
	return nil
}

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   string
}

func (p *Player) send(ctx context.Context, s *scope, token string, t *Transcript, e Exchange) (answer, error) {
	target, err := s.expand(e.Target)
	if err != nil {
		return answer{}, err
	}
	body, err := s.expand(e.Body)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, e.Method, s.base+encode(target), strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for _, header := range []http.Header{t.Header, e.Header} {
		for name, values := range header {
			value, err := s.expand(values[0])
			if err != nil {
				return answer{}, err
			}
			r.Header.Set(name, value)
		}
	}
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	return answer{status: resp.StatusCode, header: resp.Header, body: string(text)}, err
}

// encode percent-encodes what may not stand in a request line: spaces, quotes and everything outside ASCII.
func encode(target string) string {
	var b strings.Builder
	for _, c := range []byte(target) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// judge returns the first difference between an answer and what the transcript has.
func (s *scope) judge(e Exchange, a answer) *MismatchError {
	if a.status != e.Status {
		return &MismatchError{Line: e.WantLine, Where: "status", Want: fmt.Sprint(e.Status), Got: fmt.Sprint(a.status)}
	}
	if d := s.judgeHeader(e, a); d != nil {
		return d
	}
	if e.Want == "" {
		if a.body != "" {
			return &MismatchError{Line: e.WantLine, Where: "body", Want: "nothing", Got: a.body}
		}
		return nil
	}
	want, err := decode(e.Want, e.WantLine)
	if err != nil {
		return &MismatchError{Line: e.WantLine, Where: "transcript", Want: "JSON", Got: err.Error()}
	}
	got, err := decode(a.body, 1)
	if err != nil {
		return &MismatchError{Line: e.WantLine, Where: "body", Want: want.String(), Got: "no JSON: " + err.Error()}
	}
	return s.compare("", want, got)
}

func (s *scope) judgeHeader(e Exchange, a answer) *MismatchError {
	for name, values := range e.WantHeader {
		if got := a.header.Get(name); !s.matches(values[0], got) {
			return &MismatchError{Line: e.WantLine, Where: name, Want: values[0], Got: got}
		}
	}
	if got := a.header.Get("Content-Type"); a.body != "" && !strings.HasPrefix(got, "application/scim+json") {
		return &MismatchError{Line: e.WantLine, Where: "Content-Type", Want: "application/scim+json", Got: got}
	}
	return nil
}
