package saml

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestPrescan(t *testing.T) {
	for name, c := range map[string]struct {
		xml  string
		says string // "" lets it through
	}{
		"an element":              {"<a/>", ""},
		"a declaration":           {`<?xml version="1.0" encoding="utf-8"?><a/>`, ""},
		"text and space":          {" \n<a>b<![CDATA[c]]>&lt;&#10;</a>\n", ""},
		"comments":                {"<!-- a --><b><!-- c --></b><!-- d -->", ""},
		"an instruction":          {"<?a b?><c/>", ""},
		"prefixes":                {`<a:b xmlns:a="u" a:c="d" xml:lang="en"><a:b xmlns:a="v"/></a:b>`, ""},
		"a default namespace":     {`<a xmlns="u"><b xmlns=""/></a>`, ""},
		"ids":                     {`<a ID="b"><c Id="d"/></a>`, ""},
		"one assertion":           {"<a><Assertion/></a>", ""},
		"two signatures":          {"<a><Signature/><Signature/></a>", ""},
		"siblings with a prefix":  {`<a><b xmlns:c="u"/><b xmlns:c="u"><c:d/></b></a>`, ""},
		"four qualified":          {`<a xmlns:b="u" b:c="" b:d="" b:e="" b:f=""/>`, ""},
		"nothing":                 {"", "no complete root"},
		"space":                   {" ", "no complete root"},
		"text":                    {"a", "text outside"},
		"text before":             {"a<b/>", "text outside"},
		"text after":              {"<a/>b", "text outside"},
		"an open root":            {"<a>", "no complete root"},
		"a second root":           {"<a/><b/>", "a second root"},
		"a wrong end":             {"<a></b>", "closes nothing"},
		"a wrong end prefix":      {`<a xmlns:b="u"><b:a></a></a>`, "closes nothing"},
		"an end":                  {"</a>", "closes nothing"},
		"a doctype":               {"<!DOCTYPE a><a/>", "DOCTYPE"},
		"a directive":             {"<a><!ELEMENT b></a>", "DOCTYPE"},
		"an entity":               {"<a>&b;</a>", "entity"},
		"a later declaration":     {`<a/><?xml version="1.0"?>`, "not at the beginning"},
		"an odd instruction":      {"<?a:b c?><d/>", "colon"},
		"Latin-1":                 {`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, "encoding"},
		"UTF-16, declared":        {`<?xml version="1.0" encoding="UTF-16"?><a/>`, "encoding"},
		"UTF-16":                  {utf16Text("<a/>"), "not UTF-8"},
		"no UTF-8":                {"<a>\xff</a>", "not UTF-8"},
		"a control character":     {"<a>\x00</a>", "illegal character"},
		"an attribute twice":      {`<a b="c" b="d"/>`, "given twice"},
		"a namespace twice":       {`<a xmlns:b="c" xmlns:b="d"/>`, "given twice"},
		"an undeclared prefix":    {"<a:b/>", "undeclared"},
		"an undeclared attribute": {`<a b:c="d"/>`, "undeclared"},
		"a prefix gone":           {`<a><b xmlns:c="u"/><c:d/></a>`, "undeclared"},
		"a leading colon":         {"<:a/>", "malformed name"},
		"a trailing colon":        {"<a:></a:>", "malformed name"},
		"an attribute's colon":    {`<a :b="c"/>`, "malformed name"},
		"two colons":              {"<a:b:c/>", "element name"},
		"xml declared":            {`<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"/>`, ""},
		"xml redeclared":          {`<a xmlns:xml="u"/>`, "namespace prefix"},
		"xmlns redeclared":        {`<a xmlns:xmlns="u"/>`, "namespace prefix"},
		"a prefix taken back":     {`<a xmlns:b=""/>`, "namespace prefix"},
		"an id with a prefix":     {`<a xmlns:b="u" b:ID="c"/>`, "ambiguous"},
		"an id twice":             {`<a ID="c"><b ID="c"/></a>`, "ambiguous"},
		"an id twice, by case":    {`<a ID="c"><b id="c"/></a>`, "ambiguous"},
		"two assertions":          {`<a><Assertion/><b xmlns:c="u"><c:Assertion/></b></a>`, "assertions"},
		"one of each":             {"<a><EncryptedAssertion/><Assertion/></a>", "assertions"},
		"three signatures":        {"<a><Signature/><Signature/><Signature/></a>", "signatures"},
		"five qualified":          {`<a xmlns:b="u" b:c="" b:d="" b:e="" b:f="" b:g=""/>`, "have a prefix"},
		"deep":                    {strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65), "nested deeper"},
		"just not deep":           {strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := prescan([]byte(c.xml), messageBounds)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want …%s…", err, c.says)
			}
			if root, _, parseErr := parse([]byte(c.xml), messageBounds); (root == nil) != (err != nil) || !errors.Is(parseErr, err) && parseErr.Error() != err.Error() {
				t.Errorf("parsed to %v, %v", root, parseErr)
			}
		})
	}
}

func utf16Text(text string) string {
	out := "\xff\xfe"
	for _, unit := range utf16.Encode([]rune(text)) {
		out += string([]byte{byte(unit), byte(unit >> 8)})
	}
	return out
}
