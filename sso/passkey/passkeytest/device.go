// Package passkeytest plays a browser with a device that holds passkeys (ES256, no attestation), and misbehaves where a test
// says so.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// The flags of authenticator data (Web Authentication Level 3, section 6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	attested     = 0x40
)

// Device is a browser and a device. Its zero value behaves, once Origin is set.
type Device struct {
	Origin string // of the page that the browser shows, such as https://login.example.com

	RPID       string // instead of the one that is asked for
	Unverified bool   // the device does not make sure who holds it
	Counts     bool   // the device counts its signatures
	Count      uint32 // which it has made so far
	Challenge  string // instead of the one that is asked for
	Handle     []byte // instead of the key's own

	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte
}

// ID is the id of the passkey that the device holds.
func (d *Device) ID() []byte { return d.id }

// Copy returns a device with the same passkey.
func (d *Device) Copy() *Device {
	c := *d
	return &c
}

// options are those parts of the options of both ceremonies at which the device looks.
type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	Selection struct {
		Verification string `json:"userVerification"`
		Resident     string `json:"residentKey"`
	} `json:"authenticatorSelection"`
	Verification string `json:"userVerification"`
	Attestation  string `json:"attestation"`
	Parameters   []struct {
		Algorithm int `json:"alg"`
	} `json:"pubKeyCredParams"`
	Excluded []struct {
		ID string `json:"id"`
	} `json:"excludeCredentials"`
	Allowed []json.RawMessage `json:"allowCredentials"`
}

// Create makes a passkey, as navigator.credentials.create does, and returns what the page's script sends.
func (d *Device) Create(t testing.TB, asked []byte) []byte {
	t.Helper()
	o := read(t, asked)
	if o.Selection.Verification != "required" || o.Selection.Resident != "required" || o.Attestation != "none" && o.Attestation != "" {
		t.Errorf("the options of a passkey are %s", asked)
	}
	var err error
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	d.id, d.handle = make([]byte, 32), decode(t, o.User.ID)
	rand.Read(d.id) // never returns an error
	data := d.data(or(d.RPID, o.RP.ID), attested)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), d.public(t)...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		t.Fatal(err)
	}
	return d.answer(t, map[string]any{
		"clientDataJSON": encode(d.client(t, "webauthn.create", o.Challenge)), "attestationObject": encode(object), "transports": []string{"internal"},
	})
}

// Get signs, as navigator.credentials.get does, and returns what the page's script sends.
func (d *Device) Get(t testing.TB, asked []byte) []byte {
	t.Helper()
	o := read(t, asked)
	if o.Verification != "required" || len(o.Allowed) > 0 {
		t.Errorf("the options of a sign-in are %s", asked)
	}
	if d.Counts {
		d.Count++
	}
	data, client := d.data(or(d.RPID, o.RPID), 0), d.client(t, "webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	handle := d.handle
	if d.Handle != nil {
		handle = d.Handle
	}
	return d.answer(t, map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature), "userHandle": encode(handle),
	})
}

// data is authenticator data (section 6.1).
func (d *Device) data(party string, flags byte) []byte {
	flags |= userPresent
	if !d.Unverified {
		flags |= userVerified
	}
	hash := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.Count)
}

// client is the client data (section 5.8.1).
func (d *Device) client(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": or(d.Challenge, challenge), "origin": d.Origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// public is the public key as a COSE_Key (RFC 9053, section 7.1.1).
func (d *Device) public(t testing.TB) []byte {
	t.Helper()
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (d *Device) answer(t testing.TB, response map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": encode(d.id), "rawId": encode(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
		"authenticatorAttachment": "platform",
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func read(t testing.TB, text []byte) *options {
	t.Helper()
	o := &options{}
	if err := json.Unmarshal(text, o); err != nil {
		t.Fatalf("the options are %s: %v", text, err)
	}
	return o
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
