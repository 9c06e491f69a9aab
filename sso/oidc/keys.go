package oidc

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
)

const (
	mostKeys  = 50   // of one provider; Entra has about ten
	leastRSA  = 2048 // bits
	mostTries = 8    // keys that one token without a kid is tried with
)

// keys are a provider's public keys that can sign.
type keys struct {
	all     []jose.JSONWebKey
	ignored []string // why others are not among them
}

// fetchKeys reads the provider's keys.
func (p *Provider) fetchKeys(ctx context.Context) (*keys, error) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	a, err := fetch(ctx, p.follow, m.Keys, "")
	if err != nil {
		return nil, err
	}
	k, err := parseKeys(a.body)
	if err != nil {
		return nil, badAnswer(err, "what %s answers is no set of keys", m.Keys)
	}
	if len(k.all) == 0 {
		return nil, badAnswer(nil, "the set of keys at %s has none that can sign", m.Keys)
	}
	return k, nil
}

// parseKeys reads a JWK set (RFC 7517, section 5). What is no public signing key is left out, and said: a symmetric key in a
// published set is known to everybody, and a token signed with it says nothing.
func parseKeys(body []byte) (*keys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, err
	}
	var k keys
	for i, raw := range set.Keys {
		if len(k.all) == mostKeys {
			k.ignored = append(k.ignored, fmt.Sprintf("%d keys beyond the first %d", len(set.Keys)-i, mostKeys))
			break
		}
		var key jose.JSONWebKey
		if err := json.Unmarshal(raw, &key); err != nil {
			k.ignored = append(k.ignored, fmt.Sprintf("key %d: it is of a kind that is not known here, or damaged", i+1))
			continue
		}
		if why := unfit(&key); why != "" {
			k.ignored = append(k.ignored, fmt.Sprintf("key %d (%s): %s", i+1, clip(key.KeyID), why))
			continue
		}
		k.all = append(k.all, key)
	}
	return &k, nil
}

func unfit(key *jose.JSONWebKey) string {
	switch {
	case !key.Valid():
		return "it is damaged"
	case !key.IsPublic():
		return "it is no public key, and yet published"
	case key.Use != "" && key.Use != "sig":
		return "it is not for signatures"
	}
	if r, ok := key.Key.(*rsa.PublicKey); ok && r.N.BitLen() < leastRSA {
		return fmt.Sprintf("%d bits are too few", r.N.BitLen())
	}
	return ""
}

// signed is the key set of one token, for go-oidc.
type signed struct {
	p     *Provider
	types []string // that the header may name

	payload []byte            // what was signed, once it holds
	refusal *identity.Refusal // why not, when there is more to say: go-oidc does not pass our error on
}

var errNoKey = errors.New("no key of the provider has made this signature")

// VerifySignature returns the payload of a token that one of the provider's keys signed. A token that none of the held
// keys fits causes one fetch in ten seconds at most, whatever its kid says.
func (s *signed) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, s.p.algorithms)
	if err != nil {
		return nil, err
	}
	if s.refusal = ofType(jws.Signatures[0].Protected, s.types); s.refusal != nil {
		return nil, s.refusal
	}
	held, err := s.p.keys.get(ctx)
	if err != nil {
		s.refusal = unavailable(err, "the provider's keys could not be read")
		return nil, err
	}
	if s.payload = held.verify(jws); s.payload != nil {
		return s.payload, nil
	}
	_, got, _ := s.p.keys.look()
	renewed, err := s.p.keys.newer(ctx, got)
	if err != nil {
		s.refusal = unavailable(err, "the provider's keys could not be read")
		return nil, err
	}
	if renewed != held {
		if s.payload = renewed.verify(jws); s.payload != nil {
			return s.payload, nil
		}
	}
	if err := s.p.keys.last(); err != nil {
		s.refusal = unavailable(err, "the provider's keys could not be read anew, and none of the known ones made this signature")
	}
	return nil, errNoKey
}

// verify tries the keys that a token can have been signed with, and returns what was signed; nil when none of them did it.
func (k *keys) verify(jws *jose.JSONWebSignature) []byte {
	header := jws.Signatures[0].Protected
	tries := 0
	for i := range k.all {
		key := &k.all[i]
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if tries++; tries > mostTries {
			return nil
		}
		if payload, err := jws.Verify(key); err == nil {
			return payload
		}
	}
	return nil
}

// instant reads a NumericDate (RFC 7519, section 2). Beyond the year 9999 there are none.
func instant(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || f <= 0 || f > 253402300799 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}
