// Package identity holds what a provider said of a person who signed in, verified: the one thing in which SAML and OpenID
// Connect do not differ.
package identity

import "time"

// Identity is a verified sign-in.
type Identity struct {
	Connection string // the connection's id
	// Subject is the immutable name of the person at the provider, by the connection's subject setting. It is never empty.
	Subject string
	// Sub is OpenID Connect's sub claim, by which the provider's back-channel logout names the person, whatever the Subject is
	// made of; "" for SAML.
	Sub string
	// Issuer is the provider's entity id or issuer, as verified.
	Issuer string
	// Addresses are the mail addresses that the provider gave, the preferred one first.
	Addresses []Address
	Profile   Profile
	// Groups are the groups of the login. They count only where the connection takes groups from logins, and only when
	// GroupsKnown is true: a provider that left them out for their number, or was not asked, has said nothing of them.
	Groups      []string
	GroupsKnown bool
	// Claims are all attributes or claims of one person, text by text, for conditions of the mapping file and for diagnosis.
	Claims map[string][]string

	// SignedIn is when the person signed in at the provider; zero when it did not say.
	SignedIn time.Time
	// Session is the provider's session index (SAML) or sid (OpenID Connect), by which it signs the person out; "" for none.
	Session string
	// NameID is the SAML name of the person, with its format and qualifiers, for single logout; zero for OpenID Connect.
	NameID NameID
	// IDToken is the token for OpenID Connect's logout hint; "" for SAML.
	IDToken string
	// Ends is when the provider wants the session to end; zero when it did not say.
	Ends time.Time
	// Notes are findings for the audit trail, such as a certificate that has expired.
	Notes []string
}

// Address is a mail address, and whether the provider vouches for it.
type Address struct {
	Value   string
	Vouched bool
}

// Profile is what the provider said of the person's name and place; what it did not say is "".
type Profile struct {
	UserName   string
	GivenName  string
	FamilyName string
	Display    string
	Title      string
	Department string
	Locale     string
}

// NameID is the SAML name of a person (SAML Core 2.2.3).
type NameID struct {
	Value           string
	Format          string
	NameQualifier   string
	SPNameQualifier string
}

// Refusal is a sign-in that was not accepted. Its text is for the audit trail and the helpdesk; people see a page by its
// Code.
type Refusal struct { //nolint:errname // people are refused; the word is the one of the pages and the journal
	Code   Code
	Reason string // what was wrong, in words, with the values that were seen where they are no secrets
	Err    error  // the library's own word, for the log; nil for none
}

// Error returns the reason.
func (r *Refusal) Error() string { return r.Reason }

// Unwrap returns the library's error.
func (r *Refusal) Unwrap() error { return r.Err }

// Code tells refusals apart that call for different pages.
type Code string

// The kinds of refusal.
const (
	Invalid     Code = "invalid"       // the message is malformed, forged or not meant for us
	Replayed    Code = "replayed"      // it was used already
	Expired     Code = "expired"       // it came too late, or the browser came back to an old page: start again
	Denied      Code = "denied"        // the provider itself did not let the person in
	Unavailable Code = "unavailable"   // the provider could not be reached, or answered nonsense
	Misset      Code = "misconfigured" // our settings and the provider's do not fit
)
