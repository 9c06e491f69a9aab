package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/mixus/usher/directory"
)

// What a hash costs, and how long its parts are in bytes.
const (
	saltLen = 16
	keyLen  = 32
	atOnce  = 2               // hashes
	waits   = 3 * time.Second // for one of them to end
)

// cost is what computing a hash takes.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// current is the cost of new hashes (RFC 9106, section 4, second recommended option).
func current() cost { return cost{memory: 64 << 10, passes: 3, lanes: 4} }

// Hasher computes hashes, a few at once. Make one with New.
type Hasher struct{ slots chan struct{} }

// New returns a Hasher.
func New() *Hasher { return &Hasher{slots: make(chan struct{}, atOnce)} }

// Hash returns what to store of a password, a PHC string with a salt of its own. Its error is Unavailable where too many
// others wait.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never returns an error
	c := current()
	key, err := h.compute(ctx, password, salt, c, keyLen)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.lanes, encode(salt), encode(key)), nil
}

// Verify reports whether a password is the one of a hash, in a time that says nothing of how alike they are. Nobody's hash
// is "", with which no password agrees; finding that out takes as long. Its error is Unavailable where too many others wait.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if hash == "" {
		_, err := h.compute(ctx, password, make([]byte, saltLen), current(), keyLen)
		return false, err
	}
	c, salt, want, err := parse(hash)
	if err != nil {
		return false, err
	}
	key, err := h.compute(ctx, password, salt, c, uint32(len(want)))
	return err == nil && subtle.ConstantTimeCompare(key, want) == 1, err
}

// Stale reports whether a hash was computed at another cost than new ones are, so that it should be made anew.
func Stale(hash string) bool {
	c, _, key, err := parse(hash)
	return err != nil || c != current() || len(key) != keyLen
}

// compute computes a hash once it is its turn.
func (h *Hasher) compute(ctx context.Context, password string, salt []byte, c cost, length uint32) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, waits)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, directory.Errorf(directory.Unavailable, "Many people sign in at the moment. Try again in a few seconds.")
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.passes, c.memory, c.lanes, length), nil
}

// The most that a stored hash may ask for, so that a row that was tampered with cannot bring the process down.
const (
	mostMemory = 256 << 10
	mostPasses = 16
)

// parse reads a PHC string of Argon2id.
func parse(hash string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, fmt.Errorf("password: a stored hash is not of Argon2id, version %d", argon2.Version)
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); err != nil {
		return c, nil, nil, fmt.Errorf("password: read the cost of a stored hash: %w", err)
	}
	salt, wrongSalt := base64.RawStdEncoding.DecodeString(parts[4])
	key, wrongKey := base64.RawStdEncoding.DecodeString(parts[5])
	if wrongSalt != nil || wrongKey != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 ||
		c.passes < 1 || c.passes > mostPasses || c.lanes < 1 || c.memory < 8*uint32(c.lanes) || c.memory > mostMemory {
		return c, nil, nil, fmt.Errorf("password: a stored hash has parts that no hash of ours has")
	}
	return c, salt, key, nil
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
