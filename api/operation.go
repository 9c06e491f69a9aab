package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// metaScope is the key under which an operation keeps the scope that it needs.
const metaScope = "scope"

// route is one operation, as it is written down.
type route struct {
	method  string
	path    string // below Prefix
	id      string
	scope   string
	summary string
	detail  string
	status  int  // 0 means 200, or 204 without a body
	maxBody int  // bytes; 0 means the constant of this name
	rawBody bool // its function reads the body itself, and says what is wrong with it
}

// handle registers an operation. What its function returns as an error becomes a problem.
func handle[I, O any](s *Server, api huma.API, r route, fn func(context.Context, *I) (*O, error)) {
	tag, _, _ := strings.Cut(r.scope, ":")
	huma.Register(api, huma.Operation{
		OperationID: r.id, Method: r.method, Path: path.Join(Prefix, r.path), Summary: r.summary, Description: r.detail,
		Tags: []string{tag}, DefaultStatus: r.status, MaxBodyBytes: int64(cmp.Or(r.maxBody, maxBody)), Metadata: map[string]any{metaScope: r.scope}, SkipValidateBody: r.rawBody,
		Security: []map[string][]string{{"token": {r.scope}}},
		Responses: map[string]*huma.Response{"default": {
			Description: "A problem (RFC 9457)",
			Content: map[string]*huma.MediaType{"application/problem+json": {
				Schema: api.OpenAPI().Components.Schemas.Schema(problemType(), true, "Problem"),
			}},
		}},
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}

func get(path, id, scope, summary, detail string) route {
	return route{method: http.MethodGet, path: path, id: id, scope: scope, summary: summary, detail: detail}
}

func post(path, id, scope, summary, detail string) route {
	return route{method: http.MethodPost, path: path, id: id, scope: scope, summary: summary, detail: detail}
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false" doc:"The items, in a stable order."`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

// answer wraps a body the way the router wants it.
type answer[T any] struct{ Body T }

func found[T any](body T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{Body: body}, nil
}

// Paging is what every list takes.
type Paging struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"The most items on a page."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where to go on: the \"next\" of the page before."`
}

// InOrganization is the path of everything inside one organization.
type InOrganization struct {
	Organization string `path:"organization" doc:"The organization's id in its file."`
}

// after reads a cursor that ends in an id.
func (p Paging) after() (directory.ID, error) {
	raw, err := p.raw()
	if err != nil || len(raw) == 0 {
		return directory.NoID, err
	}
	if len(raw) != len(directory.ID{}) {
		return directory.NoID, badCursor()
	}
	return directory.ID(raw), nil
}

// raw reads a cursor.
func (p Paging) raw() ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return nil, badCursor()
	}
	return raw, nil
}

func badCursor() error {
	e := directory.Errorf(directory.Invalid, "The cursor is not one of ours; take the \"next\" of the page before, or leave it out to start over.")
	e.Field = "cursor"
	return e
}

func cursor(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// names translates the short numbers of the store.
type names struct {
	orgs  map[string]directory.OrgNum
	conns map[string]store.ConnectionRow
	org   map[directory.OrgNum]string
	conn  map[directory.ConnNum]string
}

func readNames(tx store.Tx) (*names, error) {
	n := &names{org: map[directory.OrgNum]string{}, conn: map[directory.ConnNum]string{}}
	var err error
	if n.orgs, err = tx.Organizations(); err != nil {
		return nil, err
	}
	if n.conns, err = tx.Connections(); err != nil {
		return nil, err
	}
	for name, num := range n.orgs {
		n.org[num] = name
	}
	for name, row := range n.conns {
		n.conn[row.Num] = name
	}
	return n, nil
}

// organization returns the number of an organization that the caller may know of.
func (n *names) organization(ctx context.Context, name string) (directory.OrgNum, error) {
	num, ok := n.orgs[name]
	if !ok || !callerOf(ctx).Sees(num) {
		return 0, directory.Errorf(directory.NotFound, "There is no organization %q here; those there are: %s.", name, n.seen(ctx))
	}
	return num, nil
}

// maxSeen is how many organizations an error names.
const maxSeen = 8

// seen names the organizations that the caller may know of.
func (n *names) seen(ctx context.Context) string {
	var seen []string
	for name, num := range n.orgs {
		if callerOf(ctx).Sees(num) {
			seen = append(seen, name)
		}
	}
	slices.Sort(seen)
	if len(seen) > maxSeen {
		seen = append(seen[:maxSeen], "…")
	}
	return cmp.Or(strings.Join(seen, ", "), "none yet")
}

// connection returns a connection of an organization.
func (n *names) connection(org directory.OrgNum, name string) (directory.ConnNum, error) {
	row, ok := n.conns[name]
	if !ok || row.Org != org {
		return 0, directory.Errorf(directory.NotFound, "There is no connection %q in this organization.", name)
	}
	return row.Num, nil
}

// view runs fn on a snapshot, for one organization that the caller may know of.
func (s *Server) view(ctx context.Context, organization string, fn func(store.Tx, *names, directory.OrgNum) error) error {
	return s.Store.View(ctx, func(tx store.Tx) error {
		n, err := readNames(tx)
		if err != nil {
			return err
		}
		org, err := n.organization(ctx, organization)
		if err != nil {
			return err
		}
		return fn(tx, n, org)
	})
}
