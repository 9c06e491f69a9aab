package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progressDelay is how long something may take before its progress is shown.
const progressDelay = time.Second

// progress shows on a terminal how far something is that takes longer than a second.
type progress struct {
	bar   *progressbar.ProgressBar
	begun time.Time
	make  func() *progressbar.ProgressBar
	done  int
}

// begin begins to measure. The total is -1 when it is not known; bytes are shown as such.
func (p *program) begin(what string, total int64, bytes bool) *progress {
	file, ok := p.err.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	return &progress{begun: time.Now(), make: func() *progressbar.ProgressBar {
		options := []progressbar.Option{
			progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(total > 0),
		}
		if bytes {
			options = append(options, progressbar.OptionShowBytes(true))
		} else {
			options = append(options, progressbar.OptionShowCount())
		}
		return progressbar.NewOptions64(total, options...)
	}}
}

// add says that so many more are done.
func (g *progress) add(n int) {
	g.done += n
	if g.make == nil {
		return
	}
	if g.bar == nil {
		if time.Since(g.begun) < progressDelay {
			return
		}
		g.bar = g.make()
		n = g.done
	}
	_ = g.bar.Add(n) // a terminal that cannot be written is no reason to stop
}

// end takes the bar off the terminal.
func (g *progress) end() {
	if g.bar != nil {
		_ = g.bar.Finish()
	}
}

// Write counts bytes.
func (g *progress) Write(b []byte) (int, error) {
	g.add(len(b))
	return len(b), nil
}

// through counts what is read from a reader.
func (g *progress) through(r io.Reader) io.Reader { return io.TeeReader(r, g) }
