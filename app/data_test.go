package app

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// TestAnOlderStoreIsCopiedBeforeItIsMigrated: by the time a migration begins, the whole file is beside it under a name
// that says so, and it stays there whatever comes of the migration.
func TestAnOlderStoreIsCopiedBeforeItIsMigrated(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	const name = "usher-before-migration-20261102T090000Z.db"
	for what, migration := range map[string]error{"it succeeds": nil, "it fails": errors.New("no room")} {
		t.Run(what, func(t *testing.T) {
			d := Data(t.TempDir())
			former := bytes.Repeat([]byte("a page of the former format\n"), 10_000)
			write(t, d.Store(), string(former))
			_, aside, err := d.migrating(now, func(migrate bool) (*bolt.Store, error) {
				copied, readErr := os.ReadFile(filepath.Join(string(d), name))
				if !migrate {
					if readErr == nil {
						t.Error("it was copied before anybody knew that it is old")
					}
					return nil, store.ErrOldSchema
				}
				if readErr != nil || !bytes.Equal(copied, former) {
					t.Errorf("the migration began, and the copy has %d of %d bytes (%v)", len(copied), len(former), readErr)
				}
				write(t, d.Store(), "half migrated")
				return nil, migration
			})
			if !errors.Is(err, migration) || filepath.Base(aside) != name {
				t.Errorf("%v, copied to %s", err, aside)
			}
			if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, former) {
				t.Errorf("the copy is not what there was: %d bytes, %v", len(kept), err)
			}
		})
	}
	t.Run("there is no room for the copy", func(t *testing.T) {
		d := Data(t.TempDir())
		_, _, err := d.migrating(now, func(migrate bool) (*bolt.Store, error) {
			if migrate {
				t.Error("it was migrated without a copy")
			}
			return nil, store.ErrOldSchema
		})
		if err == nil {
			t.Error("there is nothing to copy, and no error")
		}
	})
}

// TestServeTakesUpEveryReleasedFormat starts the server on a store file of each format that was ever released.
func TestServeTakesUpEveryReleasedFormat(t *testing.T) {
	files, err := filepath.Glob("../store/bolt/testdata/format-*.db")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			opts, _ := configure(t)
			write(t, Data(opts.Data).Store(), string(content))
			a := begin(t, opts)
			if status, _, body := ask(t, http.MethodGet, a.URL()+"/readyz", ""); status != http.StatusOK {
				t.Errorf("/readyz: %d %s", status, body)
			}
			if status, _, body := ask(t, http.MethodGet, a.URL()+"/scim/v2/acme-okta/Users", secret(t, a)); status != http.StatusOK {
				t.Errorf("Users: %d %s", status, body)
			}
		})
	}
}

// TestANewStoreIsToldOf: whoever mistyped the data directory, or lost the store in it, hears that nobody is known.
func TestANewStoreIsToldOf(t *testing.T) {
	for what, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a fresh directory":                      {nil, `"level":"INFO","msg":"there was no store`},
		"a new volume":                           {map[string]string{"lost+found/x": ""}, `"level":"INFO","msg":"there was no store`},
		"an empty store":                         {map[string]string{"usher.db": ""}, `"level":"WARN","msg":"there was no store`},
		"the key of a store that is not there":   {map[string]string{"cursor.key": strings.Repeat("k", 32)}, `"level":"WARN","msg":"there was no store`},
		"a directory of something else entirely": {map[string]string{"notes.txt": "hi"}, `"level":"WARN","msg":"there was no store`},
	} {
		t.Run(what, func(t *testing.T) {
			opts, _ := configure(t)
			var log bytes.Buffer
			opts.Output = &log
			for name, text := range c.files {
				write(t, filepath.Join(opts.Data, name), text)
			}
			for _, want := range []string{c.want, ""} { // the second start finds the store of the first
				log.Reset()
				a, err := New(opts)
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Stop(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := log.String(); !strings.Contains(got, want) || want == "" && strings.Contains(got, "there was no store") {
					t.Errorf("want %q, got\n%s", want, got)
				}
			}
		})
	}
}

// TestADirectoryThatCannotBeWrittenToIsToldOfInWords: not by the error of the system about a file nobody has heard of.
func TestADirectoryThatCannotBeWrittenToIsToldOfInWords(t *testing.T) {
	err := Data("data").written(&fs.PathError{Op: "open", Path: "data/usher.pid", Err: syscall.EACCES})
	var public *directory.Error
	if !errors.As(err, &public) || !strings.Contains(public.Message, "The data directory data must be writable for user") || strings.Contains(public.Err.Error(), "usher.pid") {
		t.Errorf("got %v", err)
	}
	if other := errors.New("no room"); Data("data").written(other) != other { //nolint:errorlint // it is the very error
		t.Error("another error is not left as it is")
	}
}
