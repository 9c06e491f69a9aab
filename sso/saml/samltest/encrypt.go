package samltest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// The algorithms of XML Encryption that are usual: of data, and of the key in which it comes.
const (
	AES128GCM = nsEncrypt11 + "aes128-gcm"
	AES192GCM = nsEncrypt11 + "aes192-gcm"
	AES256GCM = nsEncrypt11 + "aes256-gcm"
	AES128CBC = nsEncrypted + "aes128-cbc"
	AES192CBC = nsEncrypted + "aes192-cbc"
	AES256CBC = nsEncrypted + "aes256-cbc"
	OAEP      = nsEncrypted + "rsa-oaep-mgf1p"
	OAEP11    = nsEncrypt11 + "rsa-oaep"
)

// Encrypt makes an EncryptedAssertion as XML Encryption says: data by an algorithm, its key by another, with the digest,
// mask and label that the parameters name.
func Encrypt(t testing.TB, el *etree.Element, to Pair, data, wrap, parameters string) *etree.Element {
	t.Helper()
	return EncryptText(t, Document(t, el), to, data, wrap, parameters)
}

// EncryptText is Encrypt for any text.
func EncryptText(t testing.TB, plaintext []byte, to Pair, data, wrap, parameters string) *etree.Element {
	t.Helper()
	secret := make([]byte, map[string]int{AES128GCM: 16, AES192GCM: 24, AES256GCM: 32, AES128CBC: 16, AES192CBC: 24, AES256CBC: 32}[data])
	rand.Read(secret) // never returns an error
	method := `<xenc:EncryptionMethod xmlns:xenc="` + nsEncrypted + `" Algorithm="` + wrap + `">` + parameters + `</xenc:EncryptionMethod>`
	key := wrapKey(t, Element(t, method), to, secret)
	return Element(t, `<saml:EncryptedAssertion xmlns:saml="`+nsAssertion+`"><xenc:EncryptedData xmlns:xenc="`+nsEncrypted+`">`+
		`<xenc:EncryptionMethod Algorithm="`+data+`"/><ds:KeyInfo xmlns:ds="`+nsSignature+`"><xenc:EncryptedKey>`+method+
		`<xenc:CipherData><xenc:CipherValue>`+base64.StdEncoding.EncodeToString(key)+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>`+
		`<xenc:CipherData><xenc:CipherValue>`+base64.StdEncoding.EncodeToString(seal(t, data, secret, plaintext))+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`)
}

// Digest is the parameter that names the digest of OAEP.
func Digest(uri string) string {
	return `<ds:DigestMethod xmlns:ds="` + nsSignature + `" Algorithm="` + uri + `"/>`
}

// Mask is the parameter that names the mask generation function of OAEP by its hash.
func Mask(hash string) string {
	return `<xenc11:MGF xmlns:xenc11="` + nsEncrypt11 + `" Algorithm="` + nsEncrypt11 + "mgf1" + hash + `"/>`
}

// wrapKey encrypts a key as its method says (XML Encryption 1.1, section 5.5.2). By an algorithm that there is none for, it
// stays open: the message is refused for the name.
func wrapKey(t testing.TB, method *etree.Element, to Pair, secret []byte) []byte {
	t.Helper()
	algorithm := method.SelectAttrValue("Algorithm", "")
	if algorithm != OAEP && algorithm != OAEP11 {
		return secret
	}
	options := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	if el := method.FindElement("./DigestMethod"); el != nil {
		options.Hash = hashOf(el.SelectAttrValue("Algorithm", ""))
	}
	if el := method.FindElement("./MGF"); el != nil && algorithm == OAEP11 { // the older one masks with SHA-1 always
		options.MGFHash = hashOf(el.SelectAttrValue("Algorithm", ""))
	}
	if el := method.FindElement("./OAEPparams"); el != nil {
		label, err := base64.StdEncoding.DecodeString(el.Text())
		if err != nil {
			t.Fatal(err)
		}
		options.Label = label
	}
	key, err := rsa.EncryptOAEPWithOptions(rand.Reader, to.Key.Public().(*rsa.PublicKey), secret, options)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func seal(t testing.TB, algorithm string, secret, plaintext []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(algorithm, "gcm") {
		mode, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			t.Fatal(err)
		}
		return mode.Seal(nil, nil, plaintext, nil)
	}
	padding := block.BlockSize() - len(plaintext)%block.BlockSize()
	padded := append(bytes.Clone(plaintext), bytes.Repeat([]byte{byte(padding)}, padding)...)
	out := make([]byte, block.BlockSize()+len(padded))
	rand.Read(out[:block.BlockSize()])
	cipher.NewCBCEncrypter(block, out[:block.BlockSize()]).CryptBlocks(out[block.BlockSize():], padded)
	return out
}
