package app

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// applyOnStart is the setting of a file that is applied by itself, within the brakes.
const applyOnStart = "on_start"

// configured is the actor of what the configuration does by itself.
const configured = "configuration"

// awaiting keeps the policies that the configuration has and that are not in force.
type awaiting struct {
	mu    sync.Mutex
	byOrg map[string]*api.Waiting
}

func (w *awaiting) get(organization string) *api.Waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.byOrg[organization]
	if known == nil {
		return nil
	}
	copied := *known
	return &copied
}

// set notes what waits for an organization; nil when nothing does.
func (w *awaiting) set(organization string, it *api.Waiting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byOrg == nil {
		w.byOrg = map[string]*api.Waiting{}
	}
	if it == nil {
		delete(w.byOrg, organization)
		return
	}
	w.byOrg[organization] = it
}

// counted notes what applying a waiting policy would change, if it is still that one which waits.
func (w *awaiting) counted(organization, hash string, counts *provision.PlanCounts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.byOrg[organization]; known != nil && known.Candidate.Hash() == hash {
		copied := *known
		copied.Counts = counts
		w.byOrg[organization] = &copied
	}
}

func (w *awaiting) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byOrg)
}

// take takes up the policies of a configuration. The first policy of an organization becomes active by itself; of a
// changed one the connections' settings take effect, and the rest waits to be applied.
func (a *App) take(ctx context.Context, policies []Policy) error {
	for _, p := range policies {
		if p.Policy == nil {
			continue // its problems were reported, and what is in force stays
		}
		org, err := enroll(ctx, a.engine, p)
		kept := true
		if err == nil {
			kept, err = a.keepsConnections(ctx, org, p)
		}
		if err == nil && kept {
			err = a.takeOne(ctx, org, p)
		}
		if directory.KindOf(err) == directory.Conflict { // of this organization alone; the others are taken up
			a.health.add(directory.Problem{
				Position: directory.Position{File: p.Files[0].Name}, Severity: directory.SeverityError, Message: publicText(err),
				Fix: "correct the file and read the configuration again",
			})
			a.log.Error("an organization's file was not taken up; what was in force before stays", slog.String("org", p.Organization), slog.Any("err", err))
			continue
		}
		if err != nil {
			return fmt.Errorf("app: take up the policy of %s: %w", p.Organization, err)
		}
	}
	return a.refreshed(ctx)
}

// keepsConnections reports what is wrong between the connections of a file and those of the store, and whether the file
// can be taken up.
func (a *App) keepsConnections(ctx context.Context, org directory.OrgNum, p Policy) (bool, error) {
	var problems []directory.Problem
	err := a.store.View(ctx, func(tx store.Tx) (err error) {
		problems, err = provision.ConnectionProblems(tx, org, p.Policy.Organization)
		return err
	})
	if err != nil || len(problems) == 0 {
		return err == nil, err
	}
	problems = config.Excerpts(problems, p.Files)
	a.health.add(problems...)
	a.report(problems)
	if directory.Failed(problems) {
		a.log.Error("an organization's file was not taken up; what was in force before stays", slog.String("org", p.Organization))
		return false, nil
	}
	return true, nil
}

func (a *App) takeOne(ctx context.Context, org directory.OrgNum, p Policy) error {
	candidate := provision.Candidate{Policy: p.Policy, Files: p.Files}
	active, inForce, err := a.inForce(ctx, org)
	if err != nil {
		return err
	}
	if active == nil {
		return a.activate(ctx, org, p)
	}
	was, wasConnections := taken(inForce.Organization)
	is, isConnections := taken(p.Policy.Organization)
	sameConnections := reflect.DeepEqual(wasConnections, isConnections)
	sameRules := reflect.DeepEqual(was, is)
	switch {
	case sameRules && active.Rollback > 0 && sameConnections:
		a.waiting.set(p.Organization, nil) // the file says what was gone back to, which stays marked as that
		return nil
	case sameRules && active.Rollback == 0 && active.Hash != candidate.Hash():
		return a.activate(ctx, org, p) // connections, comments and places at most
	case !sameConnections:
		if err := a.takeConnections(ctx, org, p, active, active.Hash == candidate.Hash()); err != nil {
			return err
		}
	}
	if sameRules || active.Hash == candidate.Hash() { // nothing is left but comments and places
		a.waiting.set(p.Organization, nil)
		return nil
	}
	return a.await(ctx, org, p.Organization, candidate, active)
}

// inForce returns the active policy of an organization, as it is stored and compiled; nil when there is none.
func (a *App) inForce(ctx context.Context, org directory.OrgNum) (*directory.Policy, *mapping.Policy, error) {
	active, err := a.engine.ActiveRow(ctx, org)
	if err != nil || active == nil {
		return nil, nil, err
	}
	var policy *mapping.Policy
	err = a.store.View(ctx, func(tx store.Tx) (err error) {
		policy, err = a.engine.Policy(tx, org)
		return err
	})
	return active, policy, err
}

func (a *App) activate(ctx context.Context, org directory.OrgNum, p Policy) error {
	activated, err := a.engine.Activate(ctx, org, p.Policy, p.Files, configured)
	if err != nil {
		return err
	}
	a.waiting.set(p.Organization, nil)
	if activated {
		a.log.Info("policy activated", slog.String("org", p.Organization))
	}
	return nil
}

// await lets a changed policy wait, unless its file says that it is applied by itself and it can be.
func (a *App) await(ctx context.Context, org directory.OrgNum, name string, c provision.Candidate, active *directory.Policy) error {
	why := "The file has changed. `usher plan` shows what applying it would do, and `usher apply` does it."
	if c.Policy.Organization.Policy.Apply == applyOnStart {
		if active.Rollback > 0 {
			why = "An administrator rolled back, and that stays until `usher apply`."
		} else {
			var err error
			if why, err = a.applyByItself(ctx, org, name, c); err != nil || why == "" {
				return err
			}
		}
	}
	a.waiting.set(name, &api.Waiting{Candidate: c, Since: a.opts.Now().UTC(), Why: why})
	a.log.Warn("a changed policy waits; the former stays in force", slog.String("org", name), slog.String("why", why))
	return nil
}

