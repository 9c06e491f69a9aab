package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
)

// lockPatience is how long a command waits for another that has the store open.
const lockPatience = 2 * time.Second

// client speaks the REST interface: to a server elsewhere, to the one that has the data directory open, or in this
// process to the store itself.
type client struct {
	http  *http.Client
	base  string
	token string
	close func() error
}

// connect finds who answers.
func (p *program) connect(ctx context.Context) (*client, error) {
	if p.server != "" {
		return p.elsewhere()
	}
	if p.tokenFile != "" {
		return nil, usagef("--token-file is for a server elsewhere; name it with --server")
	}
	data := app.Data(p.data)
	if err := noDirectory(p.data); err != nil {
		return nil, err
	}
	if c, err := dial(ctx, data); err == nil || !httpx.NobodyListens(err) {
		return c, err
	}
	log := slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelError}))
	direct, err := app.OpenDirect(data, version(), lockPatience, log)
	if err == nil {
		return &client{http: &http.Client{Transport: inProcess{direct}}, base: "http://usher", close: direct.Close}, nil
	}
	if directory.KindOf(err) == directory.Unavailable { // a server may have started meanwhile
		if c, dialed := dial(ctx, data); dialed == nil {
			return c, nil
		}
	}
	return nil, err
}

// noDirectory says that a data directory is none, or may not be looked into.
func noDirectory(data string) error {
	info, err := os.Stat(data)
	if err == nil && !info.IsDir() || errors.Is(err, syscall.ENOTDIR) {
		return app.Data(data).NoDirectory()
	}
	if err == nil {
		_, err = os.Stat(app.Data(data).Store())
	}
	if errors.Is(err, fs.ErrPermission) {
		return directory.Errorf(directory.Forbidden, "The data directory %s is closed to user %d; call this as the user whose server it is, or use --server with an API token.", data, os.Getuid())
	}
	return nil // what is not there has words of its own
}

func (p *program) elsewhere() (*client, error) {
	address, err := url.Parse(p.server)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, usagef("--server %q is no address such as https://usher.acme.com", p.server)
	}
	if p.tokenFile == "" {
		return nil, usagef("--server needs --token-file with an API token; make one where the server runs with `usher token create --scope members:read`")
	}
	token, err := os.ReadFile(p.tokenFile)
	if err != nil {
		return nil, &directory.Error{Kind: directory.Invalid, Message: "The token file cannot be read", Err: err}
	}
	return &client{http: http.DefaultClient, base: strings.TrimSuffix(p.server, "/"), token: strings.TrimSpace(string(token)), close: nothing}, nil
}

func nothing() error { return nil }

// direct reports whether the client has the store open itself, as no server runs.
func (c *client) direct() bool {
	_, ok := c.http.Transport.(inProcess)
	return ok
}

// dial reaches the server that has a data directory open.
func dial(ctx context.Context, data app.Data) (*client, error) {
	conn, err := httpx.DialSocket(ctx, data.Socket())
	if err != nil {
		if !httpx.NobodyListens(err) {
			err = &directory.Error{Kind: directory.Forbidden, Err: err, Message: fmt.Sprintf(
				"The server of %s cannot be reached by its socket; call this as the user whose server it is, or use --server with an API token", data)}
		}
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return httpx.DialSocket(ctx, data.Socket())
	}}
	return &client{http: &http.Client{Transport: transport}, base: "http://usher", close: func() error {
		transport.CloseIdleConnections()
		return nil
	}}, nil
}

// rawBody is a body that is sent as it is: a file in which the server names lines.
type rawBody []byte

// send makes a request and returns its answer, which is a success. What is not is an *api.Problem.
func (c *client) send(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case rawBody:
		reader = bytes.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	address := c.base + api.Prefix + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, address, reader)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, problemOf(resp)
	}
	return resp, nil
}

func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return &directory.Error{Kind: directory.Unavailable, Message: "The server did not answer", Err: err}
}

// maxProblem is how much of an error is read, in bytes.
const maxProblem = 64 << 10

func problemOf(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	var p api.Problem
	if err != nil || json.Unmarshal(text, &p) != nil || p.Detail == "" {
		return directory.Errorf(directory.Unavailable, "The server answered %s, which is no answer of usher; check --server.", resp.Status)
	}
	return &p
}

// call makes a request and reads its answer into a value; nil for none.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	resp, err := c.send(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return &directory.Error{Kind: directory.Unavailable, Message: "The server's answer broke off", Err: err}
	}
	return nil
}

// each walks a list, page after page.
func each[T any](ctx context.Context, c *client, path string, query url.Values, fn func(T) error) error {
	if query == nil {
		query = url.Values{}
	}
	for {
		var page api.Page[T]
		if err := c.call(ctx, http.MethodGet, path, query, nil, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := fn(item); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		query.Set("cursor", page.Next)
	}
}

// all returns a whole list, empty and not nil where there is nothing.
func all[T any](ctx context.Context, c *client, path string, query url.Values) ([]T, error) {
	list := []T{}
	err := each(ctx, c, path, query, func(item T) error {
		list = append(list, item)
		return nil
	})
	return list, err
}

// forbidden reports whether a server refused because a token lacks a scope.
func forbidden(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Kind == directory.Forbidden.String()
}

// organization returns the path of an organization: the one that is named, or the only one there is.
func (c *client) organization(ctx context.Context, name string) (string, error) {
	if name == "" {
		var names []string
		err := each(ctx, c, "/organizations", nil, func(o api.Organization) error {
			names = append(names, o.ID)
			return nil
		})
		switch {
		case forbidden(err):
			return "", usagef("this token may not list organizations; name yours with --organization")
		case err != nil:
			return "", err
		case len(names) == 0:
			return "", directory.Errorf(directory.NotFound, "There is no organization yet; `usher serve` takes up those of the configuration.")
		case len(names) > 1:
			return "", usagef("there are several organizations, %s; name one with --organization", strings.Join(names, ", "))
		}
		name = names[0]
	}
	return "/organizations/" + url.PathEscape(name), nil
}
