package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/store"
)

// state is what is known of a connection between one table and the next. The keeper's mu guards it, but for what never
// changes: id and client.
type state struct {
	asking sync.Mutex // who asks the provider: one at a time, so that an admin's test waits for the schedule

	id       string
	org      Organization
	num      directory.ConnNum
	settings *config.Connection
	saml     config.SAML
	oidc     config.OIDC
	client   *http.Client

	ring     *ring // our key pairs; nil before they are made
	copy     *copied
	read     *saml.Metadata // what is known of the provider; nil when nothing can be used
	readFrom *readFrom

	damage error // that keeps what the store has of the connection from being used; nil for none

	provider *oidc.Provider
	made     made // of what the provider was made

	due   time.Time // when the provider is asked next
	fails int       // in a row
	err   error     // what went wrong last; nil when it went well
	since time.Time // since when it goes wrong
}

// made is what an oidc.Provider was made of, so that an unchanged one is kept with the documents that it holds.
type made struct {
	settings oidc.Settings // without the key
	key      string        // the private key's text
	err      error
}

// configure takes up the settings of a connection.
func (s *state) configure(org Organization, num directory.ConnNum, settings *config.Connection) {
	before, wasOIDC := s.source(), s.oidc
	s.org, s.num, s.settings = org, num, settings
	s.saml, _ = settings.SignInSAML()
	s.oidc, _ = settings.SignInOIDC()
	if s.source() != before || !reflect.DeepEqual(s.oidc, wasOIDC) {
		s.again()
	}
}

// again has the provider asked at once.
func (s *state) again() { s.due, s.fails, s.err, s.since = time.Time{}, 0, nil, time.Time{} }

// source is where a provider's metadata comes from.
type source struct {
	URL  string `json:"url,omitempty"`
	File string `json:"file,omitempty"`
}

func (s source) fetched() bool { return s.URL != "" }

// source returns where the metadata comes from; the zero value when it is written in the organization's file.
func (s *state) source() source {
	if s.settings == nil {
		return source{}
	}
	file := s.saml.MetadataFile
	if file != "" && !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(s.settings.At.File), filepath.FromSlash(file))
	}
	return source{URL: s.saml.MetadataURL, File: file}
}

// copied is a provider's metadata as it was accepted last.
type copied struct {
	Source   source        `json:"source"`
	Entity   string        `json:"entity"`             // the one that is pinned
	Tag      string        `json:"etag,omitempty"`     // of the answer
	Modified string        `json:"modified,omitempty"` // Last-Modified of the answer
	Taken    time.Time     `json:"taken"`              // when it was last seen to be what the provider publishes
	Cache    time.Duration `json:"cache,omitempty"`    // for how long it asks to be kept
	Document []byte        `json:"document"`
}

func metadataName(connection string) string { return "trust/metadata/" + connection }

func keysName(connection string) string { return "trust/keys/" + connection }

// readCopy returns the last good copy of a connection, nil when there is none.
func readCopy(documents store.Documents, connection string) (*copied, error) {
	row, err := documents.Document(metadataName(connection))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &copied{}
	if err := json.Unmarshal(row, c); err != nil {
		return nil, damaged("metadata", connection, err)
	}
	return c, nil
}

func (c *copied) write(documents store.Documents, connection string) error {
	row, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return documents.PutDocument(metadataName(connection), row)
}

// damaged says that a document cannot be read. It is not replaced by a new one: that would hide what happened, and a
// provider that knows the former key would not know the new one.
func damaged(what, connection string, err error) error {
	return &directory.Error{
		Kind: directory.Precondition, Err: err,
		Message: fmt.Sprintf("The %s that the store keeps for %s cannot be read. Restore the store from a backup, or make a new connection.", what, connection),
	}
}

// load reads the connection's documents. A copy of another source than the configured one is not used: who names another
// place means another provider.
func (s *state) load(documents store.Documents) error {
	var c *copied
	known := s.ring
	s.ring, s.copy = nil, nil
	ring, err := readRing(documents, s.id, known)
	if err == nil {
		c, err = readCopy(documents, s.id)
	}
	if s.damage = nil; directory.KindOf(err) == directory.Precondition {
		s.damage = err
		return nil
	}
	if err != nil {
		return err
	}
	s.ring = ring
	if c != nil && c.Source == s.source() {
		s.copy = c
	}
	return nil
}
