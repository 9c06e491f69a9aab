package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
)

func appendGroup(b []byte, g *directory.Group) []byte {
	b = append(b, 1)
	b = appendText(b, g.DisplayName)
	b = appendText(b, g.ExternalID)
	b = binary.AppendUvarint(b, g.Revision)
	b = binary.AppendUvarint(b, g.Entry)
	b = binary.AppendVarint(b, int64(g.Members))
	b = appendTime(b, g.Created)
	b = appendTime(b, g.Modified)
	b = appendTexts(b, g.Bound)
	return appendBytes(b, g.Body)
}

func decodeGroup(c directory.ConnNum, id directory.ID, row []byte) (*directory.Group, error) {
	r := read(string(row))
	g := &directory.Group{ID: id, Conn: c}
	g.DisplayName = r.text()
	g.ExternalID = r.text()
	g.Revision = r.uint()
	g.Entry = r.uint()
	g.Members = int(r.int())
	g.Created = r.time()
	g.Modified = r.time()
	g.Bound = r.texts()
	g.Body = r.raw()
	return g, r.end("group", id[:])
}
