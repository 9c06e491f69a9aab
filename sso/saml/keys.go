package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// KeyPair is a key of ours with the certificate by which the provider knows it.
type KeyPair struct {
	Key         crypto.Signer // *rsa.PrivateKey or *ecdsa.PrivateKey
	Certificate *x509.Certificate
}

// Algorithm is a kind of key.
type Algorithm string

// The kinds of key that are generated. RSA signs and decrypts; ECDSA signs only.
const (
	RSA   Algorithm = "rsa"   // 3072 bits
	ECDSA Algorithm = "ecdsa" // P-256
)

// lifetime of a certificate of ours. Providers pin it by hand and few look at its dates; keys are changed by rotation.
const lifetime = 10 * 365 * 24 * time.Hour

// Generate makes a key pair with a certificate that it signs itself.
func Generate(algorithm Algorithm, name string, at time.Time) (KeyPair, error) {
	var key crypto.Signer
	var err error
	switch algorithm {
	case RSA:
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	case ECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return KeyPair{}, directory.Errorf(directory.Invalid, "There is no kind of key %q; use rsa or ecdsa.", algorithm)
	}
	if err != nil {
		return KeyPair{}, fmt.Errorf("saml: generate a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return KeyPair{}, fmt.Errorf("saml: generate a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    at.Add(-time.Hour).UTC(), // clocks differ
		NotAfter:     at.Add(lifetime).UTC(),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("saml: sign a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return KeyPair{}, fmt.Errorf("saml: read the certificate just signed: %w", err)
	}
	return KeyPair{key, certificate}, nil
}

// PEM returns the certificate and the PKCS #8 private key, as ParseKeyPair reads them. It is a secret.
func (k KeyPair) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Key)
	if err != nil {
		return nil, fmt.Errorf("saml: encode a key: %w", err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate.Raw})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

// ParseKeyPair reads one certificate and its private key (PKCS #8, PKCS #1 or SEC 1) from PEM, in either order. Its
// errors never quote what they read.
func ParseKeyPair(text []byte) (KeyPair, error) {
	var out KeyPair
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "CERTIFICATE" && out.Certificate == nil:
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return KeyPair{}, &directory.Error{Kind: directory.Invalid, Message: "The certificate beside the private key cannot be read.", Err: err}
			}
			out.Certificate = certificate
		case strings.HasSuffix(block.Type, "PRIVATE KEY") && out.Key == nil:
			key, err := parseKey(block)
			if err != nil {
				return KeyPair{}, err
			}
			out.Key = key
		default:
			return KeyPair{}, directory.Errorf(directory.Invalid, "A key pair is one CERTIFICATE and one PRIVATE KEY in PEM; there is also a block %q.", block.Type)
		}
	}
	if out.Key == nil || out.Certificate == nil {
		return KeyPair{}, directory.Errorf(directory.Invalid, "A key pair is one CERTIFICATE and one PRIVATE KEY in PEM; one of them is missing.")
	}
	return out, out.check()
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, directory.Errorf(directory.Invalid, "The private key is of the form %q, which cannot be read; convert it to an unencrypted PKCS #8 PRIVATE KEY.", block.Type)
	}
	if err != nil {
		return nil, &directory.Error{Kind: directory.Invalid, Message: "The private key cannot be read.", Err: err}
	}
	signer, _ := key.(crypto.Signer)
	return signer, nil
}

// check reports a key that cannot be used, or that is not the certificate's.
func (k KeyPair) check() error {
	if k.Certificate == nil {
		return directory.Errorf(directory.Invalid, "The private key has no certificate beside it.")
	}
	var fits bool
	switch key := k.Key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < 2048 {
			return directory.Errorf(directory.Invalid, "The RSA key has %d bits; use at least 2048.", key.N.BitLen())
		}
		fits = key.PublicKey.Equal(k.Certificate.PublicKey)
	case *ecdsa.PrivateKey:
		fits = key.PublicKey.Equal(k.Certificate.PublicKey)
	default:
		return directory.Errorf(directory.Invalid, "The private key is neither RSA nor ECDSA.")
	}
	if !fits {
		return directory.Errorf(directory.Invalid, "The certificate is not that of the private key beside it.")
	}
	return nil
}

// ParseCertificates reads a provider's certificates: PEM blocks, or one bare base64 text as metadata has it.
func ParseCertificates(text string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	if !strings.Contains(text, "-----BEGIN") {
		certificate, err := parseCertificate(text)
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{certificate}, nil
	}
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, directory.Errorf(directory.Invalid, "Among the provider's certificates there is a block %q; paste certificates only, never a private key.", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, unreadable(err)
		}
		out = append(out, certificate)
	}
	if len(out) == 0 {
		return nil, unreadable(nil)
	}
	return out, nil
}

// parseCertificate reads the base64 text of an X509Certificate element.
func parseCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(squeeze(text))
	if err != nil {
		return nil, unreadable(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, unreadable(err)
	}
	return certificate, nil
}

func unreadable(err error) error {
	return &directory.Error{Kind: directory.Invalid, Message: "A certificate of the provider cannot be read. Paste it as PEM, from BEGIN CERTIFICATE to END CERTIFICATE.", Err: err}
}

// squeeze takes all white space out of a base64 text.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// Fingerprint returns a certificate's SHA-256, as providers' consoles show it.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

func sameCertificate(a, b *x509.Certificate) bool { return bytes.Equal(a.Raw, b.Raw) }
