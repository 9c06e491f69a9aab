package bolt

import (
	"encoding/binary"
	"reflect"
	"time"

	"github.com/mixus/usher/directory"
)

// An invitation's row is written by hand, since a file of people makes a hundred thousand of them. Other grants, and an
// invitation that has more than an invitation has, are JSON, and so are the invitations of format 6 and before.

func (t *tx) appendGrant(g *directory.Grant) ([]byte, error) {
	if g.Kind != directory.GrantInvitation || g.Invited == nil {
		return encodeJSON("grant", g)
	}
	rest := &t.rest
	*rest = *g
	rest.ID, rest.Org, rest.Member, rest.Kind, rest.Invited = directory.NoID, 0, directory.NoID, "", nil
	rest.Role, rest.State, rest.Actor, rest.Reason = "", "", "", ""
	rest.Created, rest.Ends = time.Time{}, time.Time{}
	if !reflect.ValueOf(rest).Elem().IsZero() {
		return encodeJSON("grant", g)
	}
	b := append(t.row[:0], 1)
	for _, s := range [...]string{g.Role, g.State, g.Actor, g.Reason} {
		b = appendText(b, s)
	}
	b = appendTime(appendTime(b, g.Created), g.Ends)
	t.row = appendInvitation(b, g.Invited)
	return t.row, nil
}

func appendInvitation(b []byte, i *directory.Invitation) []byte {
	b = appendFlags(b, i.Auto, i.Pushed)
	for _, s := range [...]string{
		i.Email, i.FirstName, i.LastName, i.Department, i.Manager, string(i.Access), i.Message, i.Approved, i.Mailed, i.Gives, i.Because,
	} {
		b = appendText(b, s)
	}
	b = appendTexts(appendTexts(b, i.Sets), i.Editors)
	b = binary.AppendUvarint(b, uint64(len(i.Links)))
	for _, l := range i.Links {
		b = appendBytes(b, l)
	}
	for _, at := range [...]time.Time{i.Expires, i.Due, i.Sent, i.Touched, i.Closed, i.Goes, i.Taken} {
		b = appendTime(b, at)
	}
	for _, n := range [...]int64{int64(i.Lasts), int64(i.Resent), int64(i.Reminded), int64(i.Step)} {
		b = binary.AppendVarint(b, n)
	}
	return appendOptionalID(b, i.Letter)
}

// decodeGrant reads a grant whose key is read already.
func decodeGrant(g *directory.Grant, row []byte) error {
	if isJSON(row) {
		return decodeJSON("grant", row, g)
	}
	r := read(string(row))
	g.Kind, g.Invited = directory.GrantInvitation, &directory.Invitation{}
	for _, s := range [...]*string{&g.Role, &g.State, &g.Actor, &g.Reason} {
		*s = r.text()
	}
	g.Created, g.Ends = r.time(), r.time()
	readInvitation(r, g.Invited)
	return r.end("grant", g.ID[:])
}

func readInvitation(r *reader, i *directory.Invitation) {
	flags := r.flags()
	i.Auto, i.Pushed = flags&1 != 0, flags&2 != 0
	for _, s := range [...]*string{
		&i.Email, &i.FirstName, &i.LastName, &i.Department, &i.Manager, (*string)(&i.Access), &i.Message, &i.Approved, &i.Mailed, &i.Gives, &i.Because,
	} {
		*s = r.text()
	}
	i.Sets, i.Editors = r.texts(), r.texts()
	if n := r.count(); n > 0 {
		i.Links = make([][]byte, n)
		for l := range i.Links {
			i.Links[l] = r.raw()
		}
	}
	for _, at := range [...]*time.Time{&i.Expires, &i.Due, &i.Sent, &i.Touched, &i.Closed, &i.Goes, &i.Taken} {
		*at = r.time()
	}
	i.Lasts = time.Duration(r.int())
	for _, n := range [...]*int{&i.Resent, &i.Reminded, &i.Step} {
		*n = int(r.int())
	}
	i.Letter = r.optionalID()
}
