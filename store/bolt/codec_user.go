package bolt

import (
	"encoding/binary"
	"encoding/json"

	"github.com/mixus/usher/directory"
)

// A user row is: version, length of the head, the head, the body as given. The head holds everything but the body, its
// keys first, so that an update can compare the old keys with the new ones and leave the rest alone.

func appendUser(b, head []byte, u *directory.User) (row, scratch []byte) {
	head = appendKeys(head[:0], u.Keys)
	head = appendFlags(head, u.Active, u.Superseded)
	head = appendOptionalID(head, u.Member)
	head = binary.AppendUvarint(head, u.Revision)
	head = binary.AppendUvarint(head, u.Entry)
	head = appendTime(head, u.Created)
	head = appendTime(head, u.Modified)
	head = appendText(head, u.UserName)
	head = appendText(head, u.ExternalID)

	b = append(b, 1)
	b = appendBytes(b, head)
	return append(b, u.Body...), head
}

func decodeUser(c directory.ConnNum, id directory.ID, row []byte) (*directory.User, error) {
	head, body, ok := splitHead(row)
	if !ok {
		return nil, damaged("user", id[:])
	}
	r := &reader{rest: string(head)}
	u := &directory.User{ID: id, Conn: c}
	u.Keys = readKeys(r)
	flags := r.flags()
	u.Active, u.Superseded = flags&1 != 0, flags&2 != 0
	u.Member = r.optionalID()
	u.Revision = r.uint()
	u.Entry = r.uint()
	u.Created = r.time()
	u.Modified = r.time()
	u.UserName = r.text()
	u.ExternalID = r.text()
	if len(body) > 0 {
		u.Body = append(make(json.RawMessage, 0, len(body)), body...)
	}
	return u, r.end("user", id[:])
}

// userKeys returns the keys of a user row and nothing else.
func userKeys(id directory.ID, row []byte) ([]directory.Key, error) {
	head, _, ok := splitHead(row)
	if !ok {
		return nil, damaged("user", id[:])
	}
	r := &reader{rest: string(head)}
	keys := readKeys(r)
	if r.damaged {
		return nil, damaged("user", id[:])
	}
	return keys, nil
}

// splitHead divides a row into its head and what follows, without copying.
func splitHead(row []byte) (head, body []byte, ok bool) {
	if len(row) == 0 || row[0] != 1 {
		return nil, nil, false
	}
	n, size := binary.Uvarint(row[1:])
	if size <= 0 || n > uint64(len(row)-1-size) {
		return nil, nil, false
	}
	head = row[1+size:]
	return head[:n], head[n:], true
}

func appendKeys(b []byte, keys []directory.Key) []byte {
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, k := range keys {
		b = append(b, byte(k.Attribute))
		b = appendText(b, k.Value)
	}
	return b
}

func readKeys(r *reader) []directory.Key {
	n := r.count()
	if n == 0 {
		return nil
	}
	keys := make([]directory.Key, n)
	for i := range keys {
		keys[i].Attribute = directory.Attribute(r.byte())
		keys[i].Value = r.text()
	}
	return keys
}
