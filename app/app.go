package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/scim"
	"github.com/mixus/usher/store/bolt"
)

// Options are what the command line says beside the configuration.
type Options struct {
	Config  string           // the path of usher.yaml
	Values  string           // the path of the values file; "" for none
	Data    string           // the data directory; "" for the configuration's
	Listen  string           // host:port; "" for the configuration's; port 0 for any that is free
	Version string           // of this program
	Output  io.Writer        // where the log goes; standard error when nil
	Now     func() time.Time // the clock; time.Now when nil

	// CommitDelay makes every commit of the store take longer, so that a test can see requests share one.
	CommitDelay time.Duration
	// LockTimeout is how long New waits for a process that is about to leave the data directory.
	LockTimeout time.Duration
}

// App is usher as one process.
type App struct {
	opts     Options
	log      *slog.Logger
	access   *slog.Logger // gets a line for each request; nil for none
	lines    *logLines    // what both write to
	data     Data
	operator *config.Operator
	proxies  httpx.Proxies

	store       *bolt.Store
	engine      *provision.Engine
	api         *api.Server
	scim        *scim.Server
	health      *health
	metrics     *metrics
	connections connections
	signIn      *signIn // nil before Start
	waiting     awaiting
	files       filesRead
	certificate *httpx.Certificate
	listener    net.Listener
	public      *httpx.Server
	local       *httpx.Server

	reload   sync.Mutex // one at a time
	planning func()     // plans what waits, beside the server; nil before Start
	work     sync.WaitGroup
	cancel   context.CancelFunc
	failed   chan error
}

// New reads the configuration and opens the store. A configuration that does not check is a *ProblemsError.
func New(opts Options) (*App, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Output == nil {
		opts.Output = os.Stderr
	}
	configuration, problems := readAdmissible(opts.Config, opts.Values)
	if directory.Failed(problems) && (configuration.Operator == nil || !knowsAll(opts, configuration)) {
		return nil, &ProblemsError{Path: opts.Config, Problems: problems}
	}
	if configuration.Operator == nil {
		return nil, directory.Errorf(directory.Invalid, "%s is an organization's file; give --config the usher.yaml that names it", opts.Config)
	}
	a := &App{opts: opts, operator: configuration.Operator, failed: make(chan error, 1)}
	a.lines = &logLines{out: opts.Output}
	a.log = newLogger(a.operator.Log, a.lines)
	if a.operator.Log.Access {
		a.access = newLogger(a.operator.Log, later{a.lines})
	}
	a.report(problems)
	if directory.Failed(problems) {
		a.log.Error("the configuration does not check; starting with what was in force before", slog.String("config", opts.Config))
	}
	a.data = Data(orElse(opts.Data, a.operator.Data))
	var err error
	if a.proxies, err = httpx.ParseProxies(a.operator.TrustedProxies); err != nil {
		return nil, err
	}
	if tls := a.operator.TLS; tls.Certificate != "" {
		if a.certificate, err = httpx.LoadCertificate(tls.Certificate, tls.Key, a.log); err != nil {
			return nil, err
		}
	}
	if err := a.open(configuration.Policies, problems); err != nil {
		return nil, err
	}
	return a, nil
}

// knowsAll reports whether there is a store already, which has the policies that were in force before. A server whose
// customers' files broke since starts with those, loudly; one whose own file is broken, or that has nothing yet, does not.
func knowsAll(opts Options, c *Configuration) bool {
	return c.OperatorReads && Data(orElse(opts.Data, c.Operator.Data)).Exists()
}

// found returns what was found wrong with the configuration that was read last.
func (a *App) found() []directory.Problem { return a.health.found() }

// open opens the store and takes the configuration up.
func (a *App) open(policies []Policy, problems []directory.Problem) error {
	if err := a.data.create(); err != nil {
		return err
	}
	fresh, occupied := !a.data.Exists(), a.data.occupied()
	a.metrics = newMetrics(a.opts.Version)
	s, aside, err := a.data.openMigrating(bolt.Options{
		LockTimeout: a.opts.LockTimeout, Creator: a.opts.Version, Observe: a.metrics.committed, Fatal: a.fail, CommitDelay: a.opts.CommitDelay,
	}, a.opts.Now())
	if err != nil {
		return err
	}
	if fresh {
		a.tellOfNewStore(occupied)
	}
	if aside != "" {
		a.log.Info("the store was brought up to date; a copy of it was put aside", slog.String("copy", aside))
	}
	a.store = s
	a.metrics.watch(s)
	a.metrics.configured(a.found, a.waiting.len)
	a.engine = newEngine(s, a.log, a.opts.Now)
	if a.engine.PlanKey, err = a.data.cursorKey(); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := a.empower(context.Background()); err != nil {
		return errors.Join(err, s.Close())
	}
	a.health = &health{store: s, now: a.opts.Now}
	a.api = &api.Server{
		Store: s, Engine: a.engine, Log: a.log, Now: a.opts.Now, Version: a.opts.Version, Compile: compileAll,
		Waiting: a.waiting.get, Problems: a.found, Applied: a.applied, Retired: a.retired, File: a.fileOf,
	}
	a.health.configured(problems)
	a.files.note(policies, a.opts.Now())
	err = a.data.claim()
	if err == nil {
		err = a.take(context.Background(), policies)
	}
	if err != nil {
		return errors.Join(err, a.store.Close(), a.data.release())
	}
	return nil
}

