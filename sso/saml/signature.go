package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	_ "crypto/sha1"   // crypto.SHA1, for connections that allow it
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384 and SHA512
)

// method is a signature algorithm.
type method struct {
	hash  crypto.Hash
	ecdsa bool
}

// methodOf returns the algorithm of a name, and false for every other: there is no HMAC, whose key would be the
// certificate that everybody has, and no way to leave the choice to the message.
func methodOf(name string) (method, bool) {
	switch name {
	case dsig.RSASHA1SignatureMethod:
		return method{hash: crypto.SHA1}, true
	case dsig.RSASHA256SignatureMethod:
		return method{hash: crypto.SHA256}, true
	case dsig.RSASHA384SignatureMethod:
		return method{hash: crypto.SHA384}, true
	case dsig.RSASHA512SignatureMethod:
		return method{hash: crypto.SHA512}, true
	case dsig.ECDSASHA1SignatureMethod:
		return method{hash: crypto.SHA1, ecdsa: true}, true
	case dsig.ECDSASHA256SignatureMethod:
		return method{hash: crypto.SHA256, ecdsa: true}, true
	case dsig.ECDSASHA384SignatureMethod:
		return method{hash: crypto.SHA384, ecdsa: true}, true
	case dsig.ECDSASHA512SignatureMethod:
		return method{hash: crypto.SHA512, ecdsa: true}, true
	}
	return method{}, false
}

func digestOf(name string) (crypto.Hash, bool) {
	switch name {
	case "http://www.w3.org/2000/09/xmldsig#sha1":
		return crypto.SHA1, true
	case "http://www.w3.org/2001/04/xmlenc#sha256":
		return crypto.SHA256, true
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		return crypto.SHA384, true
	case "http://www.w3.org/2001/04/xmlenc#sha512":
		return crypto.SHA512, true
	}
	return 0, false
}

// errForeignKey is a signature by none of the certificates that the connection trusts.
var errForeignKey = errors.New("no certificate of the provider fits the signature")

// errSHA1 is a signature that leans on SHA-1.
var errSHA1 = errors.New("it is signed with SHA-1; let the provider sign with SHA-256, or set allow_sha1 until it does")

// verify checks the enveloped signature of an element, and returns the element anew, from the bytes that the signature
// covers, with the certificate that fits. Whatever the signature says of its own key is ignored: keys are pinned.
func verify(el, signature *etree.Element, certificates []*x509.Certificate, allowSHA1 bool) (*etree.Element, *x509.Certificate, error) {
	m, err := shape(el, signature)
	if err != nil {
		return nil, nil, err
	}
	if m.hash == crypto.SHA1 && !allowSHA1 {
		return nil, nil, errSHA1
	}
	candidates := fitting(signature, certificates, m)
	alone := detach(el)
	copied := alone.Child[signature.Index()].(*etree.Element)
	for _, info := range children(copied, nsSignature, dsig.KeyInfoTag) {
		copied.RemoveChild(info)
	}
	value := children(copied, nsSignature, "SignatureValue")[0]
	raw, err := base64.StdEncoding.DecodeString(squeeze(text(value)))
	if err != nil {
		return nil, nil, fmt.Errorf("the signature is not base64: %w", err)
	}
	for _, certificate := range candidates {
		value.SetText(base64.StdEncoding.EncodeToString(asDER(raw, certificate)))
		context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
		// goxmldsig refuses certificates out of their dates; those of SAML are pinned, and an expired one is a note.
		context.Clock = dsig.NewFakeClockAt(certificate.NotAfter)
		verified, failure := context.Validate(alone)
		if otherKey(failure) {
			continue
		}
		if failure != nil {
			return nil, nil, fmt.Errorf("the content is not what was signed: %w", failure)
		}
		if verified == nil || verified.Tag != el.Tag || verified.NamespaceURI() != el.NamespaceURI() || attr(verified, "ID") != attr(el, "ID") {
			return nil, nil, errors.New("the signature is that of another element")
		}
		return verified, certificate, nil
	}
	return nil, nil, errForeignKey
}

// otherKey reports whether a signature was made by another key than the one it was tried with. Every other failure comes
// after the key has proved to be the right one, or before any key is looked at.
func otherKey(failure error) bool {
	return failure != nil && (errors.Is(failure, rsa.ErrVerification) || failure.Error() == "x509: ECDSA verification failure")
}

