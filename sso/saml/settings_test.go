package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/sso/saml/samltest"
)

func TestCheckNamesWhatIsWrong(t *testing.T) {
	if err := settings(rsaKey()).Check(now); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*Settings){
		"ACS URL":                     func(s *Settings) { s.ACS = "" },
		"SLO URL":                     func(s *Settings) { s.SLO = "http://usher.example/slo" },
		"entity ID is missing":        func(s *Settings) { s.EntityID = "" },
		"no name ID format":           func(s *Settings) { s.NameIDFormat = "transient" },
		"at most 5 minutes":           func(s *Settings) { s.Skew = time.Hour },
		"cannot be signed":            func(s *Settings) { s.Keys, s.SignRequests = nil, true },
		"provider wants signed":       func(s *Settings) { s.Keys, s.Metadata.WantRequestsSigned = nil, true },
		"always signed":               func(s *Settings) { s.Keys = nil },
		"not that of the private key": func(s *Settings) { s.Keys[0].Certificate = nextKey().Certificate },
		"no certificate beside":       func(s *Settings) { s.Keys[0].Certificate = nil },
		"neither RSA nor ECDSA":       func(s *Settings) { s.Keys[0].Key = nil },
		"nothing is accepted":         func(s *Settings) { s.Metadata.Certificates = nil },
	} {
		s := settings(rsaKey())
		change(s)
		unusableFor(t, s.Check(now), says)
	}
}

func TestOwnMetadataIsReadBack(t *testing.T) {
	s := settings(rsaKey())
	s.Keys = []KeyPair{ownKey(), nextKey(), ecdsaKey()} // while keys are rotated
	s.WantAssertionsSigned, s.SignRequests = true, true
	raw, err := s.OwnMetadata()
	if err != nil {
		t.Fatal(err)
	}
	root, _, err := parse(raw, metadataBounds)
	if err != nil {
		t.Fatal(err)
	}
	role := children(root, nsMetadata, "SPSSODescriptor")[0]
	for key, want := range map[string]string{"AuthnRequestsSigned": "true", "WantAssertionsSigned": "true", "protocolSupportEnumeration": nsProtocol} {
		if got := attr(role, key); got != want {
			t.Errorf("%s is %q", key, got)
		}
	}
	var uses, places []string
	for _, key := range children(role, nsMetadata, "KeyDescriptor") {
		certificate, err := parseCertificate(text(children(key, nsSignature, "KeyInfo")[0]))
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range s.Keys {
			if sameCertificate(certificate, k.Certificate) {
				uses = append(uses, attr(key, "use")+" "+string('0'+rune(i)))
			}
		}
	}
	if diff := cmp.Diff([]string{"signing 0", "encryption 0", "signing 1", "encryption 1", "signing 2"}, uses); diff != "" {
		t.Error(diff)
	}
	for _, service := range []string{"SingleLogoutService", "AssertionConsumerService"} {
		for _, el := range children(role, nsMetadata, service) {
			places = append(places, attr(el, "Location"))
		}
	}
	if diff := cmp.Diff([]string{sloURL, sloURL, acsURL}, places); diff != "" {
		t.Error(diff)
	}
	if got := text(children(role, nsMetadata, "NameIDFormat")[0]); got != urnPersistent || attr(root, "entityID") != entityID {
		t.Errorf("format %q of %q", got, attr(root, "entityID"))
	}
}