// tellOfNewStore says that nobody is known yet: whoever mistyped the directory, or lost the store, would look for the people
// in vain.
func (a *App) tellOfNewStore(occupied bool) {
	const message = "there was no store in the data directory, and a new, empty one was made"
	at := slog.String("data", string(a.data))
	if !occupied {
		a.log.Info(message, at)
		return
	}
	a.log.Warn(message, at, slog.String("fix",
		"where people were known before, stop the server, and name the right directory with --data or put a backup in place with usher restore --overwrite"))
}

func newEngine(s *bolt.Store, log *slog.Logger, now func() time.Time) *provision.Engine {
	return &provision.Engine{Store: s, Log: log, Now: now, Compile: compile}
}

// Start listens, begins to serve and to work, and returns.
func (a *App) Start(ctx context.Context) error {
	address := orElse(a.opts.Listen, a.operator.Listen)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return cannotListen(address, err)
	}
	key, err := a.data.cursorKey()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a.listener = listener
	a.scim = &scim.Server{
		Store: a.store, Engine: a.engine, Log: a.log, Now: a.opts.Now, PublicURL: a.URL(), CursorKey: key,
		Connections: a.connections.get, RequestID: httpx.RequestID, Observe: a.metrics.scim,
		ClientAddress: func(r *http.Request) string { return httpx.Client(r.Context()).String() },
	}
	if err := a.letPeopleIn(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	a.work.Go(func() { a.tidy(work) })
	a.work.Go(func() { a.countWaiting(work) })
	a.planning = func() { a.work.Go(func() { a.countWaiting(work) }) }
	a.work.Go(func() {
		if err := a.engine.Work(work); err != nil && work.Err() == nil {
			a.fail(err)
		}
	})
	a.tendSignIn(work)
	a.serveSocket()
	a.public = &httpx.Server{Handler: a.handler(), Log: a.log, Certificate: a.certificate, Failed: a.fail}
	a.public.Start(listener)
	a.log.Info("serving", slog.String("address", listener.Addr().String()), slog.String("url", a.URL()), slog.String("data", string(a.data)))
	return nil
}

// cannotListen says why an address cannot be listened on.
func cannotListen(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &directory.Error{Kind: directory.Invalid, Err: err, Message: fmt.Sprintf(
			"Another program, perhaps usher itself, listens on %s already. Stop it, or choose another address with --listen.", address)}
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		err = operation.Err // the address was named
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return &directory.Error{Kind: directory.Invalid, Err: err, Message: fmt.Sprintf("Cannot listen on %s; choose another address with --listen", address)}
}

// serveSocket serves the command line of the data directory's owner. The server is of use without it.
func (a *App) serveSocket() {
	listener, err := httpx.ListenSocket(a.data.Socket())
	if err != nil {
		a.log.Warn("no socket for the command line", slog.Any("err", err))
		return
	}
	a.local = &httpx.Server{Handler: localHandler(a.api, a.log), Log: a.log}
	a.local.Start(listener)
}

// Addr returns the address that is listened on.
func (a *App) Addr() string { return a.listener.Addr().String() }

// URL returns the scheme and host under which the server is reached: the configuration's, unless another address is
// listened on than the one it was made of.
func (a *App) URL() string {
	scheme := "http://"
	if a.certificate != nil {
		scheme = "https://"
	}
	if a.opts.Listen == "" || !strings.HasSuffix(a.operator.PublicURL, a.operator.Listen) {
		return a.operator.PublicURL
	}
	host, port, err := net.SplitHostPort(a.Addr())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return scheme + net.JoinHostPort("localhost", port)
	}
	return scheme + a.Addr()
}

// Failed delivers an error after which the process must end.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) fail(err error) {
	a.log.Error("the server cannot go on", slog.Any("err", err))
	select {
	case a.failed <- err:
	default: // the first one says it
	}
}

// Stop drains requests until the context ends, then writes what was collected and closes the store.
func (a *App) Stop(ctx context.Context) error {
	a.health.drain()
	var errs []error
	if a.public != nil {
		errs = append(errs, a.public.Shutdown(ctx))
	}
	if a.local != nil {
		errs = append(errs, a.local.Shutdown(ctx))
	}
	if a.cancel != nil {
		a.cancel()
	}
	a.work.Wait()
	errs = append(errs, a.flush(context.WithoutCancel(ctx)), a.store.Close(), a.data.release())
	a.log.Info("stopped") // and so every access line is written
	return errors.Join(errs...)
}

// flush writes when tokens were last used.
func (a *App) flush(ctx context.Context) error {
	err := a.api.FlushTokens(ctx)
	if a.scim != nil {
		err = errors.Join(err, a.scim.FlushTokens(ctx))
	}
	return err
}

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
