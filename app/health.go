package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Readiness is checked at most this often, however often it is asked for: the check writes to the disk.
const (
	readyEvery   = time.Second
	readyTimeout = 5 * time.Second
)

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready  bool          `json:"ready"`
	Store  StoreState    `json:"store"`
	Config ConfigState   `json:"config"`
	Uptime time.Duration `json:"-"`
}

// StoreState says whether the store takes writes.
type StoreState struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// ConfigState says which configuration is in force. A later one that does not check leaves the former in force, and
// the server ready.
type ConfigState struct {
	OK       bool      `json:"ok"`
	Loaded   time.Time `json:"loaded"`             // when the one in force was read
	Problems []string  `json:"problems,omitempty"` // of the one that was read last
}

// health answers /healthz and /readyz.
type health struct {
	store store.Store
	now   func() time.Time

	mu       sync.Mutex
	checked  time.Time
	state    StoreState
	config   ConfigState
	problems []directory.Problem
	draining bool
}

// drain makes the server not ready, so that a load balancer sends nobody here any more.
func (h *health) drain() {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
}

// configured notes what came of reading the configuration.
func (h *health) configured(problems []directory.Problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems = problems
	h.config.OK = !directory.Failed(problems)
	h.config.Problems = nil
	for _, p := range problems {
		if p.Severity == directory.SeverityError {
			h.config.Problems = append(h.config.Problems, p.Position.String()+": "+p.Message)
		}
	}
	if h.config.OK {
		h.config.Loaded = h.now().UTC()
	}
}

// add notes problems that showed when the configuration was taken up.
func (h *health) add(more ...directory.Problem) {
	h.mu.Lock()
	problems := append(slices.Clone(h.problems), more...)
	h.mu.Unlock()
	h.configured(problems)
}

// found returns what was found wrong with the configuration that was read last.
func (h *health) found() []directory.Problem {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.problems
}

// ready checks the store, unless that was done just now.
func (h *health) ready(ctx context.Context) Readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.now(); h.checked.IsZero() || now.Sub(h.checked) >= readyEvery || now.Before(h.checked) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		err := h.store.Check(ctx)
		cancel()
		h.checked, h.state = now, StoreState{OK: err == nil}
		if err != nil {
			h.state.Detail = publicText(err)
		}
	}
	return Readiness{Ready: h.state.OK && !h.draining, Store: h.state, Config: h.config}
}

func (h *health) serveReady(w http.ResponseWriter, r *http.Request) {
	state := h.ready(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !state.Ready {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state) // a probe that has gone needs no answer
}

func (h *health) serveAlive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n")) // a probe that has gone needs no answer
}
