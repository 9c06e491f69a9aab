package httpx

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
)

// certificateCheck is how often a handshake looks whether the files have changed.
const certificateCheck = 10 * time.Second

// Certificate is a server certificate kept in two PEM files, which are read again when they change. A pair that does not
// load leaves the one before it in force.
type Certificate struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	loaded  *tls.Certificate
	changed [2]time.Time // modification times of what was read last, loaded or not
	checked time.Time
}

// LoadCertificate reads a certificate and its key.
func LoadCertificate(cert, key string, log *slog.Logger) (*Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, &directory.Error{
			Kind: directory.Invalid, Err: err,
			Message: "The TLS certificate " + cert + " and its key " + key + " cannot be used; both must be PEM files that belong together",
		}
	}
	c := &Certificate{cert: cert, key: key, log: log, loaded: &pair, checked: time.Now()}
	c.changed, _ = c.times()
	return c, nil
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= certificateCheck {
		c.checked = now
		c.reload()
	}
	return c.loaded, nil
}

// Reload reads the files again if they have changed.
func (c *Certificate) Reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reload()
}

func (c *Certificate) reload() {
	times, err := c.times()
	if err != nil || times == c.changed {
		return // gone for a moment while it is replaced, or the same
	}
	c.changed = times
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.log.Error("TLS certificate changed and does not load; the former stays in force", slog.Any("err", err))
		return
	}
	c.loaded = &pair
	c.log.Info("TLS certificate loaded")
}

func (c *Certificate) times() ([2]time.Time, error) {
	var times [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return times, err
		}
		times[i] = info.ModTime()
	}
	return times, nil
}
