package api

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
)

// authSearch is a question in which one thing is left open.
type authSearch struct {
	authQuestion
	Page struct {
		Token string `json:"token"`
		Limit *int   `json:"limit"`
	} `json:"page"`
}

// authResults is one page of what was found.
type authResults struct {
	Results any      `json:"results"`
	Page    authPage `json:"page"`
}

type authPage struct {
	Next  string `json:"next_token"`
	Count int    `json:"count"`
}

// The sizes of a page of a search.
const (
	searchUsual = 100
	searchMost  = 500
)

func (q *authSearch) limit() (int, error) {
	switch {
	case q.Page.Limit == nil:
		return searchUsual, nil
	case *q.Page.Limit < 1:
		return 0, invalid("page.limit", "A page holds 1 to %d results.", searchMost)
	}
	return min(*q.Page.Limit, searchMost), nil
}

// after is the last result of the page before.
func (q *authSearch) after() (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(q.Page.Token)
	if err != nil {
		return "", invalid("page.token", "The token is not one of ours; take the next_token of the page before, or leave it out to start over.")
	}
	return string(raw), nil
}

// readSearch decodes a search; needs says what it lacks.
func readSearch(body []byte, needs func(*authSearch) error) (q authSearch, limit int, after string, err error) {
	if err = readQuestion(body, &q); err != nil {
		return
	}
	if err = needs(&q); err != nil {
		return
	}
	if limit, err = q.limit(); err != nil {
		return
	}
	after, err = q.after()
	return
}

// searchSubject finds the members who may do something (Authorization API 1.0, section 8.4). A page may hold fewer than
// its limit while there is a next one.
func (s *Server) searchSubject(ctx context.Context, body []byte) (any, error) {
	q, limit, token, err := readSearch(body, func(q *authSearch) error {
		if q.Subject == nil || q.Subject.Type == "" {
			return invalid("subject", "The search needs a subject with a type.")
		}
		whole := q.authQuestion
		whole.Subject = &authEntity{Type: q.Subject.Type, ID: "anybody"}
		return whole.complete()
	})
	if err != nil {
		return nil, err
	}
	resource, err := access.ResourceOf(q.Resource.Type, q.Resource.ID, q.Resource.Properties)
	if err != nil {
		return nil, err
	}
	found := []authEntity{}
	after := directory.NoID
	if token != "" && len(token) != len(after) {
		return nil, invalid("page.token", "The token belongs to another search; leave it out to start over.")
	}
	copy(after[:], token)
	next := ""
	for walked := 0; q.Subject.Type == subjectUser && walked < walkMost; walked += walkRows {
		last, more, err := s.subjects(ctx, &q, resource, after, limit, &found)
		if err != nil {
			return nil, err
		}
		after, next = last, ""
		if more {
			next = base64.RawURLEncoding.EncodeToString(after[:])
		}
		if !more || len(found) == limit {
			break
		}
	}
	return authResults{Results: found, Page: authPage{Next: next, Count: len(found)}}, nil
}

// subjects adds those of the next active members who may do what is asked, and says where it stopped and whether there
// are more behind.
func (s *Server) subjects(ctx context.Context, q *authSearch, resource access.Resource, after directory.ID, limit int, found *[]authEntity,
) (last directory.ID, more bool, err error) {
	before := len(*found)
	err = s.answering(ctx, q.Context, func(v *accessView) error {
		*found = (*found)[:before]
		last, more = after, false
		ids, err := v.tx.FindMembers(v.org, directory.Key{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}, after, walkRows)
		if err != nil {
			return err
		}
		rows, err := v.tx.Members(v.org, ids)
		if err != nil {
			return err
		}
		given, err := v.engine.Permissions(v.tx, v.org, rows...)
		if err != nil {
			return err
		}
		for i, m := range rows {
			if len(*found) == limit {
				more = true
				return nil
			}
			last = ids[i]
			if m != nil && v.policy.Can(m, access.Question{Action: q.Action.Name, Resource: resource}, v.now, given[i]...).Allowed {
				*found = append(*found, authEntity{Type: subjectUser, ID: m.ID.String(), Properties: map[string]any{"email": m.Decision.Email}})
			}
		}
		more = len(ids) == walkRows
		return nil
	})
	return last, more, err
}

// searchResource finds the things of a type on which a member may do something (section 8.5): of those of which the
// organization's file speaks, and what was given by hand. What the application alone knows, it has to ask about.
func (s *Server) searchResource(ctx context.Context, body []byte) (any, error) {
	q, limit, after, err := readSearch(body, func(q *authSearch) error {
		if q.Resource == nil || q.Resource.Type == "" {
			return invalid("resource", "The search needs a resource with a type.")
		}
		whole := q.authQuestion
		whole.Resource = &authEntity{Type: q.Resource.Type, ID: "anything"}
		return whole.complete()
	})
	if err != nil {
		return nil, err
	}
	return searchOf(ctx, s, &q, limit, after, func(v *accessView, m *directory.Member) ([]authEntity, []string, error) {
		var found []authEntity
		var keys []string
		given, err := v.given(m)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range v.policy.Resources(q.Resource.Type, given...) {
			r, err := access.ResourceOf(t.Type, t.ID, q.Resource.Properties)
			if err != nil {
				return nil, nil, err
			}
			if v.policy.Can(m, access.Question{Action: q.Action.Name, Resource: r}, v.now, given...).Allowed {
				found, keys = append(found, authEntity{Type: t.Type, ID: t.ID}), append(keys, t.ID)
			}
		}
		return found, keys, nil
	})
}

// searchAction finds what a member may do with a thing (section 8.6).
func (s *Server) searchAction(ctx context.Context, body []byte) (any, error) {
	q, limit, after, err := readSearch(body, func(q *authSearch) error {
		whole := q.authQuestion
		whole.Action = &authAction{Name: "anything"}
		return whole.complete()
	})
	if err != nil {
		return nil, err
	}
	resource, err := access.ResourceOf(q.Resource.Type, q.Resource.ID, q.Resource.Properties)
	if err != nil {
		return nil, err
	}
	return searchOf(ctx, s, &q, limit, after, func(v *accessView, m *directory.Member) ([]authAction, []string, error) {
		var found []authAction
		var keys []string
		given, err := v.given(m)
		if err != nil {
			return nil, nil, err
		}
		for _, action := range v.policy.Actions(resource.Type, given...) {
			if v.policy.Can(m, access.Question{Action: action, Resource: resource}, v.now, given...).Allowed {
				found, keys = append(found, authAction{Name: action}), append(keys, action)
			}
		}
		return found, keys, nil
	})
}

// searchOf answers a search about one member with a page of what fn finds. The keys, in their order, say where a page
// ends.
func searchOf[T any](ctx context.Context, s *Server, q *authSearch, limit int, after string, fn func(*accessView, *directory.Member) ([]T, []string, error),
) (any, error) {
	var page authResults
	err := s.answering(ctx, q.Context, func(v *accessView) error {
		page = authResults{Results: []T{}}
		m, _, err := v.member(q.Subject)
		if err != nil || m == nil {
			return err
		}
		found, keys, err := fn(v, m)
		if err != nil {
			return err
		}
		from := slices.IndexFunc(keys, func(k string) bool { return strings.Compare(k, after) > 0 })
		if from < 0 {
			return nil
		}
		to := min(from+limit, len(found))
		page = authResults{Results: found[from:to], Page: authPage{Count: to - from}}
		if to < len(found) {
			page.Page.Next = base64.RawURLEncoding.EncodeToString([]byte(keys[to-1]))
		}
		return nil
	})
	return page, err
}
