package sso

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// A seal makes values that browsers keep and can neither read nor change: AES-256-GCM, bound to the cookie's name.
type seal struct{ cipher.AEAD }

func newSeal(key [32]byte) seal {
	if key == [32]byte{} {
		rand.Read(key[:]) // never returns an error
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // the block has 16 bytes
	}
	return seal{aead}
}

// close returns a value as text for the cookie of a name.
func (s seal) close(name string, value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal(nil, nil, text, []byte(name))), nil
}

// open reads what close made for the same name, and reports whether that is what the text is.
func (s seal) open(name, text string, value any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	plain, err := s.Open(nil, nil, raw, []byte(name))
	return err == nil && json.Unmarshal(plain, value) == nil
}

// keep gives a browser a cookie of ours. A cookie that must come back with a form that the provider's page posts is sent
// across sites; every other is not.
func keep(w http.ResponseWriter, name, value string, lasts time.Duration, posted bool) {
	site := http.SameSiteLaxMode
	if posted {
		site = http.SameSiteNoneMode
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(lasts.Seconds()), Secure: true, HttpOnly: true, SameSite: site})
}

// drop takes a cookie from a browser.
func drop(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// kept returns the value of a cookie, "" when the browser has none or more than one of the name.
func kept(r *http.Request, name string) string {
	if found := r.CookiesNamed(name); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// lastCookie names the connection by which somebody signed in last in this browser. It is shown, and trusted in nothing.
const (
	lastCookie = "__Host-usher-last"
	lastKept   = 365 * 24 * time.Hour
)
