package app

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// filesRead keeps what the server read last of each organization's files, and when.
type filesRead struct {
	mu    sync.Mutex
	byOrg map[string]fileRead
}

type fileRead struct {
	at    time.Time
	files []directory.PolicyFile
}

// note keeps what was read. An organization of whose file nothing could be read keeps what was read before.
func (r *filesRead) note(policies []Policy, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byOrg == nil {
		r.byOrg = map[string]fileRead{}
	}
	for _, p := range policies {
		if len(p.Files) > 0 {
			r.byOrg[p.Organization] = fileRead{now.UTC(), p.Files}
		}
	}
}

// applied keeps what an administrator applied as what was read, where it is what the file says.
func (r *filesRead) applied(organization string, text []byte, path func(string) string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	read, known := r.byOrg[organization]
	if !known {
		return
	}
	if onDisk, err := os.ReadFile(path(read.files[0].Name)); err != nil || !bytes.Equal(onDisk, text) {
		return
	}
	read.at, read.files = now.UTC(), slices.Clone(read.files)
	read.files[0].Text = text
	r.byOrg[organization] = read
}

// fileOf says which file of an organization was read, when, and whether the disk has something else by now; nil where none
// was read.
func (a *App) fileOf(organization string) *api.FileRead {
	a.files.mu.Lock()
	read, known := a.files.byOrg[organization]
	a.files.mu.Unlock()
	if !known {
		return nil
	}
	it := &api.FileRead{Name: a.path(read.files[0].Name), Read: read.at}
	for i, f := range read.files {
		text, err := os.ReadFile(a.path(f.Name))
		if err == nil && !bytes.Equal(text, f.Text) || err != nil && i == 0 { // among the others are values, which are no file
			it.Changed = true
		}
	}
	return it
}

// path is where a file of the configuration lies.
func (a *App) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.folder(), filepath.FromSlash(name))
}
