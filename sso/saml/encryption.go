package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

// The algorithms of XML Encryption that are accepted, for keys and for data. RSA 1.5 is not among them: whoever may ask
// often enough whether a ciphertext is well padded can read it (Bleichenbacher), and every provider has OAEP.
const (
	keyOAEP     = nsEncrypted + "rsa-oaep-mgf1p"
	keyOAEP11   = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	dataGCM128  = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	dataGCM192  = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
	dataGCM256  = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	dataCBC128  = nsEncrypted + "aes128-cbc"
	dataCBC192  = nsEncrypted + "aes192-cbc"
	dataCBC256  = nsEncrypted + "aes256-cbc"
	nsEncrypt11 = "http://www.w3.org/2009/xmlenc11#"
)

// errUndecryptable is all that is said of a ciphertext that does not open: a difference would help only who guesses.
var errUndecryptable = errors.New("it cannot be decrypted with any key of this connection")

// decrypt opens an EncryptedAssertion with any of our RSA keys, and returns the assertion, scanned as if it had come
// openly. crewjam's xmlenc is not used: it knows one hash for both halves of OAEP, no AES-256-GCM, and panics on
// ciphertexts that are too short.
func decrypt(encrypted *etree.Element, keys []KeyPair) (*etree.Element, outline, error) {
	plaintext, err := decipher(encrypted, keys)
	if err != nil {
		return nil, outline{}, err
	}
	root, found, err := parse(plaintext, messageBounds)
	if err != nil {
		return nil, found, err
	}
	if !is(root, nsAssertion, "Assertion") {
		return nil, found, errors.New("what was encrypted is not one assertion")
	}
	return root, found, nil
}

func decipher(encrypted *etree.Element, keys []KeyPair) ([]byte, error) {
	data, err := one(encrypted, nsEncrypted, "EncryptedData")
	if err != nil {
		return nil, err
	}
	algorithm, err := encryptionMethod(data)
	if err != nil {
		return nil, err
	}
	wrapped, err := encryptedKey(encrypted, data)
	if err != nil {
		return nil, err
	}
	options, err := oaep(wrapped)
	if err != nil {
		return nil, err
	}
	cipherKey, err := cipherValue(wrapped)
	if err != nil {
		return nil, err
	}
	ciphertext, err := cipherValue(data)
	if err != nil {
		return nil, err
	}
	for _, pair := range keys {
		key, ok := pair.Key.(*rsa.PrivateKey)
		if !ok {
			continue
		}
		secret, err := key.Decrypt(nil, cipherKey, options)
		if err != nil {
			continue
		}
		return open(attr(algorithm, "Algorithm"), secret, ciphertext)
	}
	return nil, errUndecryptable
}

func encryptionMethod(el *etree.Element) (*etree.Element, error) {
	return one(el, nsEncrypted, "EncryptionMethod")
}

// encryptedKey finds the one key for a ciphertext: within its KeyInfo, or beside it.
func encryptedKey(encrypted, data *etree.Element) (*etree.Element, error) {
	found := children(encrypted, nsEncrypted, "EncryptedKey")
	for _, info := range children(data, nsSignature, "KeyInfo") {
		found = append(found, children(info, nsEncrypted, "EncryptedKey")...)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d encrypted keys, where one is expected", len(found))
	}
	return found[0], nil
}

