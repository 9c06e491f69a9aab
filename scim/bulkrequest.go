package scim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/scim/dialect"
)

// bulkRequest is a BulkRequest message (RFC 7644, section 3.7).
type bulkRequest struct {
	failOnErrors int
	operations   []bulkOperation
}

// bulkOperation is one operation of it.
type bulkOperation struct {
	Method  string          `json:"method"`
	Path    string          `json:"path"`
	BulkID  string          `json:"bulkId"`
	Version string          `json:"version"`
	Data    json.RawMessage `json:"data"`

	groups bool         // it concerns a group
	id     directory.ID // of the resource in the path; the zero ID for a POST
}

// readBulk reads a BulkRequest as a stream, so that one of too many operations is refused before it fills the memory.
func readBulk(r io.Reader, limit int) (*bulkRequest, error) {
	wrong := func(err error) error {
		return &directory.Error{Kind: directory.Invalid, Code: codeInvalidSyntax, Message: "The body is not a BulkRequest: an object with a list of Operations.", Err: err}
	}
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, wrong(err)
	}
	request := &bulkRequest{}
	given := false
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, wrong(err)
		}
		name, _ := t.(string)
		switch {
		case strings.EqualFold(name, "failOnErrors"):
			err = d.Decode(&request.failOnErrors)
		case strings.EqualFold(name, "Operations") && !given:
			given = true
			request.operations, err = readOperations(d, limit)
		default:
			err = d.Decode(&json.RawMessage{})
		}
		if directory.KindOf(err) != directory.Internal {
			return nil, err
		}
		if err != nil {
			return nil, wrong(err)
		}
	}
	if _, err := d.Token(); err != nil || !given {
		return nil, wrong(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, wrong(err)
	}
	return request, nil
}

func readOperations(d *json.Decoder, limit int) ([]bulkOperation, error) {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, invalid(codeInvalidSyntax, "Operations must be a list.")
	}
	var operations []bulkOperation
	for d.More() {
		if len(operations) == limit {
			// RFC 7644, section 3.7.4, wants 413 for either limit.
			return nil, &directory.Error{Kind: directory.TooLarge, Message: "A Bulk request holds at most " + strconv.Itoa(limit) + " operations."}
		}
		var op bulkOperation
		if err := d.Decode(&op); err != nil {
			return nil, err
		}
		op.Method = strings.ToUpper(op.Method)
		operations = append(operations, op)
	}
	_, err := d.Token()
	return operations, err
}

const bulkIDPrefix = "bulkId:"

// references lists the bulkIds to which the operation refers, in its path and in its data (RFC 7644, section 3.7.2).
func (op *bulkOperation) references() []string {
	var found []string
	if i := strings.Index(op.Path, "/"+bulkIDPrefix); i >= 0 {
		found = append(found, op.Path[i+1+len(bulkIDPrefix):])
	}
	rest := op.Data
	for {
		_, reference, after := nextReference(rest)
		if after == nil {
			return found
		}
		if !slices.Contains(found, string(reference)) {
			found = append(found, string(reference))
		}
		rest = after
	}
}

// nextReference finds the next reference in JSON: bulkId: at the beginning of a string, or of a quoted value or a path
// segment within one, up to the end of that. before ends where the reference begins; after is nil when there is none.
func nextReference(data []byte) (before, reference, after []byte) {
	from := 0
	for {
		i := bytes.Index(data[from:], []byte(bulkIDPrefix))
		if i < 0 {
			return data, nil, nil
		}
		i += from
		from = i + len(bulkIDPrefix)
		if i == 0 || data[i-1] != '"' && data[i-1] != '/' {
			continue
		}
		end := bytes.IndexAny(data[from:], `"\/`)
		if end <= 0 {
			continue
		}
		return data[:i], data[from : from+end], data[from+end:]
	}
}

// resolved returns the path and the data with ids in the place of references.
func (op *bulkOperation) resolved(ids map[string]string) (path string, data []byte) {
	path = op.Path
	if i := strings.Index(path, "/"+bulkIDPrefix); i >= 0 {
		path = path[:i+1] + ids[path[i+1+len(bulkIDPrefix):]]
	}
	if len(ids) == 0 {
		return path, op.Data
	}
	rest := []byte(op.Data)
	for {
		before, reference, after := nextReference(rest)
		data = append(data, before...)
		if after == nil {
			return path, data
		}
		data = append(data, ids[string(reference)]...)
		rest = after
	}
}

// prepare makes a change of an operation, once the ids of what it refers to are known.
func (j *bulkJob) prepare(i int, ids map[string]string) (*change, error) {
	op := &j.operations[i]
	path, data := op.resolved(ids)
	endpoint, rest := segment(path)
	id, rest := segment(rest)
	op.groups = endpoint == "Groups"
	if rest != "" || endpoint != "Users" && endpoint != "Groups" {
		return nil, invalid(codeInvalidPath, "The path of an operation is /Users, /Groups, or one of these with an id.")
	}
	switch op.Method {
	case http.MethodPost:
		if id != "" || op.BulkID == "" {
			return nil, invalid(codeInvalidValue, "A POST needs a bulkId, and a path without an id.")
		}
		if j.byBulkID[op.BulkID] != i {
			return nil, invalid(codeInvalidValue, "Two operations have the bulkId "+strconv.Quote(op.BulkID)+".")
		}
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		var err error
		if op.id, err = parseID(id); err != nil {
			return nil, err
		}
	default:
		return nil, &scimError{status: http.StatusMethodNotAllowed, detail: "The method of an operation is POST, PUT, PATCH or DELETE."}
	}
	if err := j.checkSize(op, data); err != nil {
		return nil, err
	}
	m := facts.Match{}
	if op.Version != "" {
		m = parseMatch(op.Version)
	}
	if op.groups {
		return j.call.line.groupChange(op, m, data)
	}
	return j.call.line.userChange(op, m, data)
}

// checkSize holds an operation to the limit that its request alone would meet.
func (j *bulkJob) checkSize(op *bulkOperation, data []byte) error {
	limit := j.call.Limits.UserBody
	if op.groups {
		limit = j.call.Limits.GroupBody
	}
	if int64(len(data)) > limit {
		return tooLargeBody(limit)
	}
	return nil
}

func (l *line) userChange(op *bulkOperation, m facts.Match, data []byte) (*change, error) {
	switch op.Method {
	case http.MethodPost:
		return l.newUser(data)
	case http.MethodPut:
		return l.wholeUser(op.id, m, data)
	case http.MethodPatch:
		return l.patchedUser(op.id, m, data)
	}
	return goneUser(op.id, m), nil
}

func (l *line) groupChange(op *bulkOperation, m facts.Match, data []byte) (*change, error) {
	in := bytes.NewReader(data)
	switch op.Method {
	case http.MethodPost, http.MethodPut:
		doc, err := dialect.Group(l.group, in)
		if err != nil {
			return nil, err
		}
		if op.Method == http.MethodPost {
			return newGroup(doc)
		}
		return wholeGroup(op.id, m, doc)
	case http.MethodPatch:
		p, err := dialect.ReadGroupPatch(l.group, in)
		if err != nil {
			return nil, err
		}
		return l.patchedGroup(op.id, m, p), nil
	}
	return goneGroup(op.id, m), nil
}
