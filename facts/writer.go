package facts

import (
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Context is what a Writer needs to know besides the store: whose word it writes, and what the policy cares about.
type Context struct {
	Org  directory.OrgNum
	Conn directory.ConnNum
	Now  time.Time
	IDs  *directory.IDs

	// Owns reports whether the organization owns a folded mail domain. Only addresses in owned domains link a new user
	// to an existing member (law 5).
	Owns func(domain string) bool
	// Elsewhere reports whether another connection has the authority for a folded mail domain: by its addresses this
	// one's sign-ins meet only whom its own directory has told of.
	Elsewhere func(domain string) bool
	// Names reports whether rules use a folded group name. Only such names are bound to groups.
	Names func(folded string) bool
}

// Writer writes what one connection's provider said. It lives for one run of one transaction; its errors carry a
// sentence for the provider.
type Writer struct {
	Context
	tx store.Tx

	notes   []string
	changes []*Change
	touched []*Touch
	index   map[directory.ID]*Touch
	jobs    []*directory.Job

	users    map[directory.ID]*directory.User // changed in this transaction, to be written once their entry is known
	profiles map[directory.ID]*directory.Profile
	groups   map[directory.ID]*directory.Group

	// What earlier operations of the same transaction changed. It stands in the store without the number of its entry.
	writtenUsers  map[directory.ID]*directory.User
	writtenGroups map[directory.ID]*directory.Group
}

// New returns a writer for one run of a transaction.
func New(tx store.Tx, c Context) *Writer {
	return &Writer{
		Context: c, tx: tx,
		index:    make(map[directory.ID]*Touch, 1),
		users:    make(map[directory.ID]*directory.User, 1),
		profiles: make(map[directory.ID]*directory.Profile, 1),
		groups:   make(map[directory.ID]*directory.Group, 1),

		writtenUsers:  map[directory.ID]*directory.User{},
		writtenGroups: map[directory.ID]*directory.Group{},
	}
}

// Change is one thing that the provider changed, as the journal will tell it.
type Change struct {
	Kind       string
	User       *directory.User  // set for a change of a user
	Group      *directory.Group // set for a change of a group
	Members    []directory.ID   // the people whom the change concerns directly, when they are few
	Attributes []string
	Added      int
	Removed    int
	Notes      []string
	Values     []directory.DetailValue
}

// Touch is a person whose facts changed, with the records that were linked to them or taken away.
type Touch struct {
	Member directory.ID
	Link   []directory.UserRef
	Unlink []directory.UserRef
	Left   []directory.ID // groups that the person left, by themselves or with a nested group
}

// Note adds lines to the journal entry of the next change: what the normalizer rewrote or dropped.
func (w *Writer) Note(notes ...string) { w.notes = append(w.notes, notes...) }

// Changes returns what was changed, in order.
func (w *Writer) Changes() []*Change { return w.changes }

// Touched returns the people whose facts changed, in the order in which they were first touched.
func (w *Writer) Touched() []*Touch { return w.touched }

// Jobs returns the work that is too large for this transaction.
func (w *Writer) Jobs() []*directory.Job { return w.jobs }

// User returns a user as this transaction leaves it, nil when there is none.
func (w *Writer) User(id directory.ID) (*directory.User, error) {
	if u, ok := w.users[id]; ok {
		return u, nil
	}
	rows, err := w.tx.Users(w.Conn, []directory.ID{id})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// Read lets a caller read what this transaction leaves so far, without opening another. Users and groups that changed are
// seen once they are flushed; memberships at once.
func (w *Writer) Read(fn func(store.Tx) error) error { return fn(w.tx) }

// Profile returns the profile of a user as this transaction leaves it, decoding it at most once.
func (w *Writer) Profile(u *directory.User) (*directory.Profile, error) {
	if p, ok := w.profiles[u.ID]; ok {
		return p, nil
	}
	return ProfileOf(u)
}

// Flush writes the users and groups that changed. It is called once the entries about them have their numbers, and
// before a second operation of the same transaction reads the index.
func (w *Writer) Flush() error {
	if len(w.users) > 0 {
		rows := make([]*directory.User, 0, len(w.users))
		for _, u := range w.users {
			rows = append(rows, u)
			w.writtenUsers[u.ID] = u
		}
		if err := w.tx.PutUsers(rows); err != nil {
			return err
		}
		clear(w.users)
		clear(w.profiles)
	}
	if len(w.groups) > 0 {
		rows := make([]*directory.Group, 0, len(w.groups))
		for _, g := range w.groups {
			rows = append(rows, g)
			w.writtenGroups[g.ID] = g
		}
		if err := w.tx.PutGroups(rows); err != nil {
			return err
		}
		clear(w.groups)
	}
	return nil
}

// Number gives users and groups the number of the last entry about each, also those that were written before their entry
// was numbered. Flush writes them afterwards.
func (w *Writer) Number(last map[directory.Subject]uint64) {
	for id, u := range w.writtenUsers {
		seq := last[directory.Subject{Kind: directory.SubjectUser, ID: id}]
		if _, again := w.users[id]; !again && seq != 0 {
			w.users[id] = u
		}
	}
	for id, u := range w.users {
		u.Entry = max(u.Entry, last[directory.Subject{Kind: directory.SubjectUser, ID: id}])
	}
	for id, g := range w.writtenGroups {
		seq := last[directory.Subject{Kind: directory.SubjectGroup, ID: id}]
		if _, again := w.groups[id]; !again && seq != 0 {
			w.groups[id] = g
		}
	}
	for id, g := range w.groups {
		g.Entry = max(g.Entry, last[directory.Subject{Kind: directory.SubjectGroup, ID: id}])
	}
}

func (w *Writer) record(c *Change) {
	c.Notes = append(c.Notes, w.notes...)
	w.notes = nil
	w.changes = append(w.changes, c)
}

// Touch notes that a person must be settled.
func (w *Writer) Touch(member directory.ID) *Touch {
	t, ok := w.index[member]
	if !ok {
		t = &Touch{Member: member}
		w.index[member] = t
		w.touched = append(w.touched, t)
	}
	return t
}

func (w *Writer) link(member directory.ID, u *directory.User) {
	t, ref := w.Touch(member), directory.UserRef{Conn: w.Conn, ID: u.ID}
	t.Unlink = without(t.Unlink, ref)
	t.Link = append(t.Link, ref)
}

func (w *Writer) unlink(member directory.ID, u *directory.User) {
	t, ref := w.Touch(member), directory.UserRef{Conn: w.Conn, ID: u.ID}
	t.Link = without(t.Link, ref)
	t.Unlink = append(t.Unlink, ref)
}

// without leaves a record out of those that came or went: of several changes in one transaction the last one counts.
func without(refs []directory.UserRef, ref directory.UserRef) []directory.UserRef {
	return slices.DeleteFunc(refs, func(r directory.UserRef) bool { return r == ref })
}
