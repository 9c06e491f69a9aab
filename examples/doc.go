// Package examples carries the files that show usher at work: the configuration of acme, a company with two identity
// providers; minimal, the least that one can start with; and transcripts, what real providers send and what usher
// answers, as ordered requests and responses.
//
// A transcript is a text file that reads like the output of curl -v:
//
//	# An engineer joins
//	#
//	# Shapes: Okta's public SCIM 2.0 documentation.
//	# Connection: acme-okta
//	> User-Agent: Okta SCIM Client 1.0.0
//
//	### Okta looks the person up before it creates her
//	> GET /Users?filter=userName eq "ann@acme.com"&startIndex=1&count=100
//	< 200
//	{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, …}
//
// The first line names it, "Shapes" says where the bodies come from, "Connection" says whose token plays it, and the
// header lines before the first exchange go with every request. Each exchange has a title, a request line whose spaces
// and quotes the player encodes, headers, a JSON body, then the status, the headers that matter and the whole body that
// the server must answer, in any order of keys. In a request and in an answer
//
//	<id:ann>    is an id: the first answer that shows it gives it the name, and everything later must agree
//	<base>      is the address of the connection, such as https://usher.example/scim/v2/acme-okta
//	<time>      is an instant, <version> an entity tag, <number> a number, <text> any text, <any> any JSON at all;
//	            with a name, as in <version:first>, they are kept like an id
//
// Totals that depend on who else is there are not written down, so a transcript plays against an empty server and
// against a full one alike.
package examples

import (
	"embed"
	"fmt"
	"io/fs"
)

// The patterns leave out what a server that was started with these files puts beside them.
//
//go:embed acme/*.yaml acme/organizations/*.yaml transcripts/*/*.http
var files embed.FS

// Acme returns the configuration of the example company: usher.yaml and its organizations.
func Acme() fs.FS { return sub("acme") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		return files // fs.Sub refuses malformed names only, and these are constants
	}
	return f
}

// Transcripts returns every transcript, in order of its file name: by provider, then as numbered.
func Transcripts() ([]Transcript, error) {
	names, err := fs.Glob(files, "transcripts/*/*.http")
	if err != nil {
		return nil, fmt.Errorf("examples: %w", err)
	}
	out := make([]Transcript, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("examples: %w", err)
		}
		t, err := Parse(name, string(text))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
