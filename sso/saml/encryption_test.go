package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

func TestEncryptedAssertions(t *testing.T) {
	const sha256, sha512 = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"
	s := settings(rsaKey())
	s.Keys = []KeyPair{ecdsaKey(), nextKey(), ownKey()}
	for _, data := range []string{dataGCM128, dataGCM192, dataGCM256, dataCBC128, dataCBC192, dataCBC256} {
		for name, wrap := range map[string]struct{ algorithm, parameters string }{
			"oaep":                      {keyOAEP, ""},
			"oaep, digest SHA-1":        {keyOAEP, samltest.Digest(nsSignature + "sha1")},
			"oaep, digest SHA-256":      {keyOAEP, samltest.Digest(sha256)},
			"oaep with a label":         {keyOAEP, `<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>`},
			"oaep 1.1":                  {keyOAEP11, ""},
			"oaep 1.1, SHA-256":         {keyOAEP11, samltest.Digest(sha256) + samltest.Mask("sha256")},
			"oaep 1.1, SHA-512":         {keyOAEP11, samltest.Digest(sha512) + samltest.Mask("sha512")},
			"oaep 1.1, two hashes":      {keyOAEP11, samltest.Digest(sha256) + samltest.Mask("sha1")},
			"oaep 1.1, SHA-384 as mask": {keyOAEP11, samltest.Digest(sha256) + samltest.Mask("sha384")},
		} {
			t.Run(data[strings.Index(data, "#")+1:]+" "+name, func(t *testing.T) {
				signed := samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t))
				value := samltest.Encode(t, good().Response(t, samltest.Encrypt(t, signed, ownKey(), data, wrap.algorithm, wrap.parameters)))
				if got := allowed(t, s, value).Identity.Subject; got != "ann" {
					t.Errorf("subject %q", got)
				}
			})
		}
	}
}

func TestEncryptedInASignedResponse(t *testing.T) {
	inside := samltest.Encrypt(t, good().Assertion(t), ownKey(), dataGCM256, keyOAEP11, "")
	value := samltest.Encode(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Response(t, inside)))
	s := settings(rsaKey())
	allowed(t, s, value)
	s.WantAssertionsSigned = true
	denied(t, s, value, identity.Misset, "wants assertions signed")

	both := samltest.Encrypt(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t)), ownKey(), dataGCM256, keyOAEP11, "")
	allowed(t, s, samltest.Encode(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Response(t, both))))
}

func TestTheKeyMayStandBesideTheData(t *testing.T) {
	el := samltest.Encrypt(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t)), ownKey(), dataGCM256, keyOAEP, "")
	info := el.FindElement("./EncryptedData/KeyInfo")
	key := info.ChildElements()[0]
	key.CreateAttr("xmlns:xenc", nsEncrypted)
	info.Parent().RemoveChild(info)
	el.AddChild(key)
	allowed(t, settings(rsaKey()), samltest.Encode(t, good().Response(t, el)))
}

// What crewjam's encrypter makes has to be readable too.
func TestEncryptedByXmlenc(t *testing.T) {
	encrypter := xmlenc.OAEP()
	encrypter.BlockCipher, encrypter.DigestMethod = xmlenc.AES128CBC, xmlenc.SHA1
	data, err := encrypter.Encrypt(ownKey().Certificate, samltest.Document(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t))), nil)
	if err != nil {
		t.Fatal(err)
	}
	el := etree.NewElement("saml:EncryptedAssertion")
	el.AddChild(data)
	allowed(t, settings(rsaKey()), samltest.Encode(t, good().Response(t, el)))
}

