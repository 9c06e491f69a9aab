package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// The XML namespaces of the messages.
const (
	nsXML       = "http://www.w3.org/XML/1998/namespace"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypted = "http://www.w3.org/2001/04/xmlenc#"
)

// parse scans a document within bounds, and only then builds its tree.
func parse(document []byte, b bounds) (*etree.Element, outline, error) {
	seen, err := prescan(document, b)
	if err != nil {
		return nil, seen, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		return nil, seen, err
	}
	root := doc.Root()
	if root == nil {
		return nil, seen, errors.New("saml: no root element")
	}
	return root, seen, nil
}

func is(el *etree.Element, space, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == space
}

// children returns the direct children of a name.
func children(el *etree.Element, space, tag string) []*etree.Element {
	var out []*etree.Element
	for child := range el.ChildElementsSeq() {
		if is(child, space, tag) {
			out = append(out, child)
		}
	}
	return out
}

// only returns the one direct child of a name; nil when there is none, and an error when there are several.
func only(el *etree.Element, space, tag string) (*etree.Element, error) {
	found := children(el, space, tag)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d elements %s in %s, where one is allowed", len(found), tag, el.Tag)
}

// one is only for what must be there.
func one(el *etree.Element, space, tag string) (*etree.Element, error) {
	found, err := only(el, space, tag)
	if err == nil && found == nil {
		err = fmt.Errorf("%s has no %s", el.Tag, tag)
	}
	return found, err
}

// text returns the whole text of an element, across comments and processing instructions and into its children, without
// the space around it. etree's own Text ends at the first comment, by which ann@acme.com<!---->.evil.com once became
// ann@acme.com.
func text(el *etree.Element) string {
	if el == nil {
		return ""
	}
	var b strings.Builder
	gather(&b, el)
	return strings.TrimSpace(b.String())
}

func gather(b *strings.Builder, el *etree.Element) {
	for _, child := range el.Child {
		switch c := child.(type) {
		case *etree.CharData:
			b.WriteString(c.Data)
		case *etree.Element:
			gather(b, c)
		}
	}
}

// attr returns an attribute without a prefix; etree's SelectAttr takes one with any.
func attr(el *etree.Element, key string) string {
	i := slices.IndexFunc(el.Attr, func(a etree.Attr) bool { return a.Space == "" && a.Key == key })
	if i < 0 {
		return ""
	}
	return el.Attr[i].Value
}

// instant returns an attribute of type dateTime; zero when it is absent. SAML's instants are in UTC, also where a
// provider leaves the Z out (SAML Core, section 1.3.3).
func instant(el *etree.Element, key string) (time.Time, error) {
	value := attr(el, key)
	if value == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s in %s is no instant: %s", key, el.Tag, seen(value))
}

// detach returns a copy of an element that stands alone: the namespaces in scope are declared on it.
func detach(el *etree.Element) *etree.Element {
	out := el.Copy()
	for parent := el.Parent(); parent != nil; parent = parent.Parent() {
		for _, a := range parent.Attr {
			declaration := a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns"
			if declaration && !slices.ContainsFunc(out.Attr, func(b etree.Attr) bool { return a.Space == b.Space && a.Key == b.Key }) {
				out.Attr = append(out.Attr, etree.Attr{Space: a.Space, Key: a.Key, Value: a.Value})
			}
		}
	}
	return out
}

func serialize(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el)
	return doc.WriteToBytes()
}

// seen quotes a value of a message for a reason: shortened, and with everything unprintable escaped.
func seen(value string) string {
	const most = 160
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return fmt.Sprintf("%q", value)
}
