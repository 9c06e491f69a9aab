package app

import (
	"context"
	"log/slog"
	"reflect"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Reload reads the configuration again and puts its policies in force. What does not check leaves what is in force as it
// is: an organization's file that organization, the operator's file all of them. The error says what is wrong, and so do
// the log and /readyz. The address, the data directory and the like change with a restart only.
func (a *App) Reload(ctx context.Context) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	if a.certificate != nil {
		a.certificate.Reload()
	}
	configuration, problems := readAdmissible(a.opts.Config, a.opts.Values)
	a.health.configured(problems)
	a.report(problems)
	failed := directory.Failed(problems)
	if failed {
		a.log.Error("the configuration does not check; what was in force of it before stays", slog.String("config", a.opts.Config))
	}
	if failed && !configuration.OperatorReads {
		return &ProblemsError{Path: a.opts.Config, Problems: problems}
	}
	if operator := configuration.Operator; operator == nil || !reflect.DeepEqual(withoutPlace(*operator), withoutPlace(*a.operator)) {
		a.log.Warn("the operator's file has changed; what it says takes effect with a restart", slog.String("config", a.opts.Config))
	}
	a.files.note(configuration.Policies, a.opts.Now())
	if err := a.take(ctx, configuration.Policies); err != nil {
		a.log.Error("the configuration was not taken up whole", slog.Any("err", err))
		return err
	}
	if a.planning != nil {
		a.planning()
	}
	if failed {
		return &ProblemsError{Path: a.opts.Config, Problems: problems}
	}
	a.log.Info("configuration read again")
	return nil
}

// report logs what is wrong with a configuration, each problem with its place and what to do.
func (a *App) report(problems []directory.Problem) {
	for _, p := range problems {
		level := slog.LevelWarn
		if p.Severity == directory.SeverityError {
			level = slog.LevelError
		}
		a.log.Log(context.Background(), level, "configuration",
			slog.String("at", p.Position.String()), slog.String("problem", p.Message), slog.String("fix", p.Fix))
	}
}

// withoutPlace is what an operator's file says, wherever in the file.
func withoutPlace(o config.Operator) config.Operator {
	o.At = directory.Position{}
	return o
}
