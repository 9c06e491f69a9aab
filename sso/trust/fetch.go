package trust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mixus/usher/directory"
)

// largest bounds what is read of a provider's metadata, in bytes. Real ones have up to 20 KiB, those of federations more
// than anybody should point a connection at.
const largest = 1 << 20

// answer is what a source said.
type answer struct {
	same          bool // it is what we have (304)
	document      []byte
	tag, modified string
	ahead         time.Duration // by how much the provider's clock is ahead of ours
	timed         bool          // the provider said what time it is

	cache time.Duration // for how long the metadata that was accepted asks to be kept
	until time.Time     // when it ends
}

// fetch asks for a connection's metadata, conditionally when there is a copy.
func (k *Keeper) fetch(ctx context.Context, client *http.Client, address string, known *copied, loopback bool) (answer, error) {
	if err := secure(address, loopback); err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, directory.Errorf(directory.Invalid, "the metadata URL cannot be used")
	}
	r.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	if known != nil && known.Tag != "" {
		r.Header.Set("If-None-Match", known.Tag)
	}
	if known != nil && known.Modified != "" {
		r.Header.Set("If-Modified-Since", known.Modified)
	}
	begun := k.now()
	w, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer w.Body.Close()
	a := answer{tag: bounded(w.Header.Get("ETag")), modified: bounded(w.Header.Get("Last-Modified"))}
	if date, err := http.ParseTime(w.Header.Get("Date")); err == nil {
		a.timed, a.ahead = true, date.Sub(begun.Add(k.now().Sub(begun)/2)).Round(time.Second)
	}
	if w.StatusCode == http.StatusNotModified && known != nil {
		a.same = true
		return a, nil
	}
	if w.StatusCode != http.StatusOK {
		return a, directory.Errorf(directory.Unavailable, "it answers %q where its metadata should be; compare the URL with the provider's page", clip(w.Status))
	}
	a.document, err = limited(w.Body)
	return a, err
}

// bounded returns a header that is sent back later, "" for one that is too long to keep.
func bounded(header string) string {
	if len(header) > 1024 {
		return ""
	}
	return header
}

func limited(from io.Reader) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(from, largest+1))
	if err == nil && len(document) > largest {
		return nil, directory.Errorf(directory.TooLarge, "its metadata is larger than %d KiB", largest>>10)
	}
	return document, err
}

// secure lets metadata be fetched by https only, or by http on this machine's loopback where that is allowed: whoever can
// change it on its way can sign in as anybody.
func secure(address string, loopback bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil:
		return directory.Errorf(directory.Invalid, "the metadata URL is not an absolute URL without a user")
	case u.Scheme == "https", u.Scheme == "http" && loopback && isLoopback(u.Hostname()):
		return nil
	}
	return directory.Errorf(directory.Invalid, "the metadata URL does not begin with https://, and whoever can change metadata on its way can sign in as anybody")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// readFile reads a metadata file, inside the folder of the configuration.
func (k *Keeper) readFile(name string) ([]byte, error) {
	if !filepath.IsLocal(name) {
		return nil, directory.Errorf(directory.Invalid, "the metadata file %s lies outside the folder of the configuration", clip(name))
	}
	f, err := os.OpenInRoot(k.folder(), name)
	var document []byte
	if err == nil {
		document, err = limited(f)
		err = errors.Join(err, f.Close())
	}
	switch {
	case err == nil:
		return document, nil
	case errors.Is(err, os.ErrNotExist):
		return nil, unreadable(name, "there is no such file", err)
	case errors.Is(err, os.ErrPermission):
		return nil, unreadable(name, "permission denied", err)
	case directory.KindOf(err) == directory.TooLarge:
		return nil, unreadable(name, "it is larger than 1 MiB", err)
	}
	return nil, unreadable(name, "it is not a file inside the folder of the configuration", err)
}

func unreadable(name, why string, err error) error {
	return &directory.Error{Kind: directory.Unavailable, Err: err, Message: fmt.Sprintf("the metadata file %s cannot be read: %s", clip(name), why)}
}

func (k *Keeper) folder() string {
	if k.Folder == "" {
		return "."
	}
	return k.Folder
}