func TestWhatIsNotDecrypted(t *testing.T) {
	signed := func() *etree.Element { return samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t)) }
	twoKeys := samltest.Encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, "")
	info := twoKeys.FindElement("./EncryptedData/KeyInfo")
	info.AddChild(info.ChildElements()[0].Copy())
	nested := signed()
	nested.AddChild(samltest.Encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, ""))
	bomb := samltest.Element(t, `<saml:Assertion xmlns:saml="`+nsAssertion+`">`+strings.Repeat("<a>", 80)+strings.Repeat("</a>", 80)+`</saml:Assertion>`)
	for name, c := range map[string]struct {
		el   *etree.Element
		says string
	}{
		"RSA 1.5":            {samltest.Encrypt(t, signed(), ownKey(), dataGCM256, nsEncrypted+"rsa-1_5", ""), "use RSA-OAEP"},
		"3DES":               {swapAlgorithm(samltest.Encrypt(t, signed(), ownKey(), dataCBC128, keyOAEP, ""), nsEncrypted+"tripledes-cbc"), "use AES-GCM"},
		"another's key":      {samltest.Encrypt(t, signed(), evilKey(), dataGCM256, keyOAEP, ""), "any key of this connection"},
		"the wrong length":   {swapAlgorithm(samltest.Encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, ""), dataGCM128), "cannot be decrypted"},
		"an unknown digest":  {samltest.Encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP, samltest.Digest("md5")), "digest"},
		"an unknown mask":    {samltest.Encrypt(t, signed(), ownKey(), dataGCM256, keyOAEP11, samltest.Mask("md5")), "mask"},
		"two keys":           {twoKeys, "2 encrypted keys"},
		"another assertion":  {samltest.Encrypt(t, nested, ownKey(), dataGCM256, keyOAEP, ""), "more than 1 assertions"},
		"no assertion":       {samltest.Encrypt(t, samltest.Element(t, "<x/>"), ownKey(), dataGCM256, keyOAEP, ""), "not one assertion"},
		"a bomb":             {samltest.Encrypt(t, bomb, ownKey(), dataGCM256, keyOAEP, ""), "nested deeper"},
		"signed with SHA-1":  {samltest.Encrypt(t, samltest.Signer{Key: rsaKey(), Digest: nsSignature + "sha1"}.Sign(t, good().Assertion(t)), ownKey(), dataGCM256, keyOAEP, ""), "SHA-1"},
		"a foreign provider": {samltest.Encrypt(t, samltest.Signer{Key: evilKey()}.Sign(t, good().Assertion(t)), ownKey(), dataGCM256, keyOAEP, ""), "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			denied(t, settings(rsaKey()), samltest.Encode(t, good().Response(t, c.el)), identity.Invalid, c.says)
		})
	}
}

func swapAlgorithm(el *etree.Element, algorithm string) *etree.Element {
	el.FindElement("./EncryptedData/EncryptionMethod").CreateAttr("Algorithm", algorithm)
	return el
}

// How a key is wrapped is said by XML Encryption 1.1, section 5.5.2.
func TestHowKeysAreWrapped(t *testing.T) {
	const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	for name, c := range map[string]struct {
		algorithm, parameters string
		hash, mask            crypto.Hash
	}{
		"older":                 {keyOAEP, "", crypto.SHA1, crypto.SHA1},
		"older, SHA-256":        {keyOAEP, samltest.Digest(sha256), crypto.SHA256, crypto.SHA1},
		"older, with a mask":    {keyOAEP, samltest.Digest(sha256) + samltest.Mask("sha256"), crypto.SHA256, crypto.SHA1},
		"newer":                 {keyOAEP11, "", crypto.SHA1, crypto.SHA1},
		"newer, SHA-256":        {keyOAEP11, samltest.Digest(sha256), crypto.SHA256, crypto.SHA1},
		"newer, SHA-256 masked": {keyOAEP11, samltest.Digest(sha256) + samltest.Mask("sha256"), crypto.SHA256, crypto.SHA256},
		"newer, SHA-512 masked": {keyOAEP11, samltest.Digest(sha256) + samltest.Mask("sha512"), crypto.SHA256, crypto.SHA512},
	} {
		got, err := oaep(samltest.Element(t, `<x><xenc:EncryptionMethod xmlns:xenc="`+nsEncrypted+`" Algorithm="`+c.algorithm+`">`+c.parameters+`</xenc:EncryptionMethod></x>`))
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
