package saml

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"

	"github.com/mixus/usher/sso/identity"
)

// encrypt makes an EncryptedAssertion as XML Encryption says: data by an algorithm, its key by another, with the digest
// and mask that parameters name.
func encrypt(t testing.TB, el *etree.Element, to KeyPair, data, wrap, parameters string) *etree.Element {
	t.Helper()
	return encryptText(t, document(t, el), to, data, wrap, parameters)
}

func encryptText(t testing.TB, plaintext []byte, to KeyPair, data, wrap, parameters string) *etree.Element {
	t.Helper()
	size := map[string]int{dataGCM128: 16, dataGCM192: 24, dataGCM256: 32, dataCBC128: 16, dataCBC192: 24, dataCBC256: 32}[data]
	secret := make([]byte, size)
	_, _ = rand.Read(secret)
	method := element(t, `<xenc:EncryptionMethod xmlns:xenc="`+nsEncrypted+`" Algorithm="`+wrap+`">`+parameters+`</xenc:EncryptionMethod>`)
	wrapper := etree.NewElement("x")
	wrapper.AddChild(method)
	key := wrapKey(t, wrapper, to, secret)
	ciphertext := seal(t, data, secret, plaintext)
	return element(t, `<saml:EncryptedAssertion xmlns:saml="`+nsAssertion+`"><xenc:EncryptedData xmlns:xenc="`+nsEncrypted+`">`+
		`<xenc:EncryptionMethod Algorithm="`+data+`"/><ds:KeyInfo xmlns:ds="`+nsSignature+`"><xenc:EncryptedKey>`+string(document(t, method))+
		`<xenc:CipherData><xenc:CipherValue>`+key+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>`+
		`<xenc:CipherData><xenc:CipherValue>`+base64.StdEncoding.EncodeToString(ciphertext)+`</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`)
}

func wrapKey(t testing.TB, wrapper *etree.Element, to KeyPair, secret []byte) string {
	t.Helper()
	options, err := oaep(wrapper)
	if err != nil { // an algorithm that is to be refused
		return base64.StdEncoding.EncodeToString(secret)
	}
	key, err := rsa.EncryptOAEPWithOptions(rand.Reader, to.Key.Public().(*rsa.PublicKey), secret, options)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(key)
}

func seal(t testing.TB, algorithm string, secret, plaintext []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(algorithm, "gcm") {
		mode, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := make([]byte, mode.NonceSize())
		_, _ = rand.Read(nonce)
		return mode.Seal(nonce, nonce, plaintext, nil)
	}
	padding := block.BlockSize() - len(plaintext)%block.BlockSize()
	padded := append(bytes.Clone(plaintext), bytes.Repeat([]byte{byte(padding)}, padding)...)
	out := make([]byte, block.BlockSize()+len(padded))
	_, _ = rand.Read(out[:block.BlockSize()])
	cipher.NewCBCEncrypter(block, out[:block.BlockSize()]).CryptBlocks(out[block.BlockSize():], padded)
	return out
}

func digest(uri string) string {
	return `<ds:DigestMethod xmlns:ds="` + nsSignature + `" Algorithm="` + uri + `"/>`
}

func mask(hash string) string {
	return `<xenc11:MGF xmlns:xenc11="` + nsEncrypt11 + `" Algorithm="` + nsEncrypt11 + "mgf1" + hash + `"/>`
}

func TestEncryptedAssertions(t *testing.T) {
	const sha256, sha512 = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"
	s := settings(rsaKey())
	s.Keys = []KeyPair{ecdsaKey(), nextKey(), ownKey()}
	for _, data := range []string{dataGCM128, dataGCM192, dataGCM256, dataCBC128, dataCBC192, dataCBC256} {
		for name, wrap := range map[string]struct{ algorithm, parameters string }{
			"oaep":                      {keyOAEP, ""},
			"oaep, digest SHA-1":        {keyOAEP, digest(nsSignature + "sha1")},
			"oaep, digest SHA-256":      {keyOAEP, digest(sha256)},
			"oaep with a label":         {keyOAEP, `<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>`},
			"oaep 1.1":                  {keyOAEP11, ""},
			"oaep 1.1, SHA-256":         {keyOAEP11, digest(sha256) + mask("sha256")},
			"oaep 1.1, SHA-512":         {keyOAEP11, digest(sha512) + mask("sha512")},
			"oaep 1.1, two hashes":      {keyOAEP11, digest(sha256) + mask("sha1")},
			"oaep 1.1, SHA-384 as mask": {keyOAEP11, digest(sha256) + mask("sha384")},
		} {
			t.Run(data[strings.Index(data, "#")+1:]+" "+name, func(t *testing.T) {
				signed := signer{key: rsaKey()}.sign(t, good().assertion(t))
				value := encode(t, good().response(t, encrypt(t, signed, ownKey(), data, wrap.algorithm, wrap.parameters)))
				if got := allowed(t, s, value).Identity.Subject; got != "ann" {
					t.Errorf("subject %q", got)
				}
			})
		}
	}
}

func TestEncryptedInASignedResponse(t *testing.T) {
	inside := encrypt(t, good().assertion(t), ownKey(), dataGCM256, keyOAEP11, "")
	value := encode(t, signer{key: rsaKey()}.sign(t, good().response(t, inside)))
	s := settings(rsaKey())
	allowed(t, s, value)
	s.WantAssertionsSigned = true
	denied(t, s, value, identity.Misset, "wants assertions signed")

	both := encrypt(t, signer{key: rsaKey()}.sign(t, good().assertion(t)), ownKey(), dataGCM256, keyOAEP11, "")
	allowed(t, s, encode(t, signer{key: rsaKey()}.sign(t, good().response(t, both))))
}

func TestTheKeyMayStandBesideTheData(t *testing.T) {
	el := encrypt(t, signer{key: rsaKey()}.sign(t, good().assertion(t)), ownKey(), dataGCM256, keyOAEP, "")
	info := el.FindElement("./EncryptedData/KeyInfo")
	key := info.ChildElements()[0]
	key.CreateAttr("xmlns:xenc", nsEncrypted)
	info.Parent().RemoveChild(info)
	el.AddChild(key)
	allowed(t, settings(rsaKey()), encode(t, good().response(t, el)))
}

// What crewjam's encrypter makes has to be readable too.
func TestEncryptedByXmlenc(t *testing.T) {
	encrypter := xmlenc.OAEP()
	encrypter.BlockCipher, encrypter.DigestMethod = xmlenc.AES128CBC, xmlenc.SHA1
	data, err := encrypter.Encrypt(ownKey().Certificate, document(t, signer{key: rsaKey()}.sign(t, good().assertion(t))), nil)
	if err != nil {
		t.Fatal(err)
	}
	el := etree.NewElement("saml:EncryptedAssertion")
	el.AddChild(data)
	allowed(t, settings(rsaKey()), encode(t, good().response(t, el)))
}

func TestWhatIsNotDecrypted(t *testing.T) {
	signed := func() *etree.Element { return signer{key: rsaKey()}.sign(t, good().assertion(t)) }
	twoKeys := encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, "")
	info := twoKeys.FindElement("./EncryptedData/KeyInfo")
	info.AddChild(info.ChildElements()[0].Copy())
	nested := signed()
	nested.AddChild(encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, ""))
	bomb := element(t, `<saml:Assertion xmlns:saml="`+nsAssertion+`">`+strings.Repeat("<a>", 80)+strings.Repeat("</a>", 80)+`</saml:Assertion>`)
	for name, c := range map[string]struct {
		el   *etree.Element
		says string
	}{
		"RSA 1.5":            {encrypt(t, signed(), ownKey(), dataGCM256, nsEncrypted+"rsa-1_5", ""), "use RSA-OAEP"},
		"3DES":               {swapAlgorithm(encrypt(t, signed(), ownKey(), dataCBC128, keyOAEP, ""), nsEncrypted+"tripledes-cbc"), "use AES-GCM"},
		"another's key":      {encrypt(t, signed(), evilKey(), dataGCM256, keyOAEP, ""), "any key of this connection"},
		"the wrong length":   {swapAlgorithm(encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, ""), dataGCM128), "cannot be decrypted"},
		"an unknown digest":  {encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, digest("md5")), "digest"},
		"an unknown mask":    {encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP11, mask("md5")), "mask"},
		"two keys":           {twoKeys, "2 encrypted keys"},
		"another assertion":  {encrypt(t, nested, ownKey(), dataGCM256, keyOAEP, ""), "more than 1 assertions"},
		"no assertion":       {encrypt(t, element(t, "<x/>"), ownKey(), dataGCM256, keyOAEP, ""), "not one assertion"},
		"a bomb":             {encrypt(t, bomb, ownKey(), dataGCM256, keyOAEP, ""), "nested deeper"},
		"signed with SHA-1":  {encrypt(t, signer{key: rsaKey(), digest: nsSignature + "sha1"}.sign(t, good().assertion(t)), ownKey(), dataGCM256, keyOAEP, ""), "SHA-1"},
		"a foreign provider": {encrypt(t, signer{key: evilKey()}.sign(t, good().assertion(t)), ownKey(), dataGCM256, keyOAEP, ""), "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			denied(t, settings(rsaKey()), encode(t, good().response(t, c.el)), identity.Invalid, c.says)
		})
	}
}

func swapAlgorithm(el *etree.Element, algorithm string) *etree.Element {
	el.FindElement("./EncryptedData/EncryptionMethod").CreateAttr("Algorithm", algorithm)
	return el
}

// The helper that encrypts asks the package how; so here is said what it has to answer (XML Encryption 1.1, section 5.5.2).
func TestHowKeysAreWrapped(t *testing.T) {
	const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	for name, c := range map[string]struct {
		algorithm, parameters string
		hash, mask            crypto.Hash
	}{
		"older":                 {keyOAEP, "", crypto.SHA1, crypto.SHA1},
		"older, SHA-256":        {keyOAEP, digest(sha256), crypto.SHA256, crypto.SHA1},
		"older, with a mask":    {keyOAEP, digest(sha256) + mask("sha256"), crypto.SHA256, crypto.SHA1},
		"newer":                 {keyOAEP11, "", crypto.SHA1, crypto.SHA1},
		"newer, SHA-256":        {keyOAEP11, digest(sha256), crypto.SHA256, crypto.SHA1},
		"newer, SHA-256 masked": {keyOAEP11, digest(sha256) + mask("sha256"), crypto.SHA256, crypto.SHA256},
		"newer, SHA-512 masked": {keyOAEP11, digest(sha256) + mask("sha512"), crypto.SHA256, crypto.SHA512},
	} {
		got, err := oaep(element(t, `<x><xenc:EncryptionMethod xmlns:xenc="`+nsEncrypted+`" Algorithm="`+c.algorithm+`">`+c.parameters+`</xenc:EncryptionMethod></x>`))
		if err != nil || got.Hash != c.hash || got.MGFHash != c.mask {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestPaddingThatDoesNotFit(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	for _, last := range []byte{0, 17, 32, 33, 255} {
		plaintext := make([]byte, 32)
		plaintext[31] = last
		ciphertext := make([]byte, 48)
		cipher.NewCBCEncrypter(block, ciphertext[:16]).CryptBlocks(ciphertext[16:], plaintext)
		if _, err := openCBC(block, ciphertext); !errors.Is(err, errUndecryptable) {
			t.Errorf("padded by %d: %v", last, err)
		}
	}
	for _, length := range []int{0, 15, 16, 17, 31, 33} {
		if _, err := openCBC(block, make([]byte, length)); !errors.Is(err, errUndecryptable) {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}
