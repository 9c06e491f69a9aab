package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bounds say how much of a document may be parsed. Parsing and canonicalizing cost more than their input is long: with
// the square of nesting, of comments and of namespaces in scope. Within these bounds they cost a few milliseconds.
type bounds struct {
	bytes      int
	depth      int
	elements   int
	attributes int // of one element, namespace declarations included
	qualified  int // attributes of one element with a prefix, each of which canonical XML may have to explain
	scope      int // namespace declarations in scope at one place
	uri        int // bytes of a namespace's name, which canonical XML repeats at every use
	asides     int // comments and processing instructions
	assertions int // open or encrypted
	signatures int
}

var (
	messageBounds  = bounds{bytes: 256 << 10, depth: 64, elements: 4096, attributes: 24, qualified: 4, scope: 20, uri: 128, asides: 64, assertions: 1, signatures: 2}
	metadataBounds = bounds{bytes: 2 << 20, depth: 64, elements: 32768, attributes: 64, qualified: 16, scope: 64, uri: 256, asides: 1024, signatures: 1024}
)

// outline is what a prescan has seen, by local names, wherever they stand.
type outline struct {
	assertions int
	encrypted  int
	signatures int
	tokens     int // read until the end, or until the refusal
}

// errBounds marks documents that are refused for their size or shape, unparsed.
var errBounds = errors.New("saml: document out of bounds")

func outOfBounds(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBounds, fmt.Sprintf(format, args...))
}

// prescan reads a document once, keeps nothing of it, and stops at the first thing that no provider sends.
func prescan(document []byte, b bounds) (outline, error) {
	s := scanner{bounds: b, scope: map[string]int{}, ids: map[string]bool{}}
	if len(document) > b.bytes {
		return s.outline, outOfBounds("%d bytes; at most %d are read", len(document), b.bytes)
	}
	if !utf8.Valid(document) {
		return s.outline, outOfBounds("it is not UTF-8")
	}
	// Without a CharsetReader, the decoder refuses every declared encoding but UTF-8; Strict, every entity but the five.
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return s.outline, s.end()
		}
		if err != nil {
			return s.outline, err
		}
		s.tokens++
		if err := s.token(token); err != nil {
			return s.outline, err
		}
	}
}

type scanner struct {
	bounds
	outline
	open     []level
	scope    map[string]int // prefix → declarations in force
	declared int
	ids      map[string]bool
	elements int
	asides   int
	rooted   bool
}

// level is an element that is not closed yet, with the prefixes that it declares.
type level struct {
	name     xml.Name
	prefixes []string
}

func (s *scanner) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return s.start(t)
	case xml.EndElement:
		return s.close(t.Name)
	case xml.CharData:
		if len(s.open) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return outOfBounds("text outside of the root element")
		}
		// Sections of CDATA are tokens of their own, and could be many and empty.
		if s.tokens > 4*s.bounds.elements {
			return outOfBounds("more than %d pieces", 4*s.bounds.elements)
		}
	case xml.Comment:
		return s.aside()
	case xml.ProcInst:
		if strings.EqualFold(t.Target, "xml") {
			if s.tokens > 1 {
				return outOfBounds("an XML declaration that is not at the beginning")
			}
			return nil
		}
		if strings.Contains(t.Target, ":") {
			return outOfBounds("a processing instruction with a colon in its name")
		}
		return s.aside()
	case xml.Directive:
		return outOfBounds("a DOCTYPE or another directive")
	}
	return nil
}

func (s *scanner) aside() error {
	if s.asides++; s.asides > s.bounds.asides {
		return outOfBounds("more than %d comments and processing instructions", s.bounds.asides)
	}
	return nil
}

func (s *scanner) start(t xml.StartElement) error {
	if len(s.open) == 0 && s.rooted {
		return outOfBounds("a second root element")
	}
	s.rooted = true
	if s.elements++; s.elements > s.bounds.elements {
		return outOfBounds("more than %d elements", s.bounds.elements)
	}
	if len(s.open) == s.depth {
		return outOfBounds("elements nested deeper than %d", s.depth)
	}
	if len(t.Attr) > s.attributes {
		return outOfBounds("an element with more than %d attributes", s.attributes)
	}
	prefixes, err := s.declare(t.Attr)
	if err != nil {
		return err
	}
	s.open = append(s.open, level{t.Name, prefixes})
	if err := s.name(t.Name); err != nil {
		return err
	}
	if err := s.attrs(t.Attr); err != nil {
		return err
	}
	return s.count(t.Name.Local)
}

