package oidc

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/directory"
)

// ClientKey is the private key by which a connection proves who it is (private_key_jwt, OpenID Connect Core 9). Nobody
// else ever holds it, which cannot be said of a client secret.
type ClientKey struct {
	key         crypto.Signer
	certificate *x509.Certificate
	id          string // the key's thumbprint, RFC 7638
	algorithm   jose.SignatureAlgorithm
}

// ParseClientKey reads a private key in PEM, RSA of 2,048 bits or more or ECDSA on a NIST curve, in PKCS #8, PKCS #1 or SEC 1.
// A certificate may follow it, as Entra wants one: the key is then named by the certificate's thumbprint too.
func ParseClientKey(text []byte) (*ClientKey, error) {
	k := &ClientKey{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			key, err := parsePrivate(block)
			if err != nil {
				return nil, wrongKey(err, "The private key cannot be read; write an unencrypted RSA or ECDSA key in PEM.")
			}
			k.key = key
		case "CERTIFICATE":
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, wrongKey(err, "The certificate of the private key cannot be read; write it in PEM, after the key.")
			}
			k.certificate = certificate
		}
	}
	if k.key == nil {
		return nil, wrongKey(nil, "There is no private key; write one in PEM, beginning with -----BEGIN PRIVATE KEY-----.")
	}
	if err := k.choose(); err != nil {
		return nil, err
	}
	if k.certificate != nil {
		if theirs, ok := k.certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !theirs.Equal(k.key.Public()) {
			return nil, wrongKey(nil, "The certificate belongs to another private key.")
		}
	}
	thumbprint, err := (&jose.JSONWebKey{Key: k.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, wrongKey(err, "The private key is of a kind that is not known here.")
	}
	k.id = base64.RawURLEncoding.EncodeToString(thumbprint)
	return k, nil
}

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T does not sign", key)
	}
	return signer, nil
}

// choose picks the algorithm of the key.
func (k *ClientKey) choose() error {
	switch key := k.key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < leastRSA {
			return wrongKey(nil, fmt.Sprintf("The private key has %d bits; make one of at least %d.", key.N.BitLen(), leastRSA))
		}
		k.algorithm = jose.RS256
		if k.certificate != nil {
			k.algorithm = jose.PS256 // what Entra documents beside x5t#S256
		}
		return nil
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			k.algorithm = jose.ES256
			return nil
		case elliptic.P384():
			k.algorithm = jose.ES384
			return nil
		case elliptic.P521():
			k.algorithm = jose.ES512
			return nil
		}
	}
	return wrongKey(nil, "The private key is neither RSA nor ECDSA on a NIST curve.")
}

func wrongKey(err error, message string) error {
	return &directory.Error{Kind: directory.Invalid, Field: "private_key", Message: message, Err: err}
}

// PublicKeys returns the JWK set to paste at the provider, which holds the public half only.
func (k *ClientKey) PublicKeys() ([]byte, error) {
	key := jose.JSONWebKey{Key: k.key.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
	text, err := json.MarshalIndent(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("oidc: public key: %w", err)
	}
	return append(bytes.TrimSpace(text), '\n'), nil
}

// assertion signs a statement of who we are that holds for a minute (RFC 7523, section 3).
func (k *ClientKey) assertion(clientID, audience string, at time.Time) (string, error) {
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", k.id)
	if k.certificate != nil {
		thumbprint := sha256.Sum256(k.certificate.Raw)
		options = options.WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm, Key: k.key}, options)
	if err != nil {
		return "", fmt.Errorf("oidc: client assertion: %w", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": audience, "jti": rand.Text(),
		"iat": at.Unix(), "nbf": at.Unix(), "exp": at.Add(time.Minute).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("oidc: client assertion: %w", err)
	}
	signature, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("oidc: client assertion: %w", err)
	}
	return signature.CompactSerialize()
}
