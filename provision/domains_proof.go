package provision

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// The documents about domains.
const (
	domainKeyName = "domain-key" // what the values of TXT records are made with
	proofPrefix   = "domain/"    // with a folded domain behind it: whose it is proven to be, so that it is one's alone
)

// proof is a domain that an organization has proven to be its own.
type proof struct {
	Organization string           `json:"organization"`
	Org          directory.OrgNum `json:"org"`
	Proven       time.Time        `json:"proven"`
	Checked      time.Time        `json:"checked"`          // when the answer of the DNS counted last
	Missing      time.Time        `json:"missing,omitzero"` // since when the record is not there; zero while it is
}

// recordName is the name of the TXT record that proves a domain.
func recordName(domain string) string { return "_usher." + domain }

// recordValue is what the record says. It is made of the organization too, so that a record which one customer has created
// proves nothing for another.
func recordValue(key []byte, organization, domain string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(organization + "\x00" + domain))
	return "usher-domain-verification=" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// domainKey returns the key of this server, which LoadDomains has made: whoever only looks at domains writes nothing.
func (e *Engine) domainKey(ctx context.Context) ([]byte, error) {
	var key []byte
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		key, err = tx.Document(domainKeyName)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("provision: read the key of domain records, which LoadDomains makes: %w", err)
	}
	return key, nil
}

// makeDomainKey makes the key of this server where there is none.
func (e *Engine) makeDomainKey(ctx context.Context) error {
	_, err := e.domainKey(ctx)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	fresh := make([]byte, sha256.Size)
	rand.Read(fresh) // never returns an error
	return e.Store.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Document(domainKeyName)
		if errors.Is(err, store.ErrNotFound) {
			return tx.PutDocument(domainKeyName, fresh)
		}
		return err
	})
}

// proofs returns every proof, by domain.
func (e *Engine) proofs(ctx context.Context) (map[string]*proof, error) {
	var found map[string]*proof
	err := e.Store.View(ctx, func(tx store.Tx) error {
		names, err := tx.ListDocuments(proofPrefix)
		if err != nil {
			return err
		}
		found = make(map[string]*proof, len(names))
		for _, name := range names {
			domain := strings.TrimPrefix(name, proofPrefix)
			if found[domain], err = proofOf(tx, domain); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// proofOf returns the proof of a domain, nil when there is none.
func proofOf(tx store.Documents, domain string) (*proof, error) {
	text, err := tx.Document(proofPrefix + domain)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &proof{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("provision: read the proof of %s: %w", domain, err)
	}
	return p, nil
}

func putProof(tx store.Documents, domain string, p *proof) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return tx.PutDocument(proofPrefix+domain, text)
}
