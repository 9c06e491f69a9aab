package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

// AssetPrefix is where Assets is mounted.
const AssetPrefix = "/assets/"

// The assets.
const (
	stylesheet = "usher.css"
	icon       = "usher.svg"
	script     = "usher.js"
)

//go:embed assets
var files embed.FS

// asset is a file that the pages load. Its name carries a hash of what is in it, so that it can be kept for ever.
type asset struct {
	hashed string
	kind   string // its media type
	data   []byte
}

type assets map[string]asset

func newAssets() assets {
	out := assets{}
	for name, kind := range map[string]string{stylesheet: "text/css; charset=utf-8", icon: "image/svg+xml", script: "text/javascript; charset=utf-8"} {
		data, err := files.ReadFile(path.Join("assets", name))
		if err != nil {
			panic(err) // it is embedded
		}
		sum := sha256.Sum256(data)
		base, extension, _ := strings.Cut(name, ".")
		out[name] = asset{hashed: base + "." + hex.EncodeToString(sum[:8]) + "." + extension, kind: kind, data: data}
	}
	return out
}

func (a assets) path(name string) string { return AssetPrefix + a[name].hashed }

// Assets serves what the pages load, below AssetPrefix.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "This can only be read.", http.StatusMethodNotAllowed)
			return
		}
		asked := strings.TrimPrefix(r.URL.Path, AssetPrefix)
		base, hash, _ := strings.Cut(asked, ".")
		_, extension, _ := strings.Cut(hash, ".")
		found, ok := p.assets[base+"."+extension]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", found.kind)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		if asked != found.hashed {
			// A page of another version of usher, before or after this one, still looks right; but nobody keeps the answer.
			h.Set("Cache-Control", "no-store")
		}
		_, _ = w.Write(found.data) // nobody is left to tell
	})
}
