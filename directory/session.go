package directory

import "time"

// Session is somebody who is signed in. What the browser holds is a random token; the store knows its hash.
type Session struct {
	Hash   [32]byte  `json:"-"` // SHA-256 of the token
	Org    OrgNum    `json:"org"`
	Member ID        `json:"member"`
	Conn   ConnNum   `json:"conn"`   // whose provider signed the person in; 0 for none
	Method string    `json:"method"` // "saml", "oidc", "code" by mail, "password" or "passkey"
	Epoch  uint64    `json:"epoch"`  // of the store when the session began: one of a restored backup is void
	Began  time.Time `json:"began"`

	SignedIn time.Time `json:"signed_in,omitzero"` // the person at the provider, which may have been long before; zero when it did not say
	Fresh    bool      `json:"fresh,omitempty"`    // the person was asked for the credentials for this sign-in alone

	Seen  time.Time `json:"seen"`            // used last, to the minute
	Ends  time.Time `json:"ends"`            // at the latest, however much it is used
	Agent string    `json:"agent,omitempty"` // the family of the browser, "Firefox on Linux"

	// By what the provider knows the session and the person when it signs them out: the session index (SAML) or sid (OpenID
	// Connect), and the NameID or sub. Either may be empty.
	Index string `json:"index,omitempty"`
	Name  string `json:"name,omitempty"`

	// What it takes to sign the person out at the provider too, in a form that only the transport reads; empty for nothing.
	Farewell []byte `json:"farewell,omitempty"`
}

// ID returns what names the session to people. It says nothing of the token.
func (s *Session) ID() ID { return ID(s.Hash[:len(ID{})]) }

// Lockdown is an organization's answer to an incident: while it is on nobody new joins by signing in, and the sessions of
// before it are over.
type Lockdown struct {
	Org   OrgNum    `json:"-"`
	Since time.Time `json:"since,omitzero"` // zero while it is off
	Ended time.Time `json:"ended,omitzero"` // every session that began by then is over
	Cause Cause     `json:"cause"`          // who switched it last, and why
}

// On reports whether the lockdown is on. None is off.
func (l *Lockdown) On() bool { return l != nil && !l.Since.IsZero() }

// Over reports whether a session is one of those that a lockdown ended.
func (l *Lockdown) Over(s *Session) bool { return l != nil && !s.Began.After(l.Ended) }

// Request is something that happens once: a sign-in under way, which its answer takes up, or an assertion that must not be
// shown a second time. Its key is a hash, so that the store cannot give away what it is the key of.
type Request struct {
	Kind    string    `json:"-"`
	Key     [32]byte  `json:"-"`
	Expires time.Time `json:"expires"`
	Data    []byte    `json:"data,omitempty"`
}
