package scim

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/schema"
)

// Prefix is the path below which every connection has its service provider.
const Prefix = "/scim/v2/"

// Connection is an identity provider's line into an organization, as the application knows it at this moment.
type Connection struct {
	Org     directory.OrgNum
	Num     directory.ConnNum
	Config  *config.Connection // not changed once handed out: a reload hands out another one
	Retired time.Time          // since when it takes nothing any more; zero for one that is not retired
}

// line is a connection with what requests need again and again: its compiled schemas and its addresses.
type line struct {
	Connection
	name  string
	base  string // of every location, without a slash at the end
	user  *schema.Resource
	group *schema.Resource

	userRefs   []byte // `https://…/Users/`, ready to be followed by an id within a JSON string
	groupRefs  []byte
	extensions []extensionMark
}

// extensionMark finds an extension in a stored user without decoding it.
type extensionMark struct {
	key    []byte // `"urn:…":` as only the key of the extension can be written
	listed []byte // `,"urn:…"` for the list of schemas
}

func newLine(publicURL, name string, c Connection) (*line, error) {
	var own []config.Extension
	if c.Config != nil {
		own = c.Config.Extensions
	}
	user, err := schema.User(own)
	if err != nil {
		return nil, err
	}
	l := &line{Connection: c, name: name, user: user, group: schema.Group()}
	l.base = strings.TrimRight(publicURL, "/") + Prefix + url.PathEscape(name)
	l.userRefs = inString(l.base + "/Users/")
	l.groupRefs = inString(l.base + "/Groups/")
	for _, e := range user.Extensions {
		quoted := appendString(nil, e.URN)
		l.extensions = append(l.extensions, extensionMark{
			key:    append(append([]byte{}, quoted...), ':'),
			listed: append([]byte{','}, quoted...),
		})
	}
	return l, nil
}

// inString returns a text as it stands between the quotes of a JSON string.
func inString(s string) []byte {
	b := appendString(nil, s)
	return b[1 : len(b)-1]
}

// lines keeps one line per connection until its configuration changes. The zero value is ready.
type lines struct {
	mu    sync.RWMutex
	table map[string]*line
}

// get returns the line of a connection. Only names that the application knows are kept, so that requests cannot fill
// the table.
func (ls *lines) get(publicURL, name string, c Connection) (*line, error) {
	ls.mu.RLock()
	l := ls.table[name]
	ls.mu.RUnlock()
	if l != nil && l.Connection == c {
		return l, nil
	}
	l, err := newLine(publicURL, name, c)
	if err != nil {
		return nil, err
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.table == nil {
		ls.table = map[string]*line{}
	}
	ls.table[name] = l
	return l, nil
}
