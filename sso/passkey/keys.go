package passkey

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/mixus/usher/directory"
)

// Lasts is for how long a ceremony may be answered.
const Lasts = 5 * time.Minute

// Keys makes and recognizes passkeys of one address. Make one with New.
type Keys struct {
	party *webauthn.WebAuthn
	now   func() time.Time
}

// New returns the Keys of the address under which browsers reach us. Its error says that there can be no passkeys there: they
// are bound to a name, and an IP address is none (section 5.1.2, "effective domain").
func New(publicURL, name string, now func() time.Time) (*Keys, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("passkey: read the public address: %w", err)
	}
	required := true
	if name == "" {
		name = u.Hostname()
	}
	config := &webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &required, UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login: webauthn.TimeoutConfig{Timeout: Lasts}, Registration: webauthn.TimeoutConfig{Timeout: Lasts},
		},
	}
	if err := protocol.ValidateRPID(config.RPID); err != nil {
		return nil, fmt.Errorf("passkey: %s cannot have passkeys: %w", config.RPID, err)
	}
	party, err := webauthn.New(config)
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return &Keys{party: party, now: now}, nil
}

// Person is whose passkeys are made.
type Person struct {
	Handle   []byte // by which devices know the person; nobody reads anything from it
	Name     string // the address, which devices show beside the key
	Display  string // the person's name
	Passkeys []*directory.Passkey
}

// Ceremony is what must be known when the browser answers.
type Ceremony struct {
	Session webauthn.SessionData `json:"s"`
	Ends    time.Time            `json:"e"`
}

// Challenge names the ceremony, so that it is answered once.
func (c *Ceremony) Challenge() string { return c.Session.Challenge }

// Register begins to make a passkey. The options are what the browser's script is given.
func (k *Keys) Register(p Person) (options []byte, c *Ceremony, err error) {
	who := &user{Person: p}
	var known []protocol.CredentialDescriptor
	for _, credential := range who.WebAuthnCredentials() {
		known = append(known, credential.Descriptor())
	}
	creation, session, err := k.party.BeginRegistration(who, webauthn.WithExclusions(known))
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: begin to make one: %w", err)
	}
	options, err = json.Marshal(creation.Response)
	return options, &Ceremony{Session: *session, Ends: k.now().Add(Lasts)}, err
}

// Registered reads the browser's answer, and returns the new passkey. Its error is Invalid for whatever does not hold.
func (k *Keys) Registered(p Person, c *Ceremony, answer []byte) (*directory.Passkey, error) {
	if k.now().After(c.Ends) {
		return nil, wrong(fmt.Errorf("passkey: the ceremony is over"))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, wrong(err)
	}
	made, err := k.party.CreateCredential(&user{Person: p}, c.Session, parsed)
	if err != nil {
		return nil, wrong(err)
	}
	if err := usable(made.PublicKey); err != nil {
		return nil, wrong(err)
	}
	key := &directory.Passkey{
		ID: made.ID, Handle: p.Handle, PublicKey: made.PublicKey, Count: made.Authenticator.SignCount,
		Synced: made.Flags.BackupEligible, Stored: made.Flags.BackupState, Model: made.Authenticator.AAGUID,
	}
	for _, t := range transports() {
		if slices.Contains(made.Transport, t) {
			key.Transport = append(key.Transport, string(t))
		}
	}
	return key, nil
}

// transports are the ways to a device (section 5.8.4). A browser may name others, and anything as one: those are not kept.
func transports() []protocol.AuthenticatorTransport {
	return []protocol.AuthenticatorTransport{
		protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
	}
}

// Assertion is a passkey's owner at the door.
type Assertion struct {
	Handle []byte // whose it is
	ID     []byte // of the passkey
	Count  uint32 // signatures that the device has made
	Stored bool   // the key is in a backup
}

// Ask begins to recognize somebody. The options are what the browser's script is given.
func (k *Keys) Ask() (options []byte, c *Ceremony, err error) {
	request, session, err := k.party.BeginDiscoverableLogin()
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: begin to ask for one: %w", err)
	}
	options, err = json.Marshal(request.Response)
	return options, &Ceremony{Session: *session, Ends: k.now().Add(Lasts)}, err
}

// Answered reads the browser's answer, and returns whose passkey it is of. Find returns the passkey of a handle and id; its
// errors of kind Internal are returned as they are. The error is Unauthenticated for whatever does not hold.
func (k *Keys) Answered(c *Ceremony, answer []byte, find func(handle, id []byte) (*directory.Passkey, error)) (*Assertion, error) {
	if k.now().After(c.Ends) {
		return nil, unknown(fmt.Errorf("passkey: the ceremony is over"))
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, unknown(err)
	}
	var broken error
	_, _, err = k.party.ValidatePasskeyLogin(func(id, handle []byte) (webauthn.User, error) {
		key, err := find(handle, id)
		if err != nil {
			if directory.KindOf(err) == directory.Internal {
				broken = err
			}
			return nil, err
		}
		return &user{Person: Person{Handle: key.Handle, Passkeys: []*directory.Passkey{key}}}, nil
	}, c.Session, parsed)
	switch {
	case broken != nil:
		return nil, broken
	case err != nil:
		return nil, unknown(err)
	}
	data := &parsed.Response.AuthenticatorData
	return &Assertion{Handle: parsed.Response.UserHandle, ID: parsed.RawID, Count: data.Counter, Stored: data.Flags.HasBackupState()}, nil
}

func wrong(err error) error {
	return &directory.Error{Kind: directory.Invalid, Message: "The passkey could not be added. Try again.", Err: err}
}

func unknown(err error) error {
	return &directory.Error{Kind: directory.Unauthenticated, Message: "This passkey is not known here.", Err: err}
}

// user is a person as the library asks for them.
type user struct{ Person }

// WebAuthnID is the user handle.
func (u *user) WebAuthnID() []byte { return u.Handle }

// WebAuthnName is the address.
func (u *user) WebAuthnName() string { return u.Name }

// WebAuthnDisplayName is the person's name.
func (u *user) WebAuthnDisplayName() string { return u.Display }

// WebAuthnCredentials are the person's passkeys.
func (u *user) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(u.Passkeys))
	for i, key := range u.Passkeys {
		list[i] = webauthn.Credential{
			ID: key.ID, PublicKey: key.PublicKey,
			Flags:         webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: key.Synced, BackupState: key.Stored},
			Authenticator: webauthn.Authenticator{AAGUID: key.Model, SignCount: key.Count},
		}
		for _, t := range key.Transport {
			list[i].Transport = append(list[i].Transport, protocol.AuthenticatorTransport(t))
		}
	}
	return list
}