// oaep reads how a key is wrapped. In the older algorithm the mask is always made with SHA-1, whatever the digest is;
// in that of XML Encryption 1.1, with what MGF says. That SHA-1 carries no signature and is not weak here.
func oaep(wrapped *etree.Element) (*rsa.OAEPOptions, error) {
	algorithm, err := encryptionMethod(wrapped)
	if err != nil {
		return nil, err
	}
	options := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	name := attr(algorithm, "Algorithm")
	if name != keyOAEP && name != keyOAEP11 {
		return nil, fmt.Errorf("the key is encrypted by %s, which is not accepted; let the provider use RSA-OAEP", seen(name))
	}
	digest, err := only(algorithm, nsSignature, "DigestMethod")
	if err != nil {
		return nil, err
	}
	if digest != nil {
		hash, ok := digestOf(attr(digest, "Algorithm"))
		if !ok {
			return nil, fmt.Errorf("the key is encrypted with the digest %s, which is not known", seen(attr(digest, "Algorithm")))
		}
		options.Hash = hash
	}
	mask, err := only(algorithm, nsEncrypt11, "MGF")
	if err != nil {
		return nil, err
	}
	if mask != nil && name == keyOAEP11 {
		hash, ok := maskOf(attr(mask, "Algorithm"))
		if !ok {
			return nil, fmt.Errorf("the key is encrypted with the mask %s, which is not known", seen(attr(mask, "Algorithm")))
		}
		options.MGFHash = hash
	}
	label, err := only(algorithm, nsEncrypted, "OAEPparams")
	if err != nil {
		return nil, err
	}
	if label != nil {
		if options.Label, err = base64.StdEncoding.DecodeString(squeeze(text(label))); err != nil {
			return nil, errUndecryptable
		}
	}
	return options, nil
}

func maskOf(name string) (crypto.Hash, bool) {
	switch name {
	case nsEncrypt11 + "mgf1sha1":
		return crypto.SHA1, true
	case nsEncrypt11 + "mgf1sha256":
		return crypto.SHA256, true
	case nsEncrypt11 + "mgf1sha384":
		return crypto.SHA384, true
	case nsEncrypt11 + "mgf1sha512":
		return crypto.SHA512, true
	}
	return 0, false
}

func cipherValue(el *etree.Element) ([]byte, error) {
	data, err := one(el, nsEncrypted, "CipherData")
	if err != nil {
		return nil, err
	}
	value, err := one(data, nsEncrypted, "CipherValue")
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(squeeze(text(value)))
	if err != nil {
		return nil, errUndecryptable
	}
	return raw, nil
}

// open decrypts data with the key that came with it.
func open(algorithm string, secret, ciphertext []byte) ([]byte, error) {
	size, gcm := 0, false
	switch algorithm {
	case dataGCM128:
		size, gcm = 16, true
	case dataGCM192:
		size, gcm = 24, true
	case dataGCM256:
		size, gcm = 32, true
	case dataCBC128:
		size = 16
	case dataCBC192:
		size = 24
	case dataCBC256:
		size = 32
	default:
		return nil, fmt.Errorf("the assertion is encrypted by %s, which is not accepted; let the provider use AES-GCM", seen(algorithm))
	}
	if len(secret) != size {
		return nil, errUndecryptable
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, errUndecryptable
	}
	if gcm {
		return openGCM(block, ciphertext)
	}
	return openCBC(block, ciphertext)
}

func openGCM(block cipher.Block, ciphertext []byte) ([]byte, error) {
	mode, err := cipher.NewGCM(block)
	if err != nil || len(ciphertext) < mode.NonceSize() {
		return nil, errUndecryptable
	}
	plaintext, err := mode.Open(nil, ciphertext[:mode.NonceSize()], ciphertext[mode.NonceSize():], nil)
	if err != nil {
		return nil, errUndecryptable
	}
	return plaintext, nil
}

// openCBC takes off the padding of XML Encryption, section 5.2: the last byte is its length, the others are arbitrary.
func openCBC(block cipher.Block, ciphertext []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(ciphertext) < 2*size || len(ciphertext)%size != 0 {
		return nil, errUndecryptable
	}
	plaintext := make([]byte, len(ciphertext)-size)
	cipher.NewCBCDecrypter(block, ciphertext[:size]).CryptBlocks(plaintext, ciphertext[size:])
	padding := int(plaintext[len(plaintext)-1])
	if padding < 1 || padding > size {
		return nil, errUndecryptable
	}
	return plaintext[:len(plaintext)-padding], nil
}
