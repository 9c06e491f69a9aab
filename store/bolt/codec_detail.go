package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
)

func appendDetail(b []byte, d *directory.Detail) []byte {
	b = append(b, 1)
	b = appendBytes(b, d.Salt)
	b = binary.AppendUvarint(b, uint64(len(d.Values)))
	for _, v := range d.Values {
		b = appendText(b, v.Attribute)
		b = appendBytes(b, v.Before)
		b = appendBytes(b, v.After)
	}
	return b
}

func decodeDetail(seq uint64, row []byte) (*directory.Detail, error) {
	r := read(string(row))
	d := &directory.Detail{Seq: seq, Salt: r.raw()}
	if n := r.count(); n > 0 {
		d.Values = make([]directory.DetailValue, n)
		for i := range d.Values {
			d.Values[i] = directory.DetailValue{Attribute: r.text(), Before: r.raw(), After: r.raw()}
		}
	}
	return d, r.end("detail", appendSeq(nil, seq))
}
