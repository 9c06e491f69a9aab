package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"github.com/mixus/usher/directory"
)

// The start of a bolt file: two pages that begin with a page header, and then say what the file is. Numbers are in the
// machine's order. It is the layout of version 2, which bolt itself checks.
const (
	pageHeader = 16
	metaMagic  = 0xED0CDAED
	metaLen    = 64
)

// checkLength refuses a file that is shorter than it says of itself, as after a copy that broke off: bolt maps files into
// memory, where to read beyond the end kills the process. An empty file will be a new store.
func checkLength(f *os.File, path string) error {
	var needs, last, pageAt uint64
	for range 2 { // the second page says where the first one is unreadable
		meta := make([]byte, metaLen)
		if _, err := f.ReadAt(meta, int64(pageAt)+pageHeader); err != nil && !errors.Is(err, io.EOF) { //nolint:gosec // a page is small
			return err
		}
		size := uint64(binary.NativeEndian.Uint32(meta[8:]))
		sum := fnv.New64a()
		_, _ = sum.Write(meta[:metaLen-8]) // never returns an error
		if binary.NativeEndian.Uint32(meta) == metaMagic && sum.Sum64() == binary.NativeEndian.Uint64(meta[metaLen-8:]) {
			if id := binary.NativeEndian.Uint64(meta[48:]); needs == 0 || id > last {
				needs, last = size*binary.NativeEndian.Uint64(meta[40:]), id
			}
		}
		if pageAt = size; pageAt == 0 {
			pageAt = pageSize
		}
	}
	info, err := f.Stat() // after the pages were read: a file only grows
	if err != nil {
		return err
	}
	switch has := uint64(max(info.Size(), 0)); { //nolint:gosec // it is not negative
	case has == 0 && needs == 0:
		return nil
	case needs == 0 && has < 2*pageSize:
		return errNotStore(path, fmt.Errorf("store: %s has %d bytes and no page of bolt's", path, has))
	case has < needs:
		return &directory.Error{
			Kind:    directory.Invalid,
			Message: fmt.Sprintf("The store %s is damaged: it has %d bytes of at least %d.", path, has, needs),
		}
	}
	return nil
}
