package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"sync"
	"testing"
)

// made are the RSA keys that there are: they take their time.
var made = struct {
	sync.Mutex
	keys map[string]*rsa.PrivateKey
}{keys: map[string]*rsa.PrivateKey{}}

// RSA returns the RSA key of a name, the same whenever it is asked for.
func RSA(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.keys[name] == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		made.keys[name] = key
	}
	return made.keys[name]
}

// ECDSA makes an ECDSA key.
func ECDSA(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Sign makes a token of any header and any payload, by RS256, PS256, ES256 or EdDSA as the key is one.
func Sign(t testing.TB, key crypto.Signer, header, payload any) string {
	t.Helper()
	message := Unsigned(t, header, payload)
	digest := sha256.Sum256([]byte(message))
	var signature []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if h, ok := header.(Claims); ok && h["alg"] == "PS256" {
			signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], nil)
		}
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, key, digest[:])
		if err = signErr; err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(message))
	}
	if err != nil {
		t.Fatal(err)
	}
	return message + "." + Encode(signature)
}

// SignHMAC makes a token by HS256.
func SignHMAC(t testing.TB, secret []byte, header, payload Claims) string {
	t.Helper()
	message := Unsigned(t, header, payload)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(message))
	return message + "." + Encode(mac.Sum(nil))
}

// Unsigned is a token up to its signature (RFC 7515, section 5.1).
func Unsigned(t testing.TB, header, payload any) string {
	t.Helper()
	return Encode(Marshal(t, header)) + "." + Encode(Marshal(t, payload))
}

// Encode is base64 as tokens have it.
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Marshal writes JSON; a json.RawMessage goes through as it is, also where it is none.
func Marshal(t testing.TB, v any) []byte {
	t.Helper()
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