// shape holds a signature against the profile of SAML Core, section 5.4: one reference, to the element around it, by
// algorithms that are known, and nothing else in it. goxmldsig is laxer in each of these.
func shape(el, signature *etree.Element) (method, error) {
	for child := range signature.ChildElementsSeq() {
		if child.NamespaceURI() != nsSignature || !slices.Contains([]string{dsig.SignedInfoTag, dsig.SignatureValueTag, dsig.KeyInfoTag}, child.Tag) {
			return method{}, fmt.Errorf("the signature has the element %s in it", child.Tag)
		}
	}
	info, err := one(signature, nsSignature, dsig.SignedInfoTag)
	if err != nil {
		return method{}, err
	}
	if _, err := one(signature, nsSignature, dsig.SignatureValueTag); err != nil {
		return method{}, err
	}
	if n := len(info.ChildElements()); n != 3 {
		return method{}, fmt.Errorf("SignedInfo has %d parts, where canonicalization, method and one reference are expected", n)
	}
	c14n, err := one(info, nsSignature, dsig.CanonicalizationMethodTag)
	if err != nil {
		return method{}, err
	}
	if !canonical(attr(c14n, "Algorithm")) {
		return method{}, fmt.Errorf("the canonicalization %s is not accepted", seen(attr(c14n, "Algorithm")))
	}
	algorithm, err := one(info, nsSignature, dsig.SignatureMethodTag)
	if err != nil {
		return method{}, err
	}
	m, ok := methodOf(attr(algorithm, "Algorithm"))
	if !ok {
		return method{}, fmt.Errorf("the signature algorithm %s is not accepted", seen(attr(algorithm, "Algorithm")))
	}
	reference, err := one(info, nsSignature, dsig.ReferenceTag)
	if err != nil {
		return method{}, err
	}
	hash, err := referenceTo(el, reference)
	if err != nil {
		return method{}, err
	}
	if hash == crypto.SHA1 {
		m.hash = crypto.SHA1
	}
	return m, nil
}

// canonical reports whether an algorithm is one of canonical XML: exclusive, or inclusive as some older providers use it.
func canonical(algorithm string) bool {
	return slices.Contains([]dsig.AlgorithmID{
		dsig.CanonicalXML10ExclusiveAlgorithmId, dsig.CanonicalXML10ExclusiveWithCommentsAlgorithmId,
		dsig.CanonicalXML10RecAlgorithmId, dsig.CanonicalXML11AlgorithmId,
	}, dsig.AlgorithmID(algorithm))
}

// referenceTo checks that a reference means the element around its signature, and returns the hash of its digest.
func referenceTo(el, reference *etree.Element) (crypto.Hash, error) {
	id := attr(el, "ID")
	if id == "" || attr(reference, "URI") != "#"+id {
		return 0, fmt.Errorf("the signature refers to %s and not to the element around it", seen(attr(reference, "URI")))
	}
	transforms, err := one(reference, nsSignature, dsig.TransformsTag)
	if err != nil {
		return 0, err
	}
	algorithms := make([]string, 0, 2)
	for child := range transforms.ChildElementsSeq() {
		algorithms = append(algorithms, attr(child, "Algorithm"))
	}
	enveloped := dsig.EnvelopedSignatureAltorithmId.String()
	if len(algorithms) != 2 || algorithms[0] != enveloped || !canonical(algorithms[1]) {
		return 0, fmt.Errorf("the transforms %s are not accepted: enveloped signature, then canonical XML", seen(strings.Join(algorithms, ", ")))
	}
	digest, err := one(reference, nsSignature, dsig.DigestMethodTag)
	if err != nil {
		return 0, err
	}
	hash, ok := digestOf(attr(digest, "Algorithm"))
	if !ok {
		return 0, fmt.Errorf("the digest algorithm %s is not accepted", seen(attr(digest, "Algorithm")))
	}
	return hash, nil
}

// fitting returns the certificates whose keys can have made a signature, first the one that the signature names.
func fitting(signature *etree.Element, certificates []*x509.Certificate, m method) []*x509.Certificate {
	named := namedKey(signature)
	var out []*x509.Certificate
	for _, c := range certificates {
		if !m.fits(c) {
			continue
		}
		if named != nil && sameCertificate(c, named) {
			out = slices.Insert(out, 0, c)
			continue
		}
		out = append(out, c)
	}
	return out
}

func (m method) fits(c *x509.Certificate) bool {
	switch c.PublicKey.(type) {
	case *rsa.PublicKey:
		return !m.ecdsa
	case *ecdsa.PublicKey:
		return m.ecdsa
	}
	return false
}

// namedKey returns the certificate in a signature's KeyInfo, for the order of trying and for diagnosis; nil for none.
func namedKey(signature *etree.Element) *x509.Certificate {
	for _, info := range children(signature, nsSignature, dsig.KeyInfoTag) {
		for _, data := range children(info, nsSignature, dsig.X509DataTag) {
			for _, el := range children(data, nsSignature, dsig.X509CertificateTag) {
				if c, err := parseCertificate(text(el)); err == nil {
					return c
				}
			}
		}
	}
	return nil
}
