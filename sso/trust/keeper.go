package trust

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Keeper makes the lines and keeps them up to date. Its fields are set before the first call and never after. Update is
// called with the policies in force, at the start and whenever they change; Tend runs beside the server.
type Keeper struct {
	Store  store.Store
	Engine *provision.Engine // journals what changed between a connection and its provider
	Log    *slog.Logger
	Now    func() time.Time // the clock; time.Now when nil

	PublicURL string // scheme and host under which providers and people reach usher
	Folder    string // that the names of the organizations' files are relative to
	// Secrets returns the present value of a secret that an organization's file refers to. Its errors are in words for an
	// admin and never hold a secret.
	Secrets func(organization, reference string) (string, error)
	// Client returns a client for a connection's provider (httpx.Outbound). It is asked once for each connection.
	Client func(connection string) *http.Client
	// Loopback reports whether a connection's URLs may be plain http on this machine's loopback; nil for never.
	Loopback func(connection string) bool

	table atomic.Pointer[table]
	wake  wakeup

	mu            sync.Mutex // guards what follows, the states' fields, and building
	organizations []Organization
	states        map[string]*state
	told          map[Finding]time.Time // when a finding was logged last
}

// table is what readers see. It is replaced as a whole, and nothing in it changes.
type table struct {
	entries       map[string]*entry
	order         []*entry
	byOrg         map[directory.OrgNum][]*Line
	organizations []Organization
}

// entry is a line and what is known of it beside.
type entry struct {
	line   *Line
	second second    // what our second key pair is, when there is one
	taken  time.Time // when the provider's metadata was last seen to be what we have; zero where it is not fetched
	err    error     // what went wrong when the provider was asked last; nil when it answered
	since  time.Time // since when it goes wrong
}

func (k *Keeper) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

func (k *Keeper) loopback(connection string) bool {
	return k.Loopback != nil && k.Loopback(connection)
}

func (k *Keeper) look() *table {
	if t := k.table.Load(); t != nil {
		return t
	}
	return &table{}
}

// Line returns a connection that signs people in, and false when there is none of this id.
func (k *Keeper) Line(connection string) (*Line, bool) {
	e, ok := k.look().entries[connection]
	if !ok {
		return nil, false
	}
	return e.line.at(k.now()), true
}

// Lines returns the connections of an organization that sign people in, in the order of its file.
func (k *Keeper) Lines(org directory.OrgNum) []*Line {
	known := k.look().byOrg[org]
	lines := make([]*Line, len(known))
	for i, line := range known {
		lines[i] = line.at(k.now())
	}
	return lines
}

// Organizations returns the organizations with a policy in force.
func (k *Keeper) Organizations() []Organization { return slices.Clone(k.look().organizations) }

// Update takes up the policies in force, with the connections as the store numbers them. It reads secrets and the store,
// and fetches nothing: what is not known yet, Tend fetches.
func (k *Keeper) Update(ctx context.Context, organizations []Organization) error {
	var rows map[string]store.ConnectionRow
	err := k.Store.View(ctx, func(tx store.Tx) (err error) {
		rows, err = tx.Connections()
		return err
	})
	if err != nil {
		return fmt.Errorf("trust: read the connections: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	states := map[string]*state{}
	for _, org := range organizations {
		for i := range org.Config.Connections {
			settings := &org.Config.Connections[i]
			row, numbered := rows[settings.ID]
			if settings.SAML == nil && settings.OIDC == nil || !numbered || row.Org != org.Num || !row.Retired.IsZero() {
				continue
			}
			s := k.states[settings.ID]
			if s == nil {
				s = &state{id: settings.ID, client: k.Client(settings.ID)}
			}
			s.configure(org, row.Num, settings)
			states[s.id] = s
		}
	}
	k.organizations, k.states = slices.Clone(organizations), states
	if err := k.build(ctx); err != nil {
		return err
	}
	k.wake.up()
	return nil
}

// build makes a new table of what the store, the files and the states hold. The caller holds mu.
func (k *Keeper) build(ctx context.Context) error {
	if err := k.load(ctx, slices.Collect(maps.Values(k.states))); err != nil {
		return err
	}
	t := &table{entries: map[string]*entry{}, byOrg: map[directory.OrgNum][]*Line{}, organizations: k.organizations}
	for _, org := range k.organizations {
		for i := range org.Config.Connections {
			s := k.states[org.Config.Connections[i].ID]
			if s == nil || s.org.Num != org.Num {
				continue
			}
			e := &entry{line: k.line(s), err: s.err, since: s.since}
			if s.ring != nil {
				e.second = s.ring.Second
			}
			if s.copy != nil && s.source().fetched() {
				e.taken = s.copy.Taken
			}
			t.entries[s.id] = e
			t.order = append(t.order, e)
			t.byOrg[org.Num] = append(t.byOrg[org.Num], e.line)
		}
	}
	k.table.Store(t)
	return nil
}

// load reads the documents of connections.
func (k *Keeper) load(ctx context.Context, states []*state) error {
	for _, s := range states {
		if s.settings.SAML == nil {
			continue
		}
		err := k.Store.View(ctx, func(tx store.Tx) error { return s.load(tx) })
		if err != nil {
			return fmt.Errorf("trust: read what is kept of %s: %w", s.id, err)
		}
	}
	return nil
}

// wakeup lets Tend look at once, however often it is called meanwhile.
type wakeup struct {
	once sync.Once
	ch   chan struct{}
}

func (w *wakeup) channel() chan struct{} {
	w.once.Do(func() { w.ch = make(chan struct{}, 1) })
	return w.ch
}

func (w *wakeup) up() {
	select {
	case w.channel() <- struct{}{}:
	default:
	}
}
