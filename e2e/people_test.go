package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/idps"
)

// rest asks the REST interface of the data directory's owner, and reads the answer into out unless that is nil.
func (h *house) rest(method, path string, in, out any) {
	h.t.Helper()
	h.json(h.local, method, "http://usher"+api.Prefix+path, "", "application/json", in, out)
}

func (h *house) json(client *http.Client, method, address, token, kind string, in, out any) {
	h.t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		h.must(err)
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, address, body)
	h.must(err)
	req.Header.Set("Content-Type", kind)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	status, answer := h.send(client, req)
	if status >= http.StatusMultipleChoices {
		h.t.Fatalf("%s %s: %d %s", method, address, status, answer)
	}
	if out != nil {
		h.must(json.Unmarshal(answer, out))
	}
}

// member returns a member by address.
func (h *house) member(address string) api.Member {
	h.t.Helper()
	var m api.Member
	h.rest(http.MethodGet, "/organizations/acme/members/"+address, nil, &m)
	return m
}

// members returns everybody.
func (h *house) members() []api.Member {
	h.t.Helper()
	var page api.Page[api.Member]
	h.rest(http.MethodGet, "/organizations/acme/members?status=all&limit=500", nil, &page)
	return page.Items
}

// sessions counts the sessions that hold.
func (h *house) sessions() int {
	h.t.Helper()
	var page api.Page[json.RawMessage]
	h.rest(http.MethodGet, "/organizations/acme/sessions", nil, &page)
	return len(page.Items)
}

// directory pushes a person by SCIM, and later changes.
type directory struct {
	*house
	token, id string
}

// push creates a person in the directory behind the connection.
func (h *house) push(p idps.Person) *directory {
	h.t.Helper()
	var made api.NewToken
	h.rest(http.MethodPost, "/tokens", api.TokenRequest{Connection: connection}, &made)
	d := &directory{house: h, token: made.Secret}
	var created struct {
		ID string `json:"id"`
	}
	d.scim(http.MethodPost, "/Users", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": p.User, "externalId": p.ID, "active": true,
		"displayName": p.Name, "name": map[string]string{"givenName": p.Given, "familyName": p.Family},
		"emails": []map[string]any{{"value": p.Email, "primary": true}},
	}, &created)
	d.id = created.ID
	return d
}

// deactivate is what directories send of somebody who has left (RFC 7644, section 3.5.2).
func (d *directory) deactivate() {
	d.t.Helper()
	d.scim(http.MethodPatch, "/Users/"+d.id, map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []map[string]any{{"op": "replace", "path": "active", "value": false}},
	}, nil)
}

func (d *directory) scim(method, path string, in, out any) {
	d.t.Helper()
	d.json(http.DefaultClient, method, d.url+"/scim/v2/"+connection+path, d.token, "application/scim+json", in, out)
}
