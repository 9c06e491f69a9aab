package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/store"
)

// ring is a connection's own SAML key pairs: one, or two while they are rotated. The first signs.
type ring struct {
	Pairs  []string `json:"keys"`             // PEM
	Second second   `json:"second,omitempty"` // what the second one is
	// Step is when the last step of a rotation was taken.
	Step  time.Time `json:"step,omitzero"`
	pairs []saml.KeyPair
}

// between is the least time between two steps of a rotation, so that a command that is sent twice takes one.
const between = time.Minute

// second says what the key behind the one that signs is.
type second string

const (
	next   second = "next"   // it will sign, once the provider knows it
	former second = "former" // it signed, until the provider has forgotten it
)

// readRing returns the key pairs of a connection, nil before they are made. One that was read before is used again when
// it is the same.
func readRing(documents store.Documents, connection string, known *ring) (*ring, error) {
	row, err := documents.Document(keysName(connection))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &ring{}
	if err := json.Unmarshal(row, r); err != nil {
		return nil, damaged("key", connection, err)
	}
	if known != nil && known.Second == r.Second && known.Step.Equal(r.Step) && slices.Equal(known.Pairs, r.Pairs) {
		return known, nil
	}
	for _, text := range r.Pairs {
		pair, err := saml.ParseKeyPair([]byte(text))
		if err != nil {
			return nil, damaged("key", connection, err)
		}
		r.pairs = append(r.pairs, pair)
	}
	return r, nil
}

func (r *ring) write(documents store.Documents, connection string) error {
	row, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return documents.PutDocument(keysName(connection), row)
}

// generate makes a key pair for a connection.
func (k *Keeper) generate(connection string) (saml.KeyPair, string, error) {
	pair, err := saml.Generate(saml.RSA, "usher "+connection, k.now())
	if err != nil {
		return saml.KeyPair{}, "", err
	}
	text, err := pair.PEM()
	return pair, string(text), err
}

// makeKeys makes the first key pair of a connection, unless another process has been faster.
func (k *Keeper) makeKeys(ctx context.Context, about subject) error {
	pair, text, err := k.generate(about.id)
	if err != nil {
		return err
	}
	change := provision.Trust{Org: about.org, Conn: about.conn, Kind: provision.KindKeysChanged, Cause: directory.Cause{Kind: directory.CauseTime}}
	return k.Engine.Trust(ctx, change, func(documents store.Documents) ([]string, error) {
		known, err := readRing(documents, about.id, nil)
		if err != nil || known != nil {
			return nil, err
		}
		r := &ring{Pairs: []string{text}}
		return []string{"key made: " + told(pair)}, r.write(documents, about.id)
	})
}

// told names a key pair by its certificate.
func told(pair saml.KeyPair) string {
	return fmt.Sprintf("SHA-256 %s, until %s", saml.Fingerprint(pair.Certificate), pair.Certificate.NotAfter.UTC().Format(time.DateOnly))
}

// Rotation is what a step of a rotation did.
type Rotation struct {
	Connection string `json:"connection"`
	Step       int    `json:"step"` // 1 to 3
	Did        string `json:"did"`
	Next       string `json:"next"` // what has to happen before the step after it
}

// Rotate takes the next step in changing a connection's own SAML key without an interruption. There are three, and the
// provider has to follow between them:
//
//  1. A new key is made and stands behind the current one. Our metadata has both; the new one decrypts already, and signs
//     nothing yet. The provider now has to learn its certificate: from our metadata, or by an admin who uploads it.
//  2. The new key signs. The former one stands behind it and still decrypts, for a provider that encrypts by it. The
//     provider can now forget the former certificate.
//  3. The former key is dropped. What is encrypted by it from now on cannot be read any more.
//
// Each step is journalled. It is a Conflict before there is a key at all, within a minute of the last step, and for a
// connection without SAML.
func (k *Keeper) Rotate(ctx context.Context, connection string, cause directory.Cause) (*Rotation, error) {
	about, err := k.of(connection)
	if err != nil {
		return nil, err
	}
	if !about.saml {
		return nil, directory.Errorf(directory.Conflict, "The connection %s signs people in by OpenID Connect, and has no key of its own making; change its secret or private key at the provider and where usher.yaml takes it from.", connection)
	}
	pair, text, err := k.generate(connection) // outside of the transaction, which may run twice
	if err != nil {
		return nil, err
	}
	var out *Rotation
	change := provision.Trust{Org: about.org, Conn: about.conn, Kind: provision.KindKeysChanged, Cause: cause}
	err = k.Engine.Trust(ctx, change, func(documents store.Documents) ([]string, error) {
		r, err := readRing(documents, connection, nil)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, directory.Errorf(directory.Conflict, "The connection %s has no key yet; the server makes one within a minute of its start.", connection)
		}
		if now := k.now(); now.Sub(r.Step) < between {
			return nil, directory.Errorf(directory.Conflict, "A step of the rotation of %s was taken just now, at %s. Let the provider follow before the next one.", connection, r.Step.UTC().Format(time.TimeOnly))
		}
		var note string
		out, note = r.rotate(pair, text)
		r.Step = k.now().UTC()
		out.Connection = connection
		return []string{note}, r.write(documents, connection)
	})
	if err != nil {
		return nil, err
	}
	return out, k.rebuild(ctx)
}

// rotate takes a step, and says what it did to the admin and to the journal.
func (r *ring) rotate(fresh saml.KeyPair, text string) (*Rotation, string) {
	switch {
	case len(r.Pairs) == 1:
		r.Pairs, r.Second = append(r.Pairs, text), next
		return &Rotation{
			Step: 1, Did: "A new key was made. It is in our metadata and decrypts, and signs nothing yet. Certificate: " + told(fresh) + ".",
			Next: "Let the provider learn the new certificate, by our metadata or by uploading it; then rotate again.",
		}, "key made, for the time to come: " + told(fresh)
	case r.Second == next:
		slices.Reverse(r.Pairs)
		slices.Reverse(r.pairs)
		r.Second = former
		return &Rotation{
			Step: 2, Did: "The new key signs from now on. Certificate: " + told(r.pairs[0]) + ".",
			Next: "Sign in once, and let the provider forget the former certificate; then rotate again, which drops the former key.",
		}, "key signs: " + told(r.pairs[0])
	}
	gone := r.pairs[1]
	r.Pairs, r.pairs, r.Second = r.Pairs[:1], r.pairs[:1], ""
	return &Rotation{
		Step: 3, Did: "The former key was dropped. Certificate: " + told(gone) + ".", Next: "Nothing; the rotation is complete.",
	}, "key dropped: " + told(gone)
}
