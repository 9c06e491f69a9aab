package saml

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/identity"
)

// Binding is a way in which a browser carries a message.
type Binding string

// The bindings that are spoken (SAML Bindings, sections 3.4 and 3.5).
const (
	Redirect Binding = "redirect"
	POST     Binding = "post"
)

// mostRelayState is the limit of SAML Bindings, section 3.4.3.
const mostRelayState = 80

// Outbound is a message for a browser to carry: a URL to go to, or a form to post.
type Outbound struct {
	ID      string // the message's id, which the answer will name
	Binding Binding
	URL     string  // where to go, or the form's action
	Fields  []Field // the form's hidden fields, for POST
}

// Field is a hidden field of a form.
type Field struct{ Name, Value string }

// newID makes an id that cannot be guessed, and begins as XML wants it.
func newID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return "_" + hex.EncodeToString(b[:])
}

// send puts a message into the query or into a form, signed where a key is given.
func send(el *etree.Element, parameter, destination string, binding Binding, relayState string, pair *KeyPair) (*Outbound, error) {
	if len(relayState) > mostRelayState {
		return nil, fmt.Errorf("saml: a relay state of %d bytes; at most %d are carried by every provider", len(relayState), mostRelayState)
	}
	out := &Outbound{ID: attr(el, "ID"), Binding: binding, URL: destination}
	if binding == POST {
		if pair != nil {
			if err := sign(el, *pair); err != nil {
				return nil, fmt.Errorf("saml: sign a message: %w", err)
			}
		}
		document, err := serialize(el)
		if err != nil {
			return nil, fmt.Errorf("saml: write a message: %w", err)
		}
		out.Fields = []Field{{parameter, base64.StdEncoding.EncodeToString(document)}}
		if relayState != "" {
			out.Fields = append(out.Fields, Field{"RelayState", relayState})
		}
		return out, nil
	}
	document, err := serialize(el)
	if err != nil {
		return nil, fmt.Errorf("saml: write a message: %w", err)
	}
	query, err := redirectQuery(document, parameter, relayState, pair)
	if err != nil {
		return nil, err
	}
	join := "?"
	if strings.Contains(destination, "?") {
		join = "&"
	}
	out.URL += join + query
	return out, nil
}

// redirectQuery makes the query of the Redirect binding. What is signed is the query as written, in this order.
func redirectQuery(document []byte, parameter, relayState string, pair *KeyPair) (string, error) {
	deflated, err := deflate(document)
	if err != nil {
		return "", fmt.Errorf("saml: compress a message: %w", err)
	}
	query := parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if pair == nil {
		return query, nil
	}
	query += "&SigAlg=" + url.QueryEscape(pair.method())
	signature, err := signDetached(query, *pair)
	if err != nil {
		return "", fmt.Errorf("saml: sign a message: %w", err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

func deflate(document []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(document); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// Inbound is a message as a browser brought it, not verified in any way.
type Inbound struct {
	Binding    Binding
	Request    bool   // it came as SAMLRequest, and not as SAMLResponse
	RelayState string // opaque, and covered by a signature only with the Redirect binding
	document   []byte
	signed     string // the part of the query that is signed
	algorithm  string
	signature  []byte
}

// FromQuery takes a message of the Redirect binding out of a raw query.
func FromQuery(raw string) (*Inbound, error) {
	if len(raw) > messageBounds.bytes {
		return nil, refuse(identity.Invalid, nil, "The query has %d bytes; at most %d are read.", len(raw), messageBounds.bytes)
	}
	parts := map[string]string{} // as written: decoding and encoding again need not give the text that was signed
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if !slices.Contains([]string{"SAMLRequest", "SAMLResponse", "SAMLEncoding", "RelayState", "SigAlg", "Signature"}, name) {
			continue
		}
		if _, ok := parts[name]; ok {
			return nil, refuse(identity.Invalid, nil, "The query has %s twice.", name)
		}
		parts[name] = value
	}
	return fromParts(parts)
}

func fromParts(parts map[string]string) (*Inbound, error) {
	request, isRequest := parts["SAMLRequest"]
	response, isResponse := parts["SAMLResponse"]
	if isRequest == isResponse {
		return nil, refuse(identity.Invalid, nil, "The query has no SAML message, or two.")
	}
	in := &Inbound{Binding: Redirect, Request: isRequest, signed: "SAMLRequest=" + request}
	if isResponse {
		in.signed = "SAMLResponse=" + response
	}
	if relayState, ok := parts["RelayState"]; ok {
		in.signed += "&RelayState=" + relayState
	}
	in.signed += "&SigAlg=" + parts["SigAlg"]
	decoded := map[string]string{}
	for name, value := range parts {
		text, err := url.QueryUnescape(value)
		if err != nil {
			return nil, refuse(identity.Invalid, err, "The query's %s is not well encoded.", name)
		}
		decoded[name] = text
	}
	if e := decoded["SAMLEncoding"]; e != "" && e != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE" {
		return nil, refuse(identity.Invalid, nil, "The query is encoded by %s, which is not known.", seen(e))
	}
	in.RelayState, in.algorithm = decoded["RelayState"], decoded["SigAlg"]
	var err error
	if in.signature, err = base64.StdEncoding.DecodeString(squeeze(decoded["Signature"])); err != nil {
		return nil, refuse(identity.Invalid, err, "The query's signature is not base64.")
	}
	deflated, err := base64.StdEncoding.DecodeString(squeeze(decoded["SAMLRequest"] + decoded["SAMLResponse"]))
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message is not base64.")
	}
	in.document, err = inflate(deflated)
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message cannot be decompressed to at most %d bytes.", messageBounds.bytes)
	}
	return in, nil
}

