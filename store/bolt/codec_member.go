package bolt

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// A member row begins with a head that holds all that the index and the due instants depend on: when the heads of the old
// and the new row are equal, neither has to be touched.

func appendMember(b, head []byte, m *directory.Member) (row, scratch []byte) {
	head = appendMemberHead(head[:0], m)
	b = append(b, 1)
	b = appendBytes(b, head)
	b = binary.AppendUvarint(b, m.Revision)
	b = binary.AppendUvarint(b, m.Entry)
	b = appendTime(b, m.Created)
	b = appendTime(b, m.Modified)
	b = appendTime(b, m.Joined)
	b = appendTime(b, m.Suspended)
	b = appendTime(b, m.Left)
	b = binary.AppendUvarint(b, uint64(len(m.Users)))
	for _, u := range m.Users {
		b = appendUserRef(b, u)
	}
	b = appendTexts(b, m.Held)
	b = appendSince(b, m.Since)
	return appendDecision(b, m), head
}

// appendMemberHead writes what Member.Keys reads, and the due instant.
func appendMemberHead(b []byte, m *directory.Member) []byte {
	b = appendText(b, string(m.Status))
	b = appendOptionalID(b, m.Merged)
	b = appendText(b, m.Decision.Role)
	b = appendText(b, m.Decision.Department)
	b = appendTexts(b, m.Decision.Aliases)
	return appendTime(b, m.Due)
}

func readMemberHead(r *reader, m *directory.Member) {
	m.Status = directory.Status(r.text())
	m.Merged = r.optionalID()
	m.Decision.Role = r.text()
	m.Decision.Department = r.text()
	m.Decision.Aliases = r.texts()
	m.Due = r.time()
}

// memberHead returns the head of a row, as bolt holds it.
func memberHead(row []byte) ([]byte, bool) {
	head, _, ok := splitHead(row)
	return head, ok
}

// decodeMemberHead returns a member of whom nothing but the head is known.
func decodeMemberHead(org directory.OrgNum, id directory.ID, head []byte) (*directory.Member, error) {
	m := &directory.Member{ID: id, Org: org}
	r := &reader{rest: string(head)}
	readMemberHead(r, m)
	return m, r.end("member", id[:])
}

func decodeMember(org directory.OrgNum, id directory.ID, row []byte) (*directory.Member, error) {
	r := read(string(row))
	m := &directory.Member{ID: id, Org: org}
	head := &reader{rest: r.text()}
	readMemberHead(head, m)
	m.Revision = r.uint()
	m.Entry = r.uint()
	m.Created = r.time()
	m.Modified = r.time()
	m.Joined = r.time()
	m.Suspended = r.time()
	m.Left = r.time()
	if n := r.count(); n > 0 {
		m.Users = make([]directory.UserRef, n)
		for i := range m.Users {
			m.Users[i] = readUserRef(r)
		}
	}
	m.Held = r.texts()
	m.Since = readSince(r)
	readDecision(r, m)
	if err := head.end("member", id[:]); err != nil {
		return nil, err
	}
	return m, r.end("member", id[:])
}

func appendUserRef(b []byte, u directory.UserRef) []byte {
	return append(binary.AppendUvarint(b, uint64(u.Conn)), u.ID[:]...)
}

func readUserRef(r *reader) directory.UserRef {
	return directory.UserRef{Conn: directory.ConnNum(r.uint()), ID: r.id()}
}

// appendSince writes the rules by name, so that equal members have equal rows.
func appendSince(b []byte, since map[string]time.Time) []byte {
	b = binary.AppendUvarint(b, uint64(len(since)))
	if len(since) == 0 {
		return b
	}
	for _, rule := range slices.Sorted(maps.Keys(since)) {
		b = appendTime(appendText(b, rule), since[rule])
	}
	return b
}

func readSince(r *reader) map[string]time.Time {
	n := r.count()
	if n == 0 {
		return nil
	}
	since := make(map[string]time.Time, n)
	for range n {
		rule := r.text()
		since[rule] = r.time()
	}
	return since
}