func TestKeysAreWrittenAndRead(t *testing.T) {
	for _, algorithm := range []Algorithm{RSA, ECDSA} {
		made, err := Generate(algorithm, "usher acme-okta", now)
		if err != nil {
			t.Fatal(err)
		}
		text, err := made.PEM()
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseKeyPair(text)
		if err != nil || !sameCertificate(read.Certificate, made.Certificate) {
			t.Fatalf("%s: %v", algorithm, err)
		}
		if c := read.Certificate; c.NotAfter.Before(now.AddDate(9, 0, 0)) || c.NotBefore.After(now) || c.Subject.CommonName != "usher acme-okta" {
			t.Errorf("%s: from %s until %s for %s", algorithm, c.NotBefore, c.NotAfter, c.Subject)
		}
		if algorithm == RSA && made.Key.(*rsa.PrivateKey).N.BitLen() != 3072 {
			t.Error("not 3072 bits")
		}
		s := settings(made)
		s.Metadata.Certificates = append(s.Metadata.Certificates, made.Certificate)
		allowed(t, s, good().SignedBy(t, read))
	}
	if _, err := Generate("dsa", "x", now); err == nil {
		t.Error("made a DSA key")
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	mine, err := ownKey().PEM()
	if err != nil {
		t.Fatal(err)
	}
	other, err := nextKey().PEM()
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Index(string(mine), "-----BEGIN PRIVATE")
	certificate, key := string(mine[:begin]), string(mine[begin:])
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := KeyPair(samltest.Certify(short, now, now.AddDate(1, 0, 0))).PEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, says string }{
		"nothing":           {"", "one of them is missing"},
		"no key":            {certificate, "one of them is missing"},
		"no certificate":    {key, "one of them is missing"},
		"another's":         {certificate + string(other[strings.Index(string(other), "-----BEGIN PRIVATE"):]), "not that of the private key"},
		"two of each":       {string(mine) + string(mine), "also a block"},
		"encrypted":         {certificate + string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})), "unencrypted"},
		"no key at all":     {certificate + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})), "cannot be read"},
		"no certificate 2":  {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})) + key, "cannot be read"},
		"weak":              {string(weak), "1024 bits"},
		"something foreign": {string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte("x")})), "also a block"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKeyPair([]byte(c.text))
			unusableFor(t, err, c.says)
		})
	}
}

func TestDescribe(t *testing.T) {
	s := settings(rsaKey(), staleCert(), samltest.Certify(samltest.ECDSA(), now.AddDate(0, -1, 0), now.AddDate(0, 0, 10)))
	s.Keys = []KeyPair{ecdsaKey()}
	s.AllowSHA1, s.IDPInitiated, s.NameIDFormat = true, true, EmailAddress
	s.Metadata.WantRequestsSigned = true
	s.Metadata.ValidUntil = now.Add(3 * time.Hour)
	var out strings.Builder
	for _, f := range s.Describe(now) {
		if f.Warning {
			out.WriteString("! ")
		}
		out.WriteString(f.Text + "\n")
	}
	for _, want := range []string{
		"The provider is https://idp.example/acme.\n",
		"Sign-in: https://idp.example/sso (Redirect), https://idp.example/sso/post (POST).\n",
		"Single logout: https://idp.example/slo (Redirect), https://idp.example/slo/post (POST).\n",
		"The provider wants signed requests.\n",
		"! The provider's metadata is valid until 2026-11-22 15:00:00 only",
		"The provider's certificate 1 of 3: test, RSA 2048, SHA-256 " + Fingerprint(rsaKey().Certificate) + ". It is valid until 2027-11-22.\n",
		"! The provider's certificate 2 of 3", "It expired on 2025-11-22; its signatures are still accepted",
		"! The provider's certificate 3 of 3: test, ECDSA P-256", "It expires on 2026-12-02.",
		"Our key (signs): test, ECDSA P-256",
		"Encrypted assertions cannot be read",
		"! Signatures with SHA-1 are allowed",
		"Sign-ins that begin at the provider are allowed.",
		"! People are known by their mail address",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if n := strings.Count(Fingerprint(rsaKey().Certificate), ":"); n != 31 {
		t.Errorf("fingerprint %s", Fingerprint(rsaKey().Certificate))
	}
	empty := (&Settings{}).Describe(now)
	if len(empty) == 0 || !empty[0].Warning {
		t.Errorf("of nothing at all: %v", empty)
	}
}
