package provision

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/mixus/usher/directory"
)

// sealMail encrypts what a letter is made of while it waits: some have a link that lets in whoever has it, and neither the
// store nor a backup shall give it away. The key is not in the store.
func (e *Engine) sealMail(id directory.ID, letter []byte) ([]byte, error) {
	if len(letter) == 0 {
		return nil, nil
	}
	seal, err := e.mailSeal()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, seal.NonceSize())
	rand.Read(nonce) // never returns an error
	return seal.Seal(nonce, nonce, letter, id[:]), nil
}

// openMail decrypts it.
func (e *Engine) openMail(m *directory.Mail) (json.RawMessage, error) {
	if len(m.Data) == 0 {
		return json.RawMessage("{}"), nil
	}
	seal, err := e.mailSeal()
	if err != nil {
		return nil, err
	}
	sealed := m.Data
	if len(sealed) < seal.NonceSize() {
		err = fmt.Errorf("provision: open mail %s: %d bytes are too few", m.ID, len(sealed))
	} else {
		var letter []byte
		if letter, err = seal.Open(nil, sealed[:seal.NonceSize()], sealed[seal.NonceSize():], m.ID[:]); err == nil {
			return letter, nil
		}
	}
	return nil, &directory.Error{
		Kind: directory.Invalid, Err: err,
		Message: "The letter cannot be read: it was sealed with the key of another data directory. Do what it follows from again, such as resending the invitation.",
	}
}

// mailSeal returns the cipher of letters, which is made once.
func (e *Engine) mailSeal() (cipher.AEAD, error) {
	e.sealing.Do(func() { e.letters, e.letterErr = newSeal(e.PlanKey) })
	return e.letters, e.letterErr
}

func newSeal(planKey []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, planKey, nil, "mail that waits", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("provision: derive the key of mail: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("provision: make the cipher of mail: %w", err)
	}
	return cipher.NewGCM(block)
}
