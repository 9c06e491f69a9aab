package provider

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/mixus/usher/directory"
)

// request is an authorization request that was checked. It travels with the browser, sealed, until somebody is signed in:
// nothing of it is in the store before.
type request struct {
	Client      string    `json:"c"`
	RedirectURI string    `json:"r"`
	Scopes      []string  `json:"s"`
	State       string    `json:"t,omitempty"`
	Nonce       string    `json:"n,omitempty"`
	Challenge   string    `json:"p"`
	At          time.Time `json:"a"`
	After       time.Time `json:"f,omitzero"`  // the person must not have signed in before: max_age
	Fresh       bool      `json:"g,omitempty"` // the person must be asked for the credentials for this request alone: prompt=login
	Silent      bool      `json:"q,omitempty"`
	Subject     string    `json:"u,omitempty"` // whom id_token_hint means
	LoginHint   string    `json:"l,omitempty"`
	Org         string    `json:"o,omitempty"`
	Connection  string    `json:"k,omitempty"`
	Sent        int       `json:"m,omitempty"` // how often the person was sent to sign in
}

// The limits of a sealed request. Its path is what /login brings a browser back to, which takes paths of 1 KiB.
const (
	requestLasts = time.Hour
	longestPath  = 1 << 10
	mostRequest  = 8 << 10 // when unpacked
)

// seal encrypts a request by AES-256-GCM. It is packed before, because state, nonce and challenge are mostly Base64.
func seal(key []byte, req *request) (string, error) {
	text, err := json.Marshal(req)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	aead, err := sealer(key)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, packed.Bytes(), []byte(CallbackPath))), nil
}

// unseal returns a request that this provider sealed, while it is young enough.
func unseal(key []byte, id string, now time.Time) (*request, error) {
	expired := directory.Errorf(directory.NotFound, "The sign-in took too long, or this address was not made here.")
	sealed, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return nil, expired
	}
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	packed, err := aead.Open(nil, nil, sealed, []byte(CallbackPath))
	if err != nil {
		return nil, expired
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), mostRequest))
	if err != nil {
		return nil, err
	}
	req := &request{}
	if err := json.Unmarshal(text, req); err != nil {
		return nil, err
	}
	if now.Sub(req.At) > requestLasts {
		return nil, expired
	}
	return req, nil
}

func sealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
