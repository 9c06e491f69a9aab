package sso

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// Limits of sign-ins under way.
const (
	askLasts  = 15 * time.Minute
	mostAsks  = 6       // in one browser; the oldest goes
	asksBytes = 5 << 10 // of all of them together: many proxies take 8 KiB of cookies
)

// askCookie begins the names of the cookies of sign-ins under way; the sign-in's id follows.
const askCookie = "__Host-usher-ask-"

// ask is a sign-in under way: what must be known when the browser comes back from the provider.
type ask struct {
	ID         string       `json:"-"` // goes to the provider as RelayState or state
	Connection string       `json:"c"`
	At         time.Time    `json:"t"`
	Return     string       `json:"r,omitempty"` // where to go afterwards
	Address    string       `json:"a,omitempty"` // whom the person said to be
	Fresh      bool         `json:"f,omitempty"` // the provider was to ask for the credentials again
	Former     directory.ID `json:"s,omitzero"`  // the browser's session before this one

	Request  string `json:"m,omitempty"` // the id of the SAML request
	Nonce    string `json:"n,omitempty"` // of OpenID Connect, as the next
	Verifier string `json:"v,omitempty"`
}

func (a *ask) name() string { return askCookie + a.ID }

// once is what makes the answer to a sign-in count once. Beyond the sign-in's own end it is refused for its age.
func (a *ask) once() provision.Once {
	return provision.Once{Kind: "sign-in", Key: provision.TokenHash(a.Connection + "\n" + a.ID), Until: a.At.Add(askLasts)}
}

// newID returns an id of a sign-in or sign-out under way.
func newID() string { return rand.Text() }

// isID reports whether a text looks like an id that newID returned, ever and to whomever.
func isID(text string) bool {
	return len(text) == len(newID()) && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// keepAsk gives a browser a sign-in under way, and takes from it what is too much.
func (s *Server) keepAsk(w http.ResponseWriter, r *http.Request, a *ask, posted bool) error {
	value, err := s.seal.close(a.name(), a)
	if err != nil {
		return err
	}
	var others []*ask
	size := map[string]int{}
	for _, c := range r.Cookies() {
		if id, ours := strings.CutPrefix(c.Name, askCookie); ours {
			if other := s.openAsk(c.Name, id, c.Value); other != nil {
				others = append(others, other)
				size[id] = len(c.Name) + len(c.Value)
			} else {
				drop(w, c.Name)
			}
		}
	}
	slices.SortFunc(others, func(a, b *ask) int { return b.At.Compare(a.At) })
	total := len(value)
	for i, other := range others {
		if total += size[other.ID]; i >= mostAsks-1 || total > asksBytes {
			drop(w, other.name())
		}
	}
	keep(w, a.name(), value, askLasts, posted)
	return nil
}

// asked returns the sign-in of an id that this browser began with a connection, nil when there is none.
func (s *Server) asked(r *http.Request, connection, id string) *ask {
	if id == "" || len(id) > 64 {
		return nil
	}
	a := s.openAsk(askCookie+id, id, kept(r, askCookie+id))
	if a == nil || a.Connection != connection {
		return nil
	}
	return a
}

// openAsk reads a cookie, nil when it is none of ours or too old.
func (s *Server) openAsk(name, id, value string) *ask {
	a := &ask{}
	if value == "" || !s.seal.open(name, value, a) || !s.now().Before(a.At.Add(askLasts)) {
		return nil
	}
	a.ID = id
	return a
}

// useUp notes that the answer to a sign-in has come, before it is looked at: one that costs a call of the provider's may cost
// one alone. It is a Conflict when it has come before.
func (s *Server) useUp(r *http.Request, a *ask) error {
	once := a.once()
	return s.Engine.PutRequest(r.Context(), &directory.Request{Kind: once.Kind, Key: once.Key, Expires: once.Until})
}

// answered reports whether the answer to a sign-in has come already.
func (s *Server) answered(r *http.Request, a *ask) (bool, error) {
	once := a.once()
	_, err := s.Engine.Request(r.Context(), once.Kind, once.Key)
	if directory.KindOf(err) == directory.NotFound {
		return false, nil
	}
	return err == nil, err
}