// inflate decompresses, and gives up where a message would be too long to be read.
func inflate(deflated []byte) ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), int64(messageBounds.bytes)+1))
	if err == nil && len(out) > messageBounds.bytes {
		err = errors.New("saml: it decompresses to more than is read")
	}
	return out, err
}

// FromForm takes a message of the POST binding out of a form.
func FromForm(form url.Values) (*Inbound, error) {
	request, response := form["SAMLRequest"], form["SAMLResponse"]
	if len(request)+len(response) != 1 || len(form["RelayState"]) > 1 {
		return nil, refuse(identity.Invalid, nil, "The form has no SAML message, or two.")
	}
	document, err := unwrap(slices.Concat(request, response)[0])
	if err != nil {
		return nil, err
	}
	return &Inbound{Binding: POST, Request: len(request) == 1, RelayState: form.Get("RelayState"), document: document}, nil
}

// unwrap decodes the value of a form field.
func unwrap(value string) ([]byte, error) {
	if len(value) > messageBounds.bytes*3/2 { // base64 and its line ends
		return nil, refuse(identity.Invalid, nil, "The message has %d characters; at most %d bytes are read.", len(value), messageBounds.bytes)
	}
	document, err := base64.StdEncoding.DecodeString(squeeze(value))
	if err != nil {
		return nil, refuse(identity.Invalid, err, "The message is not base64.")
	}
	return bytes.TrimPrefix(document, []byte("\ufeff")), nil
}

// verified returns the message's root as signed: by the query for Redirect, by the root's own signature for POST.
func (in *Inbound) verified(certificates []*x509.Certificate, allowSHA1 bool) (*etree.Element, *x509.Certificate, error) {
	root, found, err := parse(in.document, messageBounds)
	if err != nil {
		return nil, nil, err
	}
	if in.Binding == Redirect {
		if len(in.signature) == 0 {
			return nil, nil, errUnsigned
		}
		c, err := verifyDetached(in.signed, in.algorithm, in.signature, certificates, allowSHA1)
		return root, c, err
	}
	signature, err := only(root, nsSignature, "Signature")
	if err != nil {
		return nil, nil, err
	}
	if signature == nil {
		return nil, nil, errUnsigned
	}
	if found.signatures != 1 {
		return nil, nil, fmt.Errorf("%d signatures, where one is expected", found.signatures)
	}
	return verify(root, signature, certificates, allowSHA1)
}

var errUnsigned = errors.New("it is not signed")
