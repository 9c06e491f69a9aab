package bolt

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/mixus/usher/store"
)

// program is what FuzzUndo makes of its input: batches of callers, each a list of puts and deletes that ends well or not.
type program struct {
	input []byte
	model map[string]string
}

func (p *program) next() (byte, bool) {
	if len(p.input) == 0 {
		return 0, false
	}
	b := p.input[0]
	p.input = p.input[1:]
	return b, true
}

// step is one put or delete.
type step struct {
	bucket bucket
	key    string
	value  string
	delete bool
}

var errUndone = errors.New("undone")

// The ways in which a caller ends.
const (
	endsWell = iota
	endsWithError
	endsWithPanic
	endsItsGoroutine
)

// caller reads the steps of one caller, how it ends, and whether its batch ends with it.
func (p *program) caller() (steps []step, end int, last bool) {
	for {
		op, ok := p.next()
		if !ok {
			return steps, endsWell, true
		}
		switch op % 8 {
		case 0, 1, 2, 3:
			key, _ := p.next()
			size, _ := p.next()
			// Values are large enough to give the trees several pages, and hold the key, so that a mix-up shows.
			value := fmt.Sprintf("%0*d", int(size)*4, len(p.input))
			if size == 0 {
				value = "" // an empty row is not an absent one
			}
			steps = append(steps, step{bucket: bucketFor(key), key: keyFor(key), value: value})
		case 4, 5:
			key, _ := p.next()
			steps = append(steps, step{bucket: bucketFor(key), key: keyFor(key), delete: true})
		case 6:
			return steps, endsWell, op&64 != 0
		case 7:
			return steps, 1 + int(op>>3)%3, op&64 != 0
		}
	}
}

func bucketFor(b byte) bucket { return []bucket{bUser, bDue}[b>>7] }
func keyFor(b byte) string    { return fmt.Sprintf("key %02d", b%128/2) }

// apply takes a caller's steps on the store and on the model, checking what each finds.
func apply(t *tx, steps []step, model map[string]string) error {
	for _, s := range steps {
		name := s.bucket.String() + "/" + s.key
		want, there := model[name]
		if got := t.get(s.bucket, []byte(s.key)); (got != nil) != there || string(got) != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
		if s.delete {
			if found, err := t.del(s.bucket, []byte(s.key)); err != nil || found != there {
				return fmt.Errorf("delete of %s found it: %t (%w), want %t", name, found, err, there)
			}
			delete(model, name)
			continue
		}
		if err := t.put(s.bucket, []byte(s.key), []byte(s.value)); err != nil {
			return err
		}
		model[name] = s.value
	}
	return nil
}

func FuzzUndo(f *testing.F) {
	f.Add([]byte{0, 1, 9, 6, 0, 1, 8, 4, 1, 7, 2, 2, 2, 70})
	f.Fuzz(func(t *testing.T, input []byte) {
		s, err := Open(filepath.Join(t.TempDir(), "usher.db"), Options{noSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		p := &program{input: input[:min(len(input), 4096)], model: map[string]string{}}
		for len(p.input) > 0 {
			runBatch(t, s, p)
			compareModel(t, s, p.model)
		}
		checkFile(t, s)
	})
}

// runBatch runs the callers of one batch in one transaction.
func runBatch(t *testing.T, s *Store, p *program) {
	var fns []func(store.Tx) error
	var ends []int
	for last := false; !last && len(fns) < 20; {
		var steps []step
		var end int
		steps, end, last = p.caller()
		ends = append(ends, end)
		fns = append(fns, func(t store.Tx) error {
			model := maps.Clone(p.model)
			if err := apply(t.(*tx), steps, model); err != nil {
				return err
			}
			switch end {
			case endsWithError:
				return errUndone
			case endsWithPanic:
				panic(errUndone)
			case endsItsGoroutine:
				runtime.Goexit()
			}
			p.model = model
			return nil
		})
	}
	for i, err := range together(t, s, fns...) {
		if (ends[i] == endsWell) != (err == nil) || ends[i] == endsWithError && !errors.Is(err, errUndone) {
			t.Fatalf("caller %d, which ends with %d, got %v", i, ends[i], err)
		}
	}
}

func compareModel(t *testing.T, s *Store, model map[string]string) {
	err := s.View(t.Context(), func(st store.Tx) error {
		got := map[string]string{}
		for _, b := range []bucket{bUser, bDue} {
			st.(*tx).scan(b, nil, func(key, row []byte) bool {
				got[b.String()+"/"+string(key)] = string(row)
				return true
			})
		}
		for _, name := range slices.Sorted(maps.Keys(model)) {
			if got[name] != model[name] {
				return fmt.Errorf("%s is %q, want %q", name, got[name], model[name])
			}
		}
		if len(got) != len(model) {
			return fmt.Errorf("there are %d rows, want %d", len(got), len(model))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPagingBackwardsOverAnEmptiedLeaf(t *testing.T) {
	s := openTemp(t, Options{noSync: true})
	key := func(n int) []byte { return fmt.Appendf(nil, "key %04d", n) }
	const rows = 1000
	err := s.Update(t.Context(), func(st store.Tx) error {
		for n := range rows {
			if err := st.(*tx).put(bUser, key(n), key(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(st store.Tx) error {
		w := st.(*tx)
		for n := 100; n < rows; n++ { // empties whole leaves, which bolt keeps until the commit
			if _, err := w.del(bUser, key(n)); err != nil {
				return err
			}
		}
		n := 100
		w.page(bUser, []byte("key"), nil, true, func(k, _ []byte) bool {
			n--
			return string(k) == string(key(n))
		})
		if n != 0 {
			return fmt.Errorf("paging backwards ended before row %d", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
