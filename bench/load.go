package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// pageSize is how many users a list asks for.
const pageSize = 100

// smallGroup is the size of the group that a large one is compared with.
const smallGroup = 100

// load drives one server.
type load struct {
	server      *server
	dialect     dialect
	users       int
	concurrency int
	client      *http.Client

	ids          []string // of the users, by number
	small, large string   // ids of the groups
}

func newLoad(s *server, d dialect, users, concurrency int) *load {
	return &load{
		server: s, dialect: d, users: users, concurrency: concurrency, ids: make([]string, users),
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: concurrency, DisableCompression: true},
			Timeout:   time.Minute,
		},
	}
}

// phase is one kind of work, done count times.
type phase struct {
	name     string
	count    int
	requests int // of each piece of work
	prepare  func(context.Context) error
	work     func(ctx context.Context, i int) error
}

// result is what a phase cost.
type result struct {
	phase      string
	requests   int
	cpu        time.Duration // of the server, per request; 0 where it is not known
	each       []time.Duration
	took       time.Duration
	throughput float64 // requests a second
}

func (l *load) phases() []phase {
	lists := max(l.users/pageSize, 50)
	adds := min(l.users/2, 5000)
	return []phase{
		{name: "sync: look up, create", count: l.users, requests: 2, work: l.sync},
		{name: "patch a title", count: l.users, requests: 1, work: l.patchTitle},
		{name: "put a profile", count: l.users, requests: 1, work: l.put},
		{name: "find by userName", count: l.users, requests: 1, work: l.findUserName},
		{name: "find by externalId", count: l.users, requests: 1, work: l.findExternalID},
		{name: "get", count: l.users, requests: 1, work: l.get},
		{name: fmt.Sprintf("list %d", pageSize), count: lists, requests: 1, work: l.list},
		{name: fmt.Sprintf("group of %d: add, remove", smallGroup), count: adds, requests: 2, prepare: l.fillSmall, work: l.joinSmall},
		{name: fmt.Sprintf("group of %d: add, remove", l.largeGroup()), count: adds, requests: 2, prepare: l.fillLarge, work: l.joinLarge},
	}
}

// largeGroup is everybody but a few, who then join and leave.
func (l *load) largeGroup() int { return l.users - smallGroup }

// run does a phase with the load's concurrency and returns what it cost.
func (l *load) run(ctx context.Context, p phase) (result, error) {
	if p.prepare != nil {
		if err := p.prepare(ctx); err != nil {
			return result{}, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	each := make([]time.Duration, p.count)
	var next atomic.Int64
	before, known := cpuTime(l.server.pid)
	began := time.Now()
	var workers sync.WaitGroup
	for range l.concurrency {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= p.count {
					return
				}
				start := time.Now()
				if err := p.work(ctx, i); err != nil {
					cancel(err)
					return
				}
				each[i] = time.Since(start) / time.Duration(p.requests)
			}
		})
	}
	workers.Wait()
	took := time.Since(began)
	if ctx.Err() != nil {
		return result{}, context.Cause(ctx)
	}
	r := result{phase: p.name, requests: p.count * p.requests, each: each, took: took}
	r.throughput = float64(r.requests) / took.Seconds()
	if after, ok := cpuTime(l.server.pid); ok && known {
		r.cpu = (after - before) / time.Duration(r.requests)
	}
	slices.Sort(r.each)
	return r, nil
}

func (l *load) sync(ctx context.Context, i int) error {
	if err := l.find(ctx, "userName", userName(i), 0); err != nil {
		return err
	}
	var created struct{ ID string }
	if err := l.do(ctx, http.MethodPost, "/Users", l.dialect.user(i, "Engineer"), http.StatusCreated, &created); err != nil {
		return err
	}
	l.ids[i] = created.ID
	return nil
}

func (l *load) patchTitle(ctx context.Context, i int) error {
	return l.do(ctx, http.MethodPatch, "/Users/"+l.ids[i], l.dialect.title("Senior Engineer"), http.StatusOK, nil)
}