// count counts by local names in any namespace: a second assertion has no business in a message, wherever it stands.
func (s *scanner) count(local string) error {
	switch local {
	case "Assertion":
		s.outline.assertions++
	case "EncryptedAssertion":
		s.encrypted++
	case "Signature":
		s.outline.signatures++
	}
	if s.outline.assertions+s.encrypted > s.bounds.assertions {
		return outOfBounds("more than %d assertions", s.bounds.assertions)
	}
	if s.outline.signatures > s.bounds.signatures {
		return outOfBounds("more than %d signatures", s.bounds.signatures)
	}
	return nil
}

// declare notes the namespaces that an element declares.
func (s *scanner) declare(attrs []xml.Attr) ([]string, error) {
	var prefixes []string
	for _, a := range attrs {
		prefix, ok := declares(a.Name)
		if !ok {
			continue
		}
		if len(a.Value) > s.uri {
			return nil, outOfBounds("a namespace of %d bytes", len(a.Value))
		}
		if prefix == "xml" && a.Value != nsXML || prefix == "xmlns" || prefix != "" && a.Value == "" {
			return nil, outOfBounds("a declaration of the namespace prefix %q", prefix)
		}
		prefixes = append(prefixes, prefix)
		s.scope[prefix]++
	}
	if s.declared += len(prefixes); s.declared > s.bounds.scope {
		return nil, outOfBounds("more than %d namespaces declared around one place", s.bounds.scope)
	}
	return prefixes, nil
}

// declares returns the prefix that an attribute declares, "" for the default namespace.
func declares(name xml.Name) (string, bool) {
	switch {
	case name.Space == "xmlns":
		return name.Local, true
	case name.Space == "" && name.Local == "xmlns":
		return "", true
	}
	return "", false
}

// name refuses what is not a qualified name with a declared prefix (Namespaces in XML, section 4). The decoder leaves a
// misplaced colon in Local, and looks at how a name begins only before the prefix.
func (s *scanner) name(n xml.Name) error {
	first, _ := utf8.DecodeRuneInString(n.Local)
	if strings.Contains(n.Local, ":") || first != '_' && !unicode.IsLetter(first) {
		return outOfBounds("the malformed name %q", n.Local)
	}
	if n.Space != "" && n.Space != "xml" && s.scope[n.Space] == 0 {
		return outOfBounds("the undeclared namespace prefix %q", n.Space)
	}
	return nil
}

func (s *scanner) attrs(attrs []xml.Attr) error {
	qualified := 0
	for i, a := range attrs {
		for _, b := range attrs[:i] {
			if a.Name == b.Name {
				return outOfBounds("the attribute %s given twice", a.Name.Local)
			}
		}
		if _, ok := declares(a.Name); ok {
			continue
		}
		if err := s.name(a.Name); err != nil {
			return err
		}
		if a.Name.Space != "" {
			qualified++
		}
		if qualified > s.qualified {
			return outOfBounds("an element with more than %d attributes that have a prefix", s.qualified)
		}
		if !strings.EqualFold(a.Name.Local, "ID") {
			continue
		}
		// A signature refers to its element by id. One id that means two elements, or an attribute that one reader takes
		// for the id and another does not, is how signatures are wrapped around something else.
		if a.Name.Space != "" || s.ids[a.Value] {
			return outOfBounds("an ID that is ambiguous")
		}
		s.ids[a.Value] = true
	}
	return nil
}

func (s *scanner) close(name xml.Name) error {
	if len(s.open) == 0 || s.open[len(s.open)-1].name != name {
		return outOfBounds("an end tag that closes nothing")
	}
	last := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	for _, prefix := range last.prefixes {
		s.scope[prefix]--
	}
	s.declared -= len(last.prefixes)
	return nil
}

func (s *scanner) end() error {
	if !s.rooted || len(s.open) > 0 {
		return outOfBounds("it has no complete root element")
	}
	return nil
}
