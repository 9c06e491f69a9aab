package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
)

func appendMail(b []byte, m *directory.Mail) []byte {
	b = binary.AppendUvarint(append(b, 1), uint64(m.Org))
	for _, s := range [...]string{m.Key, m.Kind, m.To, string(m.State), m.LastError, m.Waits} {
		b = appendText(b, s)
	}
	b = appendOptionalID(b, m.About)
	b = binary.AppendVarint(b, int64(m.Tries))
	b = appendTime(appendTime(b, m.Due), m.Created)
	return appendBytes(b, m.Data)
}

// decodeMail reads a mail. Those of format 6 are JSON.
func decodeMail(id directory.ID, row []byte) (*directory.Mail, error) {
	m := &directory.Mail{ID: id}
	if isJSON(row) {
		return m, decodeJSON("mail", row, m)
	}
	r := read(string(row))
	m.Org = directory.OrgNum(r.uint())
	for _, s := range [...]*string{&m.Key, &m.Kind, &m.To, (*string)(&m.State), &m.LastError, &m.Waits} {
		*s = r.text()
	}
	m.About = r.optionalID()
	m.Tries = int(r.int())
	m.Due, m.Created = r.time(), r.time()
	m.Data = r.raw()
	return m, r.end("mail", id[:])
}

func appendRequest(b []byte, r *directory.Request) []byte {
	return appendBytes(appendTime(append(b, 1), r.Expires), r.Data)
}

// decodeRequest reads a request whose key is read already. Those of format 6 and before are JSON.
func decodeRequest(req *directory.Request, row []byte) error {
	if isJSON(row) {
		return decodeJSON("request", row, req)
	}
	r := read(string(row))
	req.Expires, req.Data = r.time(), r.raw()
	return r.end("request", req.Key[:])
}
