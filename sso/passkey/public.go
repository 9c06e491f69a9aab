package passkey

import (
	"fmt"
	"math/big"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// How long an RSA key is, in bits: below it is weak (NIST SP 800-57 part 1, table 2), above it labours.
const (
	shortestRSA = 2048
	longestRSA  = 4096
)

// usable says why nobody can sign in by a public key (a COSE_Key, RFC 9052, section 7). The library looks at one no closer
// than at its algorithm until it verifies a signature.
func usable(raw []byte) error {
	key, err := webauthncose.ParsePublicKey(raw)
	if err != nil {
		return fmt.Errorf("passkey: read the public key: %w", err)
	}
	k, is := key.(webauthncose.RSAPublicKeyData)
	if !is {
		return nil
	}
	exponent, err := webauthncose.ParseRSAPublicKeyDataExponent(&k)
	if err != nil {
		return fmt.Errorf("passkey: read the public key's exponent: %w", err)
	}
	if bits := new(big.Int).SetBytes(k.Modulus).BitLen(); exponent < 3 || exponent%2 == 0 || bits < shortestRSA || bits > longestRSA {
		return fmt.Errorf("passkey: the public key has %d bits and the exponent %d", bits, exponent)
	}
	return nil
}
