package app

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/mixus/usher/config"
)

// newLogger makes the logger that the configuration asks for.
func newLogger(settings config.Log, output io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(orElse(settings.Level, "info"))); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if settings.Format == "json" {
		return slog.New(slog.NewJSONHandler(output, opts))
	}
	return slog.New(slog.NewTextHandler(output, opts))
}

// How long access lines wait for others, and how many bytes of them: a system call for each line is a fiftieth of what a
// push costs.
const (
	linesWait = 100 * time.Millisecond
	linesMost = 32 << 10
)

// logLines is where the log goes. What is written to it is written at once; what is written to its later, which is access lines,
// goes with it or a little later, always in order.
type logLines struct {
	mu      sync.Mutex
	out     io.Writer
	waiting []byte
	timer   *time.Timer
}

// Write writes what waits, and a line.
func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write()
	return l.out.Write(line)
}

// flush writes what waits.
func (l *logLines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write()
}

func (l *logLines) write() {
	if len(l.waiting) > 0 {
		_, _ = l.out.Write(l.waiting) // nobody is left to tell
		l.waiting = l.waiting[:0]
	}
}

// later is a writer whose lines may wait.
type later struct{ *logLines }

// Write takes a line.
func (l later) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		if l.timer == nil {
			l.timer = time.AfterFunc(linesWait, l.flush)
		} else {
			l.timer.Reset(linesWait)
		}
	}
	if l.waiting = append(l.waiting, line...); len(l.waiting) >= linesMost {
		l.write()
	}
	return len(line), nil
}
