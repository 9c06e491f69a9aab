package facts

import (
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
}

// New returns a writer for one run of a transaction.
func New(tx store.Tx, c Context) *Writer {
	return &Writer{
		Context: c, tx: tx,
		index:    make(map[directory.ID]*Touch, 1),
		users:    make(map[directory.ID]*directory.User, 1),
		profiles: make(map[directory.ID]*directory.Profile, 1),
		groups:   make(map[directory.ID]*directory.Group, 1),
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

// Pending returns a user of this transaction that is not in the index yet and whom the provider means by a value, as
// FindUser does for the others; nil when there is none.
func (w *Writer) Pending(v string) *directory.User {
	folded := directory.Fold(v)
	for _, u := range w.users {
		if u.ID.String() == v || u.ExternalID == v || directory.Fold(u.UserName) == folded {
			return u
		}
	}
	return nil
}

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
		}
		if err := w.tx.PutGroups(rows); err != nil {
			return err
		}
		clear(w.groups)
	}
	return nil
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
	t := w.Touch(member)
	t.Link = append(t.Link, directory.UserRef{Conn: w.Conn, ID: u.ID})
}

func (w *Writer) unlink(member directory.ID, u *directory.User) {
	t := w.Touch(member)
	t.Unlink = append(t.Unlink, directory.UserRef{Conn: w.Conn, ID: u.ID})
}
