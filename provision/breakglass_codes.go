package provision

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// pendingCode is what was asked for at once. There is one for every address that was asked for, known or not, so that a wrong
// code is answered alike.
type pendingCode struct {
	Codes []madeCode `json:"codes,omitempty"` // none until they were made, which for most addresses is never
	Tries int        `json:"tries,omitempty"` // at all of them

	Organization string `json:"organization,omitempty"` // the one that the person wants to enter, of several
}

// codeAgain is within what time a code that is asked for again, in the same browser, is not sent again: a button is clicked
// twice, and the second code would be of no use but to confuse.
const codeAgain = time.Minute

// askedJustNow reports whether a code was asked for a moment ago that may still be entered.
func (e *Engine) askedJustNow(tx store.Tx, kind string, key [32]byte, organization string, lasts time.Duration) (bool, error) {
	row, code, err := e.pendingCode(tx, kind, key)
	return code != nil && code.Organization == organization && row.Expires.After(e.Now().Add(lasts-codeAgain)), err
}

// madeCode is a code that leads into one organization.
type madeCode struct {
	Org    directory.OrgNum `json:"org"`
	Member directory.ID     `json:"member"`
	Own    bool             `json:"own,omitempty"` // an ordinary sign-in, and nobody breaks glass
	Hash   []byte           `json:"hash"`          // of the code, under the hash of the browser's secret, which is not kept
}

// right returns the code that was entered, nil where it is none of those that were made.
func (p *pendingCode) right(browser [32]byte, code string) *madeCode {
	hash := codeHash(browser[:], code)
	for i := range p.Codes {
		if hmac.Equal(p.Codes[i].Hash, hash) {
			return &p.Codes[i]
		}
	}
	return nil
}

// ready puts a code in the place of one for the same organization that there may be.
func (p *pendingCode) ready(made madeCode) {
	p.Codes = append(slices.DeleteFunc(p.Codes, func(c madeCode) bool { return c.Org == made.Org }), made)
}

// slot is one of the codes that an address has asked for within a while.
type slot struct {
	Network []byte    `json:"network"` // a hash of whence it was asked for
	Ends    time.Time `json:"ends"`
}

// takeSlot reports whether an address may ask for another code now, from where it does, and notes that it has.
func takeSlot(tx store.Tx, email, network string, now time.Time) (bool, error) {
	key, from := sha256.Sum256([]byte(email)), sha256.Sum256([]byte(email+"\x00"+site(network)))
	row, err := tx.Request(requestAsked, key)
	var taken []slot
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return false, err
	default:
		if err := json.Unmarshal(row.Data, &taken); err != nil {
			return false, fmt.Errorf("provision: read which codes were asked for: %w", err)
		}
	}
	taken = slices.DeleteFunc(taken, func(s slot) bool { return !s.Ends.After(now) })
	here := 0
	for _, s := range taken {
		if bytes.Equal(s.Network, from[:]) {
			here++
		}
	}
	if here >= codesMost || here > 0 && len(taken) >= codesInAll || len(taken) >= codesEver {
		return false, nil
	}
	ends := now.Add(codesWithin)
	return true, putRequest(tx, requestAsked, key, ends, append(taken, slot{from[:], ends}))
}

// site is what is counted as one network: of IPv6, the /48 that one customer can have (RFC 6177, section 2).
func site(network string) string {
	p, err := netip.ParsePrefix(network)
	if err != nil || !p.Addr().Is6() || p.Bits() < 48 {
		return network
	}
	return netip.PrefixFrom(p.Addr(), 48).Masked().String()
}

// codeKey is under what a code is kept: nobody who reads the store learns the browser's hash from it.
func codeKey(email string, browser [32]byte) [32]byte {
	return sha256.Sum256(append(browser[:], email...))
}

// putRequest writes a request in the place of one that there may be.
func putRequest(tx store.Tx, kind string, key [32]byte, expires time.Time, data any) error {
	r := &directory.Request{Kind: kind, Key: key, Expires: expires}
	if data != nil {
		var err error
		if r.Data, err = json.Marshal(data); err != nil {
			return err
		}
	}
	if err := tx.DeleteRequests([]*directory.Request{r}); err != nil {
		return err
	}
	return tx.PutRequest(r)
}

// newCode makes a code.
func newCode() (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(codeDigits), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", codeDigits, n), nil
}

func codeHash(browser []byte, code string) []byte {
	mac := hmac.New(sha256.New, browser)
	mac.Write([]byte(code))
	return mac.Sum(nil)
}

// pendingCode reads a code under way, nil when there is none or it is too old.
func (e *Engine) pendingCode(tx store.Tx, kind string, key [32]byte) (*directory.Request, *pendingCode, error) {
	row, err := tx.Request(kind, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && !row.Expires.After(e.Now()) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	code := &pendingCode{}
	if err := json.Unmarshal(row.Data, code); err != nil {
		return nil, nil, fmt.Errorf("provision: read a pending code: %w", err)
	}
	return row, code, nil
}

// putTry counts a wrong code. The last one ends the code.
func putTry(tx store.Tx, row *directory.Request, code *pendingCode) error {
	if code.Tries++; code.Tries >= codeTries {
		return tx.DeleteRequests([]*directory.Request{row})
	}
	return putRequest(tx, row.Kind, row.Key, row.Expires, code)
}
