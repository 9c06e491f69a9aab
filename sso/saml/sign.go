package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// sign adds an enveloped signature to an element, after its Issuer, where the schema wants it.
func sign(el *etree.Element, pair KeyPair) error {
	context, err := dsig.NewSigningContext(pair.signer(), [][]byte{pair.Certificate.Raw})
	if err != nil {
		return err
	}
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := context.SetSignatureMethod(pair.method()); err != nil {
		return err
	}
	signature, err := context.ConstructSignature(el, true)
	if err != nil {
		return err
	}
	el.InsertChildAt(1, signature)
	return nil
}

// signDetached signs what the Redirect binding signs: a part of the query.
func signDetached(octets string, pair KeyPair) ([]byte, error) {
	h := crypto.SHA256.New()
	h.Write([]byte(octets))
	return pair.signer().Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
}

// method is the name of the algorithm by which a key of ours signs.
func (k KeyPair) method() string {
	if _, ok := k.Key.(*ecdsa.PrivateKey); ok {
		return dsig.ECDSASHA256SignatureMethod
	}
	return dsig.RSASHA256SignatureMethod
}

func (k KeyPair) signer() crypto.Signer {
	if key, ok := k.Key.(*ecdsa.PrivateKey); ok {
		return plainSigner{key}
	}
	return k.Key
}

// verifyDetached checks a signature over a part of a query, and returns the certificate that fits.
func verifyDetached(octets, algorithm string, signature []byte, certificates []*x509.Certificate, allowSHA1 bool) (*x509.Certificate, error) {
	m, ok := methodOf(algorithm)
	if !ok {
		return nil, fmt.Errorf("the signature algorithm %s is not accepted", seen(algorithm))
	}
	if m.hash == crypto.SHA1 && !allowSHA1 {
		return nil, errSHA1
	}
	h := m.hash.New()
	h.Write([]byte(octets))
	sum := h.Sum(nil)
	for _, c := range certificates {
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if !m.ecdsa && rsa.VerifyPKCS1v15(key, m.hash, sum, signature) == nil {
				return c, nil
			}
		case *ecdsa.PublicKey:
			if m.ecdsa && ecdsa.VerifyASN1(key, sum, asDER(signature, c)) {
				return c, nil
			}
		}
	}
	return nil, errForeignKey
}

// plainSigner signs as XML Signature wants ECDSA: r and s side by side, each as long as the curve (RFC 6931, section
// 2.3.6), where Go and goxmldsig have them in ASN.1.
type plainSigner struct{ *ecdsa.PrivateKey }

// halves is an ECDSA signature in ASN.1.
type halves struct{ R, S *big.Int }

func (p plainSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	der, err := p.PrivateKey.Sign(rand.Reader, digest, opts)
	if err != nil {
		return nil, err
	}
	var h halves
	if _, err := asn1.Unmarshal(der, &h); err != nil {
		return nil, err
	}
	size := (p.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	h.R.FillBytes(out[:size])
	h.S.FillBytes(out[size:])
	return out, nil
}

// asDER returns an ECDSA signature in the form that Go verifies; every other signature as it is. Some providers send
// ASN.1 to begin with.
func asDER(signature []byte, c *x509.Certificate) []byte {
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return signature
	}
	size := (key.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return signature
	}
	der, err := asn1.Marshal(halves{new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])})
	if err != nil {
		return signature
	}
	return der
}
