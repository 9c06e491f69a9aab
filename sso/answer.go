package sso

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/sso/trust"
)

// arrival is somebody whom a provider has signed in.
type arrival struct {
	line   *trust.Line
	who    *identity.Identity
	ask    *ask             // what it answers; nil when the sign-in began at the provider
	back   string           // a path of our own to go to
	method string           // "saml", "oidc"
	once   []provision.Once // what it uses up, where that is not used up already
}

// admit hands an arrival to the engine, and shows what became of it.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, in *arrival) error {
	login, err := in.login(r)
	if err != nil {
		return err
	}
	result, err := s.Engine.Login(r.Context(), login)
	if err != nil {
		return err
	}
	if in.ask != nil {
		drop(w, in.ask.name())
	}
	if !result.In() {
		return s.turnAway(w, r, in, result)
	}
	if err := s.endFormer(r, in.ask); err != nil {
		return err
	}
	session.Set(w, result.Token, result.Session.Ends)
	keep(w, lastCookie, in.line.ID, lastKept, false)
	return s.arrive(w, r, result.Session, result.Member, in.back, result.First || result.Code == provision.LoginJoined)
}

// login is an arrival in the engine's terms.
func (in *arrival) login(r *http.Request) (provision.Login, error) {
	who := in.who
	addresses := make([]provision.LoginAddress, len(who.Addresses))
	for i, a := range who.Addresses {
		addresses[i] = provision.LoginAddress{Value: a.Value, Vouched: a.Vouched}
	}
	farewell, err := farewellOf(who)
	name := who.NameID.Value
	if name == "" {
		name = who.Sub
	}
	return provision.Login{
		Org: in.line.Org, Conn: in.line.Conn, Request: httpx.RequestID(r.Context()), Method: in.method,
		Subject: who.Subject, Addresses: addresses,
		Profile: directory.Profile{
			UserName: who.Profile.UserName, GivenName: who.Profile.GivenName, FamilyName: who.Profile.FamilyName,
			DisplayName: who.Profile.Display, Title: who.Profile.Title, Department: who.Profile.Department, Locale: who.Profile.Locale,
		},
		Groups: who.Groups, GroupsKnown: who.GroupsKnown, SignedIn: who.SignedIn, Fresh: in.ask != nil && in.ask.Fresh, NotAfter: who.Ends,
		Index: who.Session, Name: name, Farewell: farewell, Agent: agent(r.UserAgent()), Notes: who.Notes, Consume: in.once,
	}, err
}

// endFormer ends the sessions that the browser had: a sign-in makes a new one always (row 48 of the abuse catalogue). A
// provider's form is posted without our session's cookie, so that the sign-in itself remembers it too.
func (s *Server) endFormer(r *http.Request, a *ask) error {
	request := httpx.RequestID(r.Context())
	if token := session.Token(r); token != "" {
		if err := s.Engine.EndSession(r.Context(), token, request); err != nil {
			return err
		}
	}
	if a == nil || a.Former.IsZero() {
		return nil
	}
	return s.Engine.EndSessionByID(r.Context(), a.Former, request)
}

// arrive leads somebody who is signed in on: to terms that are due, to a welcome the first time, or back. An invitation by
// which they came welcomes them itself.
func (s *Server) arrive(w http.ResponseWriter, r *http.Request, held *directory.Session, member *directory.Member, back string, first bool) error {
	to := back
	if first && !strings.HasPrefix(back, invitationsPath) || to == "" {
		to = with(welcomePath, "return", back)
	}
	due, err := s.Engine.TermsDue(r.Context(), held.Org, member.ID)
	if err != nil {
		return err
	}
	if due != nil {
		to = with(termsPath, "return", to)
	}
	return leave(w, r, to)
}

// live returns the session that a browser holds and the member who is signed in, nil when nobody is.
func (s *Server) live(r *http.Request) (*directory.Session, *directory.Member, error) {
	token := session.Token(r)
	if token == "" {
		return nil, nil, nil
	}
	held, member, err := s.Engine.Session(r.Context(), token)
	if directory.KindOf(err) == directory.Unauthenticated {
		return nil, nil, nil
	}
	return held, member, err
}

// sessionID returns the id of the session that a token stands for, if it does.
func sessionID(token string) directory.ID {
	return (&directory.Session{Hash: provision.TokenHash(token)}).ID()
}

// mostIDToken is how long an ID token may be to be kept for signing out at the provider.
const mostIDToken = 8 << 10

// farewell is what it takes to sign a person out at the provider, kept with the session.
type farewell struct {
	NameID  *identity.NameID `json:"name,omitempty"`
	IDToken string           `json:"token,omitempty"`
}

func farewellOf(who *identity.Identity) ([]byte, error) {
	var f farewell
	if who.NameID.Value != "" {
		f.NameID = &who.NameID
	}
	if len(who.IDToken) <= mostIDToken {
		f.IDToken = who.IDToken
	}
	if f == (farewell{}) {
		return nil, nil
	}
	return json.Marshal(f)
}

// assertionOnce is what makes an assertion count once, for as long as it is accepted.
func assertionOnce(connection, id string, until time.Time) provision.Once {
	return provision.Once{Kind: "assertion", Key: provision.TokenHash(connection + "\n" + id), Until: until}
}

// logoutOnce is the same for a message that signs somebody out.
func logoutOnce(connection, id string, until time.Time) provision.Once {
	return provision.Once{Kind: "logout", Key: provision.TokenHash(connection + "\n" + id), Until: until}
}
