package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/passkey/passkeytest"
)

// sends has the browser send an answer whose attestation is another.
func (w *world) sends(change func(object map[string]any, parts map[string]any)) error {
	w.Helper()
	p := w.person("ann")
	options, c, err := w.keys.Register(p)
	if err != nil {
		w.Fatal(err)
	}
	d := &passkeytest.Device{Origin: here}
	var parts map[string]any
	if err := json.Unmarshal(d.Create(w, options), &parts); err != nil {
		w.Fatal(err)
	}
	response := parts["response"].(map[string]any)
	raw, err := base64.RawURLEncoding.DecodeString(response["attestationObject"].(string))
	if err != nil {
		w.Fatal(err)
	}
	object := map[string]any{}
	if err := webauthncbor.Unmarshal(raw, &object); err != nil {
		w.Fatal(err)
	}
	change(object, parts)
	if raw, err = webauthncbor.Marshal(object); err != nil {
		w.Fatal(err)
	}
	response["attestationObject"] = base64.RawURLEncoding.EncodeToString(raw)
	text, err := json.Marshal(parts)
	if err != nil {
		w.Fatal(err)
	}
	key, err := w.keys.Registered(p, c, text)
	if (key == nil) == (err == nil) {
		w.Errorf("%+v, %v", key, err)
	}
	return err
}

// authData is authenticator data with another public key, as CBOR, or with other flags.
func authData(object map[string]any, key any, flags byte) {
	data := object["authData"].([]byte)
	head := append([]byte(nil), data[:55+32]...) // the hash, flags, counter, AAGUID, length and the id of 32 bytes
	head[32] |= flags
	raw := data[55+32:]
	if key != nil {
		raw, _ = webauthncbor.Marshal(key)
	}
	object["authData"] = append(head, raw...)
}

func TestAttestationsThatAreNone(t *testing.T) {
	w := newWorld(t)
	if err := w.sends(func(_, _ map[string]any) {}); err != nil {
		t.Fatal(err)
	}
	junk := []any{nil, 1, "x", []byte{1}, []any{}, []any{[]byte{1}}, []any{"x"}, map[string]any{}, true}
	for _, format := range []string{"none", "packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "compound", "", "x"} {
		for _, field := range []string{"sig", "alg", "x5c", "ver", "response", "certInfo", "pubArea", "ecdaaKeyId"} {
			for _, v := range junk {
				_ = w.sends(func(object, _ map[string]any) { // whatever becomes of it, it is no panic
					object["fmt"] = format
					object["attStmt"] = map[string]any{"sig": []byte{1}, "alg": -7, "ver": "2.0", "x5c": []any{[]byte{1}}, field: v}
				})
			}
		}
	}
}

func TestPublicKeysThatAreNone(t *testing.T) {
	w := newWorld(t)
	long := make([]byte, 16<<10)
	for i := range long {
		long[i] = 0xff
	}
	for name, key := range map[string]any{
		"none of a curve":                map[int]any{1: 2, 3: -7, -1: 1, -2: long[:32], -3: long[:32]},
		"a point of zeros":               map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)},
		"short coordinates":              map[int]any{1: 2, 3: -7, -1: 1, -2: []byte{1}, -3: []byte{2}},
		"no coordinates":                 map[int]any{1: 2, 3: -7, -1: 1},
		"RSA with no exponent":           map[int]any{1: 3, 3: -257, -1: long[:256], -2: []byte{}},
		"RSA with the exponent one":      map[int]any{1: 3, 3: -257, -1: long[:256], -2: []byte{1}},
		"RSA with a huge exponent":       map[int]any{1: 3, 3: -257, -1: long[:256], -2: long[:64]},
		"RSA with a huge modulus":        map[int]any{1: 3, 3: -257, -1: long, -2: []byte{1, 0, 1}},
		"RSA with a small modulus":       map[int]any{1: 3, 3: -257, -1: long[:16], -2: []byte{1, 0, 1}},
		"Ed25519 of the wrong length":    map[int]any{1: 1, 3: -8, -1: 6, -2: []byte{1}},
		"an algorithm that is not known": map[int]any{1: 2, 3: -99, -1: 1, -2: long[:32], -3: long[:32]},
		"SHA-1":                          map[int]any{1: 3, 3: -65535, -1: long[:256], -2: []byte{1, 0, 1}},
		"a symmetric key":                map[int]any{1: 4, 3: 5, -1: long[:32]},
		"no key":                         "x",
	} {
		if err := w.sends(func(object, _ map[string]any) { authData(object, key, 0) }); directory.KindOf(err) != directory.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFlagsThatContradictEachOther(t *testing.T) {
	w := newWorld(t)
	const backedUp = 0x10
	if err := w.sends(func(object, _ map[string]any) { authData(object, nil, backedUp) }); directory.KindOf(err) != directory.Invalid {
		t.Errorf("in a backup without being one that can be: %v", err)
	}
	if err := w.sends(func(_, parts map[string]any) { parts["id"], parts["rawId"] = "AAAA", "AAAA" }); directory.KindOf(err) != directory.Invalid {
		t.Errorf("another id than the device has signed: %v", err)
	}
	if err := w.sends(func(_, parts map[string]any) {
		parts["response"].(map[string]any)["transports"] = []string{strings.Repeat("x", 20<<10)}
	}); err != nil {
		t.Error(err)
	}
	if k := w.known; len(k) != 0 {
		t.Errorf("%d are known", len(k))
	}
}
