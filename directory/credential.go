package directory

import (
	"slices"
	"time"
)

// Password is what is known of a member's own password: enough to recognize it, and not what it is. It belongs to a grant of
// kind GrantPassword.
type Password struct {
	Hash    string    `json:"hash"` // a PHC string, which says how it was computed
	Changed time.Time `json:"changed"`
}

// String keeps the hash out of whatever prints a password.
func (Password) String() string { return "a password" }

// GoString is String for the verb %#v.
func (p Password) GoString() string { return p.String() }

// Passkey is the public half of a key that a member's device holds (Web Authentication Level 3, section 4, "credential
// record"). It belongs to a grant of kind GrantPasskey.
type Passkey struct {
	ID        []byte    `json:"id"`               // by which the device knows the key
	Handle    []byte    `json:"handle"`           // whose it is, in the device's eyes
	PublicKey []byte    `json:"key"`              // COSE_Key
	Name      string    `json:"name"`             // what its owner calls it
	Count     uint32    `json:"count,omitempty"`  // signatures that the device had made when it was used last; many devices do not count
	Synced    bool      `json:"synced,omitempty"` // the key may be on several devices, and in a backup of theirs
	Stored    bool      `json:"stored,omitempty"` // it is in such a backup
	Transport []string  `json:"via,omitempty"`    // how browsers reach the device
	Used      time.Time `json:"used,omitzero"`    // to sign in, last
	Model     []byte    `json:"model,omitempty"`  // the AAGUID of the device's make
}

// Clone returns a copy that shares nothing.
func (k *Passkey) Clone() *Passkey {
	c := *k
	c.ID, c.Handle, c.PublicKey = slices.Clone(k.ID), slices.Clone(k.Handle), slices.Clone(k.PublicKey)
	c.Transport, c.Model = slices.Clone(k.Transport), slices.Clone(k.Model)
	return &c
}

// Copied reports whether a signature tells of a copy of the key: a device that counts has counted no further than it had
// before (section 7.2, step 22).
func (k *Passkey) Copied(count uint32) bool { return (count != 0 || k.Count != 0) && count <= k.Count }

// IsCredential reports whether a grant is something of the member's own to sign in with. It decides nothing about them.
func (g *Grant) IsCredential() bool { return g.Kind == GrantPassword || g.Kind == GrantPasskey }
