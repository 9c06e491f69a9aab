package app

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAccessLinesWaitForOthersAndKeepTheirOrder holds the log to what its reader sees.
func TestAccessLinesWaitForOthersAndKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out guarded
		log := &logLines{out: &out}
		access := later{log}
		write := func(w interface{ Write([]byte) (int, error) }, text string) {
			if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
				t.Fatal(n, err)
			}
		}
		want := func(text string) {
			t.Helper()
			if got := out.String(); got != text {
				t.Fatalf("the log is %q; want %q", got, text)
			}
		}
		write(access, "a")
		want("")
		time.Sleep(linesWait + time.Millisecond)
		want("a")
		write(access, "b")
		write(log, "C") // nothing that is not an access line waits, nor overtakes one
		want("abC")
		time.Sleep(2 * linesWait)
		write(access, strings.Repeat("x", linesMost))
		want("abC" + strings.Repeat("x", linesMost))
		write(access, "d")
		log.flush()
		want("abC" + strings.Repeat("x", linesMost) + "d")
	})
}

// guarded is a buffer that the timer's goroutine may write to.
type guarded struct {
	mu sync.Mutex
	bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Buffer.Write(p)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Buffer.String()
}
