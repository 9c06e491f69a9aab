package provider

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/store"
)

// Tokens are signed by RS256, which every relying party has to know (OpenID Connect Core 1.0, section 15.1), so that no
// application has to be set up for another algorithm.
const (
	signs   = jose.RS256
	keyBits = 2048
)

// How keys come and go. A key is published before it signs, so that nobody meets a token of a key that they do not know, and
// stays published until every token of it is dead, with a day for slow clocks and for signing out.
const (
	keyLasts   = 90 * 24 * time.Hour
	keyAhead   = 24 * time.Hour
	keyBehind  = 24 * time.Hour
	keysReread = time.Minute // another process may have made one
)

// keysDocument is where the provider's keys are in the store.
const keysDocument = "provider/keys"

// signingKey is a key pair. It signs from an instant on until the next one does.
type signingKey struct {
	ID    string    `json:"id"`
	PKCS8 []byte    `json:"pkcs8"`
	From  time.Time `json:"from"`

	private *rsa.PrivateKey
}

// ring is what the store keeps: the keys in the order in which they sign, and the key by which requests are sealed.
type ring struct {
	Seal []byte        `json:"seal"`
	Keys []*signingKey `json:"keys"`
}

// keyring holds the ring for a while.
type keyring struct {
	store store.Store
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	ring *ring
	read time.Time
}

// get returns the ring: the one in the store, with a key more where one is due. The first use makes the first key; of
// several processes that make one at the same time, one wins and all use its.
func (k *keyring) get(ctx context.Context) (*ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now().UTC()
	if k.ring != nil && now.Sub(k.read).Abs() < keysReread {
		return k.ring, nil
	}
	var r *ring
	err := k.store.View(ctx, func(tx store.Tx) (err error) {
		r, err = readRing(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("provider: keys: %w", err)
	}
	if r.due(now) || r.late(now) {
		turned, err := k.turn(ctx, now)
		switch {
		case err == nil:
			r = turned
		case len(r.Keys) == 0:
			return nil, fmt.Errorf("provider: make the first key: %w", err)
		default: // nobody is kept out for want of space: the keys that there are go on
			k.log.WarnContext(ctx, "the next key of the provider could not be made; it is tried again", "err", err)
		}
	}
	k.ring, k.read = r, now
	return r, nil
}

// turn adds what is due, and leaves out what is late.
func (k *keyring) turn(ctx context.Context, now time.Time) (*ring, error) {
	fresh, err := newSigningKey() // outside of the transaction, because it takes a while
	if err != nil {
		return nil, err
	}
	seal := make([]byte, 32)
	rand.Read(seal) // never returns an error
	var r *ring
	err = k.store.Update(ctx, func(tx store.Tx) (err error) {
		if r, err = readRing(tx); err != nil {
			return err
		}
		if len(r.Seal) == 0 {
			r.Seal = seal
		}
		if r.due(now) {
			next := *fresh
			next.From = r.next(now)
			r.Keys = append(r.Keys, &next)
		}
		for r.late(now) {
			r.Keys = r.Keys[1:]
		}
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return tx.PutDocument(keysDocument, text)
	})
	return r, err
}

func newSigningKey() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 8)
	rand.Read(id)
	return &signingKey{ID: hex.EncodeToString(id), PKCS8: text, private: private}, nil
}

func readRing(tx store.Tx) (*ring, error) {
	r := &ring{}
	text, err := tx.Document(keysDocument)
	if errors.Is(err, store.ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, r) != nil { // its error could hold a piece of them
		return nil, errors.New("the keys in the store cannot be read")
	}
	for _, key := range r.Keys {
		parsed, err := x509.ParsePKCS8PrivateKey(key.PKCS8)
		private, ok := parsed.(*rsa.PrivateKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("the key %s in the store cannot be read", key.ID)
		}
		key.private = private
	}
	return r, nil
}

// due reports whether a key has to be made.
func (r *ring) due(now time.Time) bool {
	n := len(r.Keys)
	return n == 0 || !now.Before(r.Keys[n-1].From.Add(keyLasts-keyAhead))
}

// next returns from when on a key signs that is made now.
func (r *ring) next(now time.Time) time.Time {
	if len(r.Keys) == 0 {
		return now
	}
	turn := r.Keys[len(r.Keys)-1].From.Add(keyLasts)
	if ahead := now.Add(keyAhead); turn.Before(ahead) {
		return ahead
	}
	return turn
}

// late reports whether nobody needs the oldest key any more.
func (r *ring) late(now time.Time) bool {
	return len(r.Keys) > 1 && !now.Before(r.Keys[1].From.Add(keyBehind))
}

// signing returns the key that signs now.
func (r *ring) signing(now time.Time) *signingKey {
	for _, key := range slices.Backward(r.Keys) {
		if !key.From.After(now) {
			return key
		}
	}
	return r.Keys[0] // the clock went back
}

// public returns the key set that relying parties fetch (RFC 7517).
func (r *ring) public() *jose.JSONWebKeySet {
	set := &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range r.Keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{KeyID: key.ID, Algorithm: string(signs), Use: "sig", Key: key.private.Public()})
	}
	return set
}
