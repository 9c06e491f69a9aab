package bolt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
)

// A file that was cut off is refused, wherever it was cut: to map it into memory and to read on would end the process.
func TestAFileThatWasCutOffIsRefused(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "format-7.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 16, 80, 3000, pageSize, pageSize + 40, 2 * pageSize, 3 * pageSize} {
		_, err := Open(writeTemp(t, whole[:size]), Options{})
		if directory.KindOf(err) != directory.Invalid || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%d bytes of %d: %v", size, len(whole), err)
		}
	}
	s, err := Open(writeTemp(t, nil), Options{})
	if err != nil {
		t.Fatalf("an empty file: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
