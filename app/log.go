package app

import (
	"io"
	"log/slog"

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
