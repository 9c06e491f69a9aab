package main

import (
	"crypto/rand"
	"maps"
	"net/http"
	"sync"
	"time"
)

// The cookies. Cookies are not kept apart by port, so that their names must not be those of another application here.
const (
	sessionCookie = "__Host-app-session"
	browserCookie = "__Host-app-browser" // binds a sign-in under way to the browser that began it
)

// The limits of what is kept.
const (
	signInLasts = time.Hour      // a sign-in under way
	visitKept   = 24 * time.Hour // who came back to an access token that has expired; usher's own session is over by then
	sweepEvery  = time.Minute
	mostKept    = 10_000 // of each kind; anybody can begin a sign-in
)

// visit is somebody who is signed in here.
type visit struct {
	subject, sid string // as the provider names them in logout tokens
	accessToken  string
	expires      time.Time // the access token
	idToken      string    // for signing out
}

// start is a sign-in under way.
type start struct {
	browser, verifier, nonce string
	at                       time.Time
}

// sessions keeps both in memory.
type sessions struct {
	mu     sync.Mutex
	visits map[string]*visit
	starts map[string]*start // by state
	told   map[string]time.Time
	swept  time.Time
}

// sweep forgets what is over, once a minute.
func (s *sessions) sweep() {
	now := time.Now()
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	maps.DeleteFunc(s.starts, func(_ string, n *start) bool { return now.Sub(n.at) > signInLasts })
	maps.DeleteFunc(s.visits, func(_ string, v *visit) bool { return now.Sub(v.expires) > visitKept })
	maps.DeleteFunc(s.told, func(_ string, at time.Time) bool { return now.Sub(at) > signInLasts })
}

// keep keeps one thing more, in the place of any other where there is no room.
func keep[V any](in *map[string]V, id string, value V) {
	if *in == nil {
		*in = map[string]V{}
	}
	for other := range *in {
		if len(*in) < mostKept {
			break
		}
		delete(*in, other)
	}
	(*in)[id] = value
}

// begin keeps a sign-in under way.
func (s *sessions) begin(state string, n *start) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	keep(&s.starts, state, n)
}

// finish takes a sign-in up, once, in the browser that began it.
func (s *sessions) finish(state, browser string) (*start, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.starts[state]
	if !known || n.browser != browser {
		return nil, false
	}
	delete(s.starts, state)
	return n, time.Since(n.at) <= signInLasts
}

func (s *sessions) put(v *visit) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	id = rand.Text()
	keep(&s.visits, id, v)
	return id
}

func (s *sessions) get(id string) *visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visits[id]
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.visits, id)
}

// endOf ends what a logout token names: one session, or all of a person where it names no session. It reports false for a
// token that was used before.
func (s *sessions) endOf(jti, subject, sid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	if _, before := s.told[jti]; before {
		return false
	}
	keep(&s.told, jti, time.Now())
	for id, v := range s.visits {
		if sid != "" && v.sid == sid || sid == "" && v.subject == subject {
			delete(s.visits, id)
		}
	}
	return true
}

func setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