// applyByItself plans and applies a candidate, and returns why it could not, "" when it could.
func (a *App) applyByItself(ctx context.Context, org directory.OrgNum, name string, c provision.Candidate) (string, error) {
	plan, err := a.engine.Plan(ctx, org, c, 0)
	if err != nil {
		return "", err
	}
	_, err = a.engine.Apply(ctx, org, c, plan, directory.Cause{Kind: directory.CausePolicy, Actor: configured}, 0)
	if kind := directory.KindOf(err); err != nil && kind != directory.Conflict {
		return "", err
	}
	if err != nil {
		return publicText(err), nil
	}
	a.waiting.set(name, nil)
	a.log.Info("policy applied", slog.String("org", name), slog.Int("changed", plan.Counts.Changed))
	return "", nil
}

// takeConnections puts the connections' settings of a file in force; whole says that there is nothing else in it that
// is not.
func (a *App) takeConnections(ctx context.Context, org directory.OrgNum, p Policy, active *directory.Policy, whole bool) error {
	files := p.Files
	if !whole {
		files = provision.WithConnections(active.Files, p.Files)
	}
	policy, problems := compileAll(files)
	if policy == nil {
		a.report(problems)
		a.log.Error("the connections' settings do not fit the policy in force; they wait with the rest of the file", slog.String("org", p.Organization))
		return nil
	}
	if err := a.engine.ActivateConnections(ctx, org, policy, files, configured); err != nil {
		return err
	}
	a.log.Info("connections' settings taken up", slog.String("org", p.Organization))
	return nil
}

// taken splits what an organization's file says into what waits to be applied and the settings of connections, which
// take effect at once. What a connection decides about people waits.
func taken(organization *config.Organization) (waits map[string]any, settings []any) {
	waits, _ = config.Unplaced(organization).(map[string]any)
	settings, _ = waits["Connections"].([]any)
	var decides []any
	for _, c := range settings {
		if c, ok := c.(map[string]any); ok {
			decides = append(decides, c["ID"], c["DefaultRole"], c["Authority"])
			delete(c, "DefaultRole")
			delete(c, "Authority")
		}
	}
	waits["Connections"] = decides
	return waits, settings
}

// applied is told that an administrator applied a policy.
func (a *App) applied(ctx context.Context, organization string) error {
	org, err := organizationNumber(ctx, a.store, organization)
	if err != nil {
		return err
	}
	active, err := a.engine.ActiveRow(ctx, org)
	if err != nil {
		return err
	}
	it := a.waiting.get(organization)
	if it != nil && active.Hash == it.Candidate.Hash() {
		a.waiting.set(organization, nil)
		it = nil
	}
	if it == nil && active.Rollback == 0 {
		a.files.applied(organization, active.Files[0].Text, a.path, a.opts.Now())
	}
	a.log.Info("policy applied", slog.String("org", organization))
	return a.refreshed(ctx)
}

// retired is told that an administrator retired a connection.
func (a *App) retired(ctx context.Context, organization, connection string) error {
	a.log.Warn("connection retired", slog.String("org", organization), slog.String("connection", connection))
	return a.refreshed(ctx)
}

// countWaiting plans what waits, so that the log and the status say how much it is. It runs beside the server.
func (a *App) countWaiting(ctx context.Context) {
	for _, organization := range a.waiting.names() {
		it := a.waiting.get(organization)
		if it == nil || it.Counts != nil {
			continue
		}
		org, err := organizationNumber(ctx, a.store, organization)
		if err != nil {
			continue // the store is closing
		}
		a.settled(ctx, org)
		begun := time.Now()
		plan, err := a.engine.Plan(ctx, org, it.Candidate, 0)
		if err != nil {
			if ctx.Err() == nil {
				a.log.Error("a waiting policy could not be planned", slog.String("org", organization), slog.Any("err", err))
			}
			continue
		}
		a.waiting.counted(organization, it.Candidate.Hash(), &plan.Counts)
		a.log.Info("a waiting policy was planned", slog.String("org", organization), slog.Int("changed", plan.Counts.Changed),
			slog.Int("joining", plan.Counts.Joining), slog.Int("leaving", plan.Counts.Leaving), slog.Duration("took", time.Since(begun)))
	}
}

// settledWithin is how long a plan waits for jobs under way, whose changes it would show as its own.
const (
	settledWithin = time.Minute
	jobsSeen      = 64
)

// settled waits until no job of an organization is under way.
func (a *App) settled(ctx context.Context, org directory.OrgNum) {
	for end := time.Now().Add(settledWithin); ctx.Err() == nil && time.Now().Before(end); {
		busy := false
		err := a.store.View(ctx, func(tx store.Tx) error {
			jobs, err := tx.ListJobs(jobsSeen)
			busy = slices.ContainsFunc(jobs, func(j *directory.Job) bool { return j.Org == org })
			return err
		})
		if err != nil || !busy {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(settledWithin / 600):
		}
	}
}

func (w *awaiting) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, 0, len(w.byOrg))
	for name := range w.byOrg {
		names = append(names, name)
	}
	return names
}

func organizationNumber(ctx context.Context, s store.Store, name string) (directory.OrgNum, error) {
	var org directory.OrgNum
	err := s.View(ctx, func(tx store.Tx) error {
		orgs, err := tx.Organizations()
		org = orgs[name]
		return err
	})
	return org, err
}
