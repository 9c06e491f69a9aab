package sso

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestLocalPaths(t *testing.T) {
	for _, raw := range []string{"/", "/x", "/x/", "/authorize/callback?id=7&next=https://atlas.example/", "/a/b%20c", "/?a=//b"} {
		if local(raw) != raw && raw != "/a/b%20c" {
			t.Errorf("%q is not taken", raw)
		}
	}
	longest := "/oidc/authorize/callback?id=" + strings.Repeat("x", 1024-28)
	if by := with(termsPath, "return", with(welcomePath, "return", longest)); local(longest) != longest || local(by) != by {
		t.Errorf("the longest path of the provider's is lost on the way, at %d bytes", len(by))
	}
	for _, raw := range []string{
		"", "x", "?x", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example", "javascript:alert(1)", "/x#y",
		"/x\ty", "/x\ny", "/\t/evil.example", " /x", "/x y", "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%09/evil.example", "/%252fevil.example",
		"/..//evil.example", "/./x", "/x/../y", "/x//y", "/é", "/%zz", "/" + strings.Repeat("x", 2048),
	} {
		if got := local(raw); got != "" {
			t.Errorf("%q is taken as %q", raw, got)
		}
	}
}

// FuzzReturn looks for a path that is taken for ours and leads elsewhere: by the rules of RFC 3986, by those of browsers,
// or after one more decoding.
func FuzzReturn(f *testing.F) {
	for _, seed := range []string{"/x?y=1", "//evil.example", `/\evil.example`, "/%2f/evil.example", "/%5cevil.example", "/x/../..//evil.example", "/a%0d%0aSet-Cookie:%20b", "https://evil.example"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://usher.example/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		path := local(raw)
		if path == "" {
			return
		}
		readings := []string{path, strings.ReplaceAll(path, `\`, "/"), strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(path)}
		if decoded, err := url.PathUnescape(path); err == nil {
			readings = append(readings, decoded, strings.ReplaceAll(decoded, `\`, "/"))
		}
		for _, reading := range readings {
			u, err := base.Parse(strings.ReplaceAll(reading, `\`, "/"))
			if err != nil {
				continue // nobody goes there
			}
			if u.Scheme != "https" || u.Host != "usher.example" || u.User != nil {
				t.Fatalf("%q, read as %q, leads to %s", raw, reading, u)
			}
		}
		w := httptest.NewRecorder()
		if err := leave(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login", nil), path); err != nil {
			t.Fatal(err)
		}
		if got := w.Header().Get("Location"); got != path || len(w.Header()["Set-Cookie"]) > 0 {
			t.Fatalf("%q is sent as %q", raw, got)
		}
	})
}