func (l *load) put(ctx context.Context, i int) error {
	return l.do(ctx, http.MethodPut, "/Users/"+l.ids[i], l.dialect.user(i, "Principal Engineer"), http.StatusOK, nil)
}

func (l *load) findUserName(ctx context.Context, i int) error {
	return l.find(ctx, "userName", userName(i), 1)
}

func (l *load) findExternalID(ctx context.Context, i int) error {
	return l.find(ctx, "externalId", externalID(i), 1)
}

func (l *load) find(ctx context.Context, attribute, value string, want int) error {
	var page struct{ TotalResults int }
	target := "/Users?filter=" + url.QueryEscape(fmt.Sprintf("%s eq %q", attribute, value)) + "&startIndex=1&count=100"
	if err := l.do(ctx, http.MethodGet, target, "", http.StatusOK, &page); err != nil {
		return err
	}
	if page.TotalResults != want {
		return fmt.Errorf("%d users have %s %q, want %d", page.TotalResults, attribute, value, want)
	}
	return nil
}

func (l *load) get(ctx context.Context, i int) error {
	return l.do(ctx, http.MethodGet, "/Users/"+l.ids[i], "", http.StatusOK, nil)
}

func (l *load) list(ctx context.Context, i int) error {
	pages := l.users / pageSize
	return l.do(ctx, http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=%d", i%pages*pageSize+1, pageSize), "", http.StatusOK, nil)
}

func (l *load) fillSmall(ctx context.Context) (err error) {
	l.small, err = l.fill(ctx, "small", smallGroup)
	return err
}

func (l *load) fillLarge(ctx context.Context) (err error) {
	l.large, err = l.fill(ctx, "large", l.largeGroup())
	return err
}

// fill creates a group and puts the first users into it, 256 a request.
func (l *load) fill(ctx context.Context, name string, size int) (string, error) {
	var created struct{ ID string }
	if err := l.do(ctx, http.MethodPost, "/Groups", l.dialect.group(name), http.StatusCreated, &created); err != nil {
		return "", err
	}
	for members := range slices.Chunk(l.ids[:size], 256) {
		var values []string
		for _, id := range members {
			values = append(values, fmt.Sprintf(`{"value":%q}`, id))
		}
		body := patch(`{"op":"add","path":"members","value":[` + strings.Join(values, ",") + `]}`)
		if err := l.do(ctx, http.MethodPatch, "/Groups/"+created.ID, body, http.StatusNoContent, nil); err != nil {
			return "", err
		}
	}
	return created.ID, nil
}

func (l *load) joinSmall(ctx context.Context, i int) error { return l.join(ctx, l.small, i) }
func (l *load) joinLarge(ctx context.Context, i int) error { return l.join(ctx, l.large, i) }

// join adds one of those outside a group and takes them out again. Two workers never hold the same person, as there are
// more people than workers and each takes the next.
func (l *load) join(ctx context.Context, group string, i int) error {
	id := l.ids[l.largeGroup()+i%smallGroup]
	if err := l.do(ctx, http.MethodPatch, "/Groups/"+group, l.dialect.add(id), http.StatusNoContent, nil); err != nil {
		return err
	}
	return l.do(ctx, http.MethodPatch, "/Groups/"+group, l.dialect.remove(id), http.StatusNoContent, nil)
}

// do sends one request, checks the status and decodes the answer where it is asked for.
func (l *load) do(ctx context.Context, method, target, body string, status int, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, l.server.base+target, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+l.server.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	resp, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := io.Copy(&text, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != status {
		return fmt.Errorf("%s %s answered %d, want %d: %s", method, target, resp.StatusCode, status, text.String())
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text.Bytes(), into); err != nil {
		return errors.Join(fmt.Errorf("%s %s answered no JSON", method, target), err)
	}
	return nil
}
