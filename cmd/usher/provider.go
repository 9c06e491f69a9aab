package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mixus/usher/directory"
)

// How the made-up provider pushes.
const (
	pushers    = 8   // requests at a time
	groupBatch = 100 // members added by one request
)

// provider pushes as an identity provider does.
type provider struct {
	base, token string
	client      *http.Client
	sent        atomic.Int64
}

// pushCompany pushes the heads of departments, then everybody else, then the groups.
func (v *provider) pushCompany(ctx context.Context, people []employee, bar *progress) error {
	heads := map[string]string{}
	for i := range people {
		if e := &people[i]; e.head {
			if err := v.pushUser(ctx, e, ""); err != nil {
				return err
			}
			heads[e.department] = e.scim
			bar.add(1)
		}
	}
	var rest []*employee
	for i := range people {
		if !people[i].head {
			rest = append(rest, &people[i])
		}
	}
	if err := v.pushUsers(ctx, rest, heads, bar); err != nil {
		return err
	}
	members := map[string][]string{}
	for _, e := range people {
		for _, g := range e.groups {
			members[g] = append(members[g], e.scim)
		}
	}
	ids := map[string]string{}
	for _, name := range []string{"Engineering", "Platform", "Sales", "Support", "Finance", "Contractors", "IT Admins", "On-Call Admins"} {
		id, err := v.group(ctx, name)
		if err != nil {
			return err
		}
		ids[name] = id
		if name == "Platform" { // a group within a group
			if err := v.addMembers(ctx, ids["Engineering"], []string{id}); err != nil {
				return err
			}
		}
		for batch := range slices.Chunk(members[name], groupBatch) {
			if err := v.addMembers(ctx, id, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// pushUsers pushes several people at a time.
func (v *provider) pushUsers(ctx context.Context, people []*employee, heads map[string]string, bar *progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *employee)
	pushed := make(chan struct{})
	var workers sync.WaitGroup
	for range pushers {
		workers.Go(func() {
			for e := range queue {
				if err := v.pushUser(ctx, e, heads[e.department]); err != nil {
					cancel(err)
					return
				}
				pushed <- struct{}{}
			}
		})
	}
	go func() {
		defer close(queue)
		for _, e := range people {
			select {
			case queue <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(pushed)
	}()
	for range pushed {
		bar.add(1)
	}
	return context.Cause(ctx)
}

func (v *provider) pushUser(ctx context.Context, e *employee, manager string) (err error) {
	e.scim, err = v.create(ctx, "/Users", e.resource(manager))
	return err
}

// group returns the id of a group, made if there is none of that name.
func (v *provider) group(ctx context.Context, name string) (string, error) {
	var list struct {
		Resources []struct{ ID string }
	}
	filter := url.Values{"filter": {`displayName eq "` + name + `"`}}
	if err := v.request(ctx, http.MethodGet, "/Groups?"+filter.Encode(), nil, http.StatusOK, &list); err != nil {
		return "", err
	}
	if len(list.Resources) > 0 {
		return list.Resources[0].ID, nil
	}
	return v.create(ctx, "/Groups", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": []any{},
	})
}

func (v *provider) create(ctx context.Context, path string, resource map[string]any) (string, error) {
	var made struct{ ID string }
	err := v.request(ctx, http.MethodPost, path, resource, http.StatusCreated, &made)
	return made.ID, err
}

func (v *provider) addMembers(ctx context.Context, group string, ids []string) error {
	values := make([]map[string]string, len(ids))
	for i, id := range ids {
		values[i] = map[string]string{"value": id}
	}
	return v.request(ctx, http.MethodPatch, "/Groups/"+group, map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []map[string]any{{"op": "add", "path": "members", "value": values}},
	}, http.StatusNoContent, nil)
}

// request sends one request and reads its answer, nil for none.
func (v *provider) request(ctx context.Context, method, path string, body any, status int, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, v.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	r.Header.Set("Content-Type", "application/scim+json")
	v.sent.Add(1)
	resp, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != status {
		return directory.Errorf(directory.Internal, "%s %s was answered %s instead of %d: %s", method, path, resp.Status, status, shown(string(answer)))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
